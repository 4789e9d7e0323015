//! Ending processes for good: TERM, grace, KILL, then a check that none is left.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitOptions, wait};

use crate::agent::jobs::control_group::ControlGroup;
use crate::agent::jobs::job_processes::of_job;
use crate::agent::jobs::process::{ProcessId, descendants};

/// How often to check whether processes are still alive.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Rounds of freezing before killing; a process that forks in a loop is frozen in a few.
const FREEZE_ROUNDS: u32 = 50;

/// Asks every descendant of this process to end. Suspended ones are woken so that they can.
pub fn terminate_descendants() {
    for process in descendants(std::process::id()) {
        process.signal(Signal::TERM);
        process.signal(Signal::CONT);
    }
}

/// Kills every descendant of this process, which must be their sub-reaper, and returns when none is alive. Processes are
/// frozen first, so that none can fork between being listed and being killed. Nothing is reaped: the caller collects the
/// status of the command's leader.
pub fn kill_descendants() {
    kill_all(&|| descendants(std::process::id()));
}

/// Ends every process of the job in this folder, anywhere in the process tree, and returns how many there were. For the
/// processes of a dead runner.
pub fn end_job(folder: &Path, grace: Duration) -> usize {
    let ended = end_marked(folder, grace);
    if let Some(group) = ControlGroup::of(folder) {
        group.end();
    }
    ended
}

/// Ends these processes and everything below them: TERM, grace, KILL. Processes that lose their parent meanwhile are still
/// tracked.
pub fn end_trees(roots: &[ProcessId], grace: Duration) {
    let known = RefCell::new(BTreeSet::from_iter(roots.iter().copied()));
    let find = || {
        let mut known = known.borrow_mut();
        let living: Vec<ProcessId> = known
            .iter()
            .copied()
            .filter(|process| process.is_alive())
            .collect();
        known.extend(living.iter().flat_map(|process| descendants(process.pid)));
        let living = known.iter().copied().filter(|process| process.is_alive());
        living.collect::<Vec<_>>()
    };
    for process in find() {
        process.signal(Signal::TERM);
        process.signal(Signal::CONT);
    }
    let deadline = Instant::now() + grace;
    while Instant::now() < deadline && !find().is_empty() {
        std::thread::sleep(LOOK_AGAIN);
    }
    kill_all(&find);
}

fn end_marked(folder: &Path, grace: Duration) -> usize {
    let found = of_job(folder);
    if found.is_empty() {
        return 0;
    }
    for process in &found {
        process.signal(Signal::TERM);
        process.signal(Signal::CONT);
    }
    let deadline = Instant::now() + grace;
    while Instant::now() < deadline && !of_job(folder).is_empty() {
        std::thread::sleep(LOOK_AGAIN);
    }
    kill_all(&|| of_job(folder));
    found.len()
}

fn kill_all(find: &dyn Fn() -> Vec<ProcessId>) {
    loop {
        let mut known: Vec<ProcessId> = Vec::new();
        for _ in 0..FREEZE_ROUNDS {
            let found = find();
            let fresh: Vec<_> = found
                .iter()
                .filter(|process| !known.contains(process))
                .copied()
                .collect();
            if fresh.is_empty() {
                break;
            }
            for process in &fresh {
                process.signal(Signal::STOP);
            }
            known.extend(fresh);
        }
        for process in &known {
            process.signal(Signal::KILL);
        }
        if find().is_empty() {
            return;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Collects ended children. True while any child is left, ended or not.
pub fn reap() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}
