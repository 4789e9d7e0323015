//! Failpoints: points at which a test kills a process, to prove that nothing is lost there.
//!
//! With the feature `faults`, and `FAULT_POINTS=FILE:K` in the environment, every process that passes a point appends a line
//! to FILE. The process that writes line K is killed (`SIGKILL`) immediately, or its child where the point names one.
//! Without the feature, as in every release, a point does nothing.

#[cfg(feature = "faults")]
mod armed {
    use std::ffi::OsString;
    use std::fs::{File, OpenOptions};
    use std::io::{Seek, Write};
    use std::os::unix::ffi::OsStringExt;
    use std::path::PathBuf;
    use std::sync::OnceLock;

    use rustix::process::{Pid, Signal, kill_process};

    /// The length of a line in bytes: the file position after an append tells how many lines were written before.
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

    /// Counts a point, and kills the process (this one, when none is named) if the point is the fatal one.
    pub fn pass(name: &str, step: &str, process: Option<u32>) {
        let Some(orders) = orders() else { return };
        let who = std::process::id();
        let mut line = format!("{name}.{step} {who}").into_bytes();
        line.resize(LINE - 1, b' ');
        line.push(b'\n');
        // An append moves the file position behind the new line. Threads share one position, as do the host and the runners
        // forked from it, so this may be the number of another's line. That is just as good a point to die.
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

/// A point between two steps.
#[cfg(feature = "faults")]
pub fn point(name: &str) {
    armed::pass(name, "at", None);
}

/// A step with a point before and a point after it.
#[cfg(feature = "faults")]
pub fn around<T>(name: &str, step: impl FnOnce() -> T) -> T {
    armed::pass(name, "before", None);
    let done = step();
    armed::pass(name, "after", None);
    done
}

/// A point at which a running child is killed.
#[cfg(feature = "faults")]
pub fn child(name: &str, pid: u32) {
    armed::pass(name, "child", Some(pid));
}

/// A point between two steps.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn point(_: &str) {}

/// A step with a point before and a point after it.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn around<T>(_: &str, step: impl FnOnce() -> T) -> T {
    step()
}

/// A point at which a running child is killed.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn child(_: &str, _: u32) {}
