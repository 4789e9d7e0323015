//! Failpoints: places where a test lets a process die, to prove that nothing is lost.
//!
//! With the feature `faults`, and `FAULT_POINTS=FILE:K` in the environment, every process that passes a point appends a
//! line to FILE, and the one that writes line K is killed (`SIGKILL`) on the spot, or its child is where the point names
//! one. Without the feature, as in every release, a point is nothing at all.

#[cfg(feature = "faults")]
mod armed {
    use std::ffi::OsString;
    use std::fs::{File, OpenOptions};
    use std::io::{Seek, Write};
    use std::os::unix::ffi::OsStringExt;
    use std::path::PathBuf;
    use std::sync::OnceLock;

    use rustix::process::{Pid, Signal, kill_process};

    /// Bytes of a line: an append tells by its position how many were written before.
    pub const LINE: usize = 64;

    struct Orders {
        file: File,
        fatal: u64,
    }

    fn orders() -> Option<&'static Orders> {
        static ORDERS: OnceLock<Option<Orders>> = OnceLock::new();
        ORDERS
            .get_or_init(|| {
                let given = std::env::var_os("FAULT_POINTS")?.into_vec();
                let colon = given.iter().rposition(|byte| *byte == b':')?;
                let fatal = std::str::from_utf8(&given[colon + 1..]).ok()?.parse().ok()?;
                let path = PathBuf::from(OsString::from_vec(given[..colon].to_vec()));
                let file = OpenOptions::new().create(true).append(true).open(path).ok()?;
                Some(Orders { file, fatal })
            })
            .as_ref()
    }

    /// Counts a point, and ends the process (this one, where none is named) if it is the fatal one.
    pub fn pass(name: &str, step: &str, process: Option<u32>) {
        let Some(orders) = orders() else { return };
        let who = std::process::id();
        let mut line = format!("{name}.{step} {who}").into_bytes();
        line.resize(LINE - 1, b' ');
        line.push(b'\n');
        // An append leaves the position behind what was appended. Threads share one, and so do the host and the runners that
        // were forked from it, so the number of a line may be that of another's: as good a place to die.
        let mut file = &orders.file;
        if file.write_all(&line).is_err() {
            return;
        }
        let number = file.stream_position().unwrap_or(0) / LINE as u64;
        if number == orders.fatal {
            let victim = process.unwrap_or(who);
            if let Some(pid) = i32::try_from(victim).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
            if process.is_none() {
                // The signal is on its way; nothing more may happen here.
                loop {
                    std::thread::park();
                }
            }
        }
    }
}

/// A place between two steps.
#[cfg(feature = "faults")]
pub fn point(name: &str) {
    armed::pass(name, "at", None);
}

/// A step with a place before and one behind it.
#[cfg(feature = "faults")]
pub fn around<T>(name: &str, step: impl FnOnce() -> T) -> T {
    armed::pass(name, "before", None);
    let done = step();
    armed::pass(name, "after", None);
    done
}

/// A place at which a child is at work, and dies.
#[cfg(feature = "faults")]
pub fn child(name: &str, pid: u32) {
    armed::pass(name, "child", Some(pid));
}

/// A place between two steps.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn point(_: &str) {}

/// A step with a place before and one behind it.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn around<T>(_: &str, step: impl FnOnce() -> T) -> T {
    step()
}

/// A place at which a child is at work, and dies.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn child(_: &str, _: u32) {}
