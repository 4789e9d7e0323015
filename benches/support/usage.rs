//! Processor time and memory, as the kernel counts them under `/proc`.

use std::fs;
use std::time::Duration;

/// The kernel's clock tick in `/proc/PID/stat`, which is the same on every Linux people use.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of all processes that this one has started and waited for, and of theirs.
pub fn children_processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // Fields are counted from behind the command's last bracket: cutime and cstime are 16 and 17 of all.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u32 = fields[13..15]
        .iter()
        .map(|ticks| ticks.parse::<u32>().unwrap())
        .sum();
    TICK * ticks
}

/// User and system time of a process and of the children that it has waited for, and of theirs; none when it is gone.
pub fn tree_processor_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().map(|ticks| ticks.parse::<u32>());
    ticks.sum::<Result<u32, _>>().ok().map(|ticks| TICK * ticks)
}

/// What a process uses at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Resident memory, in KiB.
    pub resident: u64,
    /// The most it ever was, in KiB.
    pub peak: u64,
    /// Threads.
    pub threads: u64,
    /// Processor time of the threads that live, to the nanosecond.
    pub processor: Duration,
}

impl Usage {
    /// Looks at a process; none when it is gone.
    pub fn of(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':')
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        };
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let nanoseconds = tasks
            .flatten()
            .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
            .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
            .sum();
        Some(Self {
            resident: field("VmRSS")?,
            peak: field("VmHWM")?,
            threads: field("Threads")?,
            processor: Duration::from_nanos(nanoseconds),
        })
    }
}
