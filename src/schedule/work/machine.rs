//! How hard the machine is at work.

/// How hard the machine is at work, as last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Runnable processes for each core, in percent: 100 is a machine that is just busy.
    pub load: u32,
    /// Memory that can be had without swapping, in percent of all.
    pub free_memory: u32,
}

impl Default for Machine {
    /// A machine of which nothing is known holds nothing up and invites nothing.
    fn default() -> Self {
        Self {
            load: 100,
            free_memory: 50,
        }
    }
}

impl Machine {
    /// Free memory, in percent, below which nothing begins beside what is at work.
    const SHORT: u32 = 10;

    /// True when there is memory for no more than what is at work.
    pub fn is_short_of_memory(self) -> bool {
        self.free_memory < Self::SHORT
    }
}
