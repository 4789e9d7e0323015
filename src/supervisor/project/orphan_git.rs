//! Git commands of a killed orch: they wait for a hook, a merge driver or a signing program, perhaps for ever, and hold locks
//! that the next orch needs.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::agent::{ProcessId, carriers, end_trees};
use crate::git::{GIT_MARK, GitMark};

/// For how long one is let be: most are just ending, and what they do need not be done again then.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a git command that is asked to end may take to remove its lock files.
const GRACE: Duration = Duration::from_secs(1);

/// How often is looked.
const EVERY: Duration = Duration::from_millis(20);

/// The git commands at work in a repository whose orch is gone. Only those that carry its mark, and not what has made a
/// session of its own, as daemons do.
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

/// Waits for the git commands whose orch is gone, and ends those that do not end, with all that they have started. The
/// caller holds the repository.
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
