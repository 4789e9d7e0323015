//! Signs of life of a job: its output, the processor time of all its processes, and changes below a folder.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::agent::jobs::process::{ProcessId, tree};

/// The share of a core, in percent, that an idle job may use. Programs that wait for an answer wake up all the time: within
/// three seconds, waiting for a model that never answers, claude 2.1.197 used 2 ticks of 10 ms (0.7 %) and codex 0.169.0
/// between 6 and 9 (3 %). The limit is twice the highest of these.
const IDLE_PERCENT: u128 = 6;

/// Ticks allowed on top of the share, however short the time: programs work in bursts and are counted in whole ticks.
const BURST: u128 = 2;

/// The processor time that a job's processes had used at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Ticks of each process, including those of children that the process has waited for.
    ticks: BTreeMap<ProcessId, u64>,
    /// Ticks of children that the runner has waited for. The runner's own time does not count: it copies output, which is a
    /// separate sign.
    waited: u64,
}

impl Usage {
    /// Measures everything below a runner, in any session. The runner adopts orphaned processes, so none is missed. `None` when
    /// the runner is gone.
    pub fn below(runner: ProcessId) -> Option<Self> {
        let mut usage = Self {
            ticks: BTreeMap::new(),
            waited: 0,
        };
        let mut alive = false;
        for (process, own, waited) in tree(runner.pid) {
            if process == runner {
                alive = true;
                usage.waited = waited;
            } else {
                usage.ticks.insert(process, own + waited);
            }
        }
        alive.then_some(usage)
    }

    /// All ticks. The time of an ended process is added to the process that waits for it, so the sum falls only when nobody
    /// waits for a process.
    fn total(&self) -> u64 {
        self.ticks.values().sum::<u64>() + self.waited
    }

    /// True when the job used more since `before`, `elapsed` ago, than programs that merely wait.
    pub fn is_work_since(&self, before: &Self, elapsed: Duration) -> bool {
        let second = rustix::param::clock_ticks_per_second();
        is_work(self.total().saturating_sub(before.total()), second, elapsed)
    }
}

fn is_work(ticks: u64, ticks_per_second: u64, elapsed: Duration) -> bool {
    // In hundredths of a tick.
    let idle = u128::from(ticks_per_second) * elapsed.as_millis() * IDLE_PERCENT / 1000;
    u128::from(ticks) * 100 > idle + BURST * 100
}

/// How long ago a file was changed. `None` when the file does not exist.
pub fn age_of(file: &Path) -> Option<Duration> {
    let changed = fs::symlink_metadata(file).ok()?;
    Some(age(changed_at(&changed)))
}

/// How long ago anything below a folder was changed, created or removed; top-level folders with the names in `without` are
/// skipped. The search stops at the first change that is younger than `within` and returns its age. `None` when the folder
/// cannot be read.
///
/// The time used is that of the last status change, which the kernel keeps and no program can set back.
pub fn newest_change(folder: &Path, without: &[&str], within: Duration) -> Option<Duration> {
    let mut newest = age(changed_at(&fs::symlink_metadata(folder).ok()?));
    let mut open = vec![folder.to_owned()];
    let mut top = true;
    while let Some(next) = open.pop() {
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(_) if top => return None,
            // Removed meanwhile, or not readable for us. The entry itself has been counted already.
            Err(_) => continue,
        };
        for entry in entries.flatten() {
            let left_out = top && without.iter().any(|name| entry.file_name() == *name);
            let Some(found) = entry.metadata().ok().filter(|_| !left_out) else {
                continue;
            };
            newest = newest.min(age(changed_at(&found)));
            if newest < within {
                return Some(newest);
            }
            if found.is_dir() {
                open.push(entry.path());
            }
        }
        top = false;
    }
    Some(newest)
}

fn changed_at(found: &fs::Metadata) -> SystemTime {
    let seconds = Duration::from_secs(u64::try_from(found.ctime()).unwrap_or(0));
    let rest = Duration::from_nanos(u64::try_from(found.ctime_nsec()).unwrap_or(0));
    SystemTime::UNIX_EPOCH + seconds + rest
}

/// A time in the future counts as now: the clock may have been set back.
fn age(at: SystemTime) -> Duration {
    SystemTime::now().duration_since(at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn the_newest_change_anywhere_below_is_found_and_what_is_left_out_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::create_dir_all(path.join("a/b")).unwrap();
        fs::create_dir_all(path.join(".orch")).unwrap();
        fs::write(path.join("a/b/deep"), "1").unwrap();
        // The clock of a file system advances in steps of milliseconds, so a file is rewritten until its time is later.
        let written = |file: &str| changed_at(&fs::metadata(path.join(file)).unwrap());
        let write_after = |file: &str, moment| {
            while fs::write(path.join(file), "2").is_ok() && written(file) <= moment {}
        };
        let is_age_of = |file: &str| {
            let least = age(written(file));
            let found = newest_change(path, &[".orch"], Duration::ZERO).unwrap();
            assert!((least..=age(written(file))).contains(&found), "{found:?} {file}");
        };
        is_age_of("a/b/deep");
        write_after(".orch/status.json", written("a/b/deep"));
        is_age_of("a/b/deep");
        write_after("a/b/deep", written(".orch/status.json"));
        is_age_of("a/b/deep");
        assert_eq!(newest_change(&path.join("none"), &[], LONG), None);
    }

    #[test]
    fn what_idle_agents_use_is_no_work_and_what_a_command_uses_is() {
        let seconds = Duration::from_secs;
        // As measured on a model that hangs: once over the whole time, then in short intervals.
        for (ticks, elapsed) in [
            (2, seconds(3)),
            (9, seconds(3)),
            (3, Duration::from_millis(250)),
            (0, Duration::ZERO),
            (450 * 3, seconds(450)),
        ] {
            assert!(!is_work(ticks, 100, elapsed), "{ticks} in {elapsed:?}");
        }
        for (ticks, elapsed) in [
            (300, seconds(3)),
            (30, seconds(3)),
            (25, Duration::from_millis(250)),
            (450 * 10, seconds(450)),
        ] {
            assert!(is_work(ticks, 100, elapsed), "{ticks} in {elapsed:?}");
        }
    }

    #[test]
    fn a_process_of_another_session_that_computes_is_seen_and_one_that_sleeps_is_not() {
        let own = ProcessId::own().unwrap();
        let mut sleeping = std::process::Command::new("setsid")
            .args(["sleep", "600"])
            .spawn()
            .unwrap();
        let id = |pid| ProcessId::of(pid).unwrap();
        let of = |usage: &Usage, process| usage.ticks.get(&process).copied().unwrap();
        let busy = std::process::Command::new("setsid")
            .args(["sh", "-c", "while :; do :; done"])
            .spawn();
        let mut busy = busy.unwrap();
        let (first_busy, first_sleeping) = (id(busy.id()), id(sleeping.id()));
        let start = Usage::below(own).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            let now = Usage::below(own).unwrap();
            if of(&now, first_busy) > of(&start, first_busy) + 1 {
                assert_eq!(of(&now, first_sleeping), of(&start, first_sleeping));
                break;
            }
            assert!(std::time::Instant::now() < deadline, "nothing was seen of it");
            std::thread::yield_now();
        }
        for child in [&mut busy, &mut sleeping] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(
            Usage::below(ProcessId {
                pid: own.pid,
                started: 0
            }),
            None
        );
    }
}
