//! Git commands of a killed orch. They wait for a hook, a merge driver or a signing program, perhaps for ever, and hold locks
//! that the next orch needs.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::agent::{ProcessId, carriers, end_trees};
use crate::git::{GIT_MARK, GitMark};

/// How long such a command is left alone: most are about to end, and their work need not be repeated then.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a git command may take to remove its lock files after it was asked to end.
const GRACE: Duration = Duration::from_secs(1);

/// The pause between two checks.
const EVERY: Duration = Duration::from_millis(20);

/// The running git commands in a repository whose orch is gone. Only commands that carry orch's mark count, and not those
/// with a session of their own, such as daemons.
pub fn orphan_gits(common_dir: &Path) -> Vec<ProcessId> {
    let common = common_dir.canonicalize();
    let common = common.as_deref().unwrap_or(common_dir);
    let is_left = |session: u32, mark: &GitMark| {
        let owner = ProcessId {
            pid: mark.pid,
            started: mark.started,
        };
        session == mark.session
            && mark.repository.starts_with(common)
            && mark.is_of_here()
            && !owner.is_alive()
    };
    let found = carriers(GIT_MARK, "git").into_iter();
    let left =
        found.filter(|found| GitMark::parse(&found.value).is_some_and(|mark| is_left(found.session, &mark)));
    left.map(|found| found.process).collect()
}

/// Waits for the git commands whose orch is gone, and ends those that do not end by themselves, with all processes that they
/// have started. The caller holds the repository lock.
pub fn end_orphan_gits(common_dir: &Path) {
    let until = Instant::now() + PATIENCE;
    let mut left = orphan_gits(common_dir);
    while !left.is_empty() && Instant::now() < until {
        std::thread::sleep(EVERY);
        left = orphan_gits(common_dir);
    }
    if !left.is_empty() {
        end_trees(&left, GRACE);
    }
}
