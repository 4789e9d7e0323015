//! The load of the machine.

/// The load and the free memory of the machine, as last measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Runnable processes for each core, in percent: 100 is a machine that is just busy.
    pub load: u32,
    /// Memory that is available without swapping, in percent of the total.
    pub free_memory: u32,
}

impl Default for Machine {
    /// A machine of which nothing is known. It neither holds work up nor invites more work.
    fn default() -> Self {
        Self {
            load: 100,
            free_memory: 50,
        }
    }
}

impl Machine {
    /// Free memory, in percent, below which nothing begins beside running work.
    const SHORT: u32 = 10;

    /// True when there is no memory for more than the running work.
    pub fn is_short_of_memory(self) -> bool {
        self.free_memory < Self::SHORT
    }
}
