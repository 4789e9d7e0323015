//! Processes as the kernel shows them under `/proc`, identified so that a reused process id is never mistaken for the old
//! process.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use crate::failpoint;

/// A process: its id and when it started, in clock ticks since boot (field 22 of `/proc/PID/stat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The process id.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub started: u64,
}

/// The fields read from `/proc/PID/stat`.
struct Stat {
    parent: u32,
    session: u32,
    state: char,
    started: u64,
    /// Ticks of the process itself.
    used: u64,
    /// Ticks of its children that have ended and were waited for.
    waited: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let text = String::from_utf8_lossy(&text);
        // The command may contain spaces and brackets: fields are counted from behind the last bracket.
        let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let mut number = |skipped: usize| -> Option<u64> { fields.nth(skipped)?.parse().ok() };
        // Fields 6, 14 to 17 and 22.
        let session = u32::try_from(number(1)?).ok()?;
        let used = number(7)? + number(0)?;
        let waited = number(0)? + number(0)?;
        Some(Self {
            parent,
            session,
            state,
            started: number(4)?,
            used,
            waited,
        })
    }

    fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

impl ProcessId {
    /// The process that has this id now. `None` when there is none, or only a zombie.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = Stat::read(pid)?;
        stat.is_alive().then_some(Self {
            pid,
            started: stat.started,
        })
    }

    /// This process.
    pub fn own() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// True while the process runs.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends a signal if the id still belongs to this process. True when the signal was sent.
    pub fn signal(self, signal: Signal) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        match pid {
            Some(pid) if self.is_alive() => {
                failpoint::around("signal", || rustix::process::kill_process(pid, signal).is_ok())
            }
            _ => false,
        }
    }

    /// Resumes the process if it is suspended. True when it was.
    pub fn wake(self) -> bool {
        is_suspended(self.pid) && self.signal(Signal::CONT)
    }
}

/// True for a suspended process (`SIGSTOP`, Ctrl-Z, a debugger).
pub fn is_suspended(pid: u32) -> bool {
    Stat::read(pid).is_some_and(|stat| matches!(stat.state, 'T' | 't'))
}

pub(super) fn all_pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Every living descendant of a process. When the process is a sub-reaper none is missed: orphaned descendants become its
/// children.
pub fn descendants(of: u32) -> Vec<ProcessId> {
    let found = below(of).into_iter();
    let living = found.filter(|(process, stat)| process.pid != of && stat.is_alive());
    living.map(|(process, _)| process).collect()
}

/// The living children of a process that run a program with this name.
pub fn children(of: u32, program: &str) -> Vec<ProcessId> {
    let named = |pid: u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let found = below(of).into_iter();
    let found = found.filter(|(_, stat)| stat.parent == of && stat.is_alive());
    let found = found.filter(|(process, _)| named(process.pid).trim_end() == program);
    found.map(|(process, _)| process).collect()
}

/// A process with a given variable in its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// The process.
    pub process: ProcessId,
    /// The session of the process.
    pub session: u32,
    /// The value of the variable.
    pub value: OsString,
}

/// The living processes that run a program with this name and were started with this variable.
pub fn carriers(variable: &str, program: &str) -> Vec<Carrier> {
    let prefix = format!("{variable}=").into_bytes();
    let named = |pid: &u32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm"));
        name.is_ok_and(|name| name.trim_end() == program)
    };
    let carrier = |pid: u32| {
        let stat = Stat::read(pid).filter(Stat::is_alive)?;
        let environ = environ(pid);
        let value = environ
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(prefix.as_slice()))?;
        Some(Carrier {
            process: ProcessId {
                pid,
                started: stat.started,
            },
            session: stat.session,
            value: OsStr::from_bytes(value).to_owned(),
        })
    };
    all_pids().filter(named).filter_map(carrier).collect()
}

/// A process and its descendants, including zombies, each with its own processor time and that of the children it has waited
/// for, in clock ticks.
pub fn tree(of: u32) -> Vec<(ProcessId, u64, u64)> {
    let found = below(of).into_iter();
    found
        .map(|(process, stat)| (process, stat.used, stat.waited))
        .collect()
}

fn below(of: u32) -> Vec<(ProcessId, Stat)> {
    let mut children: BTreeMap<u32, Vec<(ProcessId, Stat)>> = BTreeMap::new();
    let mut found = Vec::new();
    for pid in all_pids() {
        if let Some(stat) = Stat::read(pid) {
            let process = ProcessId {
                pid,
                started: stat.started,
            };
            if pid == of {
                found.push((process, stat));
            } else {
                children.entry(stat.parent).or_default().push((process, stat));
            }
        }
    }
    let mut seen = BTreeSet::from([of]);
    let mut open = vec![of];
    while let Some(parent) = open.pop() {
        for (child, stat) in children.remove(&parent).into_iter().flatten() {
            if seen.insert(child.pid) {
                open.push(child.pid);
                found.push((child, stat));
            }
        }
    }
    found
}

/// The environment with which a process was started; empty when the environment cannot be seen. During an `exec` the file is
/// empty for an instant, so the file is read again then.
pub(super) fn environ(pid: u32) -> Vec<u8> {
    const TRIES: u32 = 20;
    for _ in 0..TRIES {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        // Settled: an empty environment is real when the process has arguments, or has no program, like a kernel thread.
        let settled = !environ.is_empty()
            || fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
            || fs::read_link(format!("/proc/{pid}/exe")).is_err();
        if settled {
            return environ;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Vec::new()
}
