//! The machine's load, according to the kernel.

use std::fs;

use crate::schedule::Machine;

/// The machine's load; `None` where the kernel does not report it.
pub fn machine_load() -> Option<Machine> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Some(Machine {
        load: load(&fs::read_to_string("/proc/loadavg").ok()?, cores)?,
        free_memory: free_memory(&fs::read_to_string("/proc/meminfo").ok()?)?,
    })
}

/// The number of runnable processes per core, averaged over the last minute, in percent.
fn load(text: &str, cores: usize) -> Option<u32> {
    let average: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some((average * 100.0 / cores.max(1) as f64) as u32)
}

/// Available memory without swapping, in percent.
fn free_memory(text: &str) -> Option<u32> {
    let value = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    let (total, available) = (value("MemTotal:")?, value("MemAvailable:")?);
    u32::try_from(available * 100 / total.max(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        assert_eq!(load("3.00 1.0 0.5 2/345 678\n", 2), Some(150));
        let memory = "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    250 kB\n";
        assert_eq!(free_memory(memory), Some(25));
        assert_eq!(load("", 2), None);
    }
}
