//! Ending git commands that hang, once a person wants everything stopped: a hook of the repository, a merge driver or a
//! signing program may wait for ever, and git with it.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;

use crate::agent::{ProcessId, children, descendants};

/// The pause between two checks.
const EVERY: Duration = Duration::from_secs(1);

/// After how many checks a command that still runs is ended. Git's own work takes less time in nearly all repositories, and
/// the next run repeats interrupted work.
const LOOKS: u32 = 5;

/// Whether slow git commands are ended.
#[derive(Debug, Default)]
pub struct SlowGit {
    ends: bool,
}

impl SlowGit {
    /// From here on slow git commands are ended, with all processes that they have started.
    pub fn end(&mut self) {
        if std::mem::replace(&mut self.ends, true) {
            return;
        }
        tokio::spawn(async {
            let mut seen = BTreeMap::new();
            loop {
                tokio::time::sleep(EVERY).await;
                seen = look(&seen);
            }
        });
    }
}

/// Ends the commands that were seen often enough, and counts the others.
fn look(seen: &BTreeMap<ProcessId, u32>) -> BTreeMap<ProcessId, u32> {
    let mut now = BTreeMap::new();
    for git in children(std::process::id(), "git") {
        let looks = seen.get(&git).map_or(1, |looks| looks + 1);
        if looks < LOOKS {
            now.insert(git, looks);
            continue;
        }
        let below = descendants(git.pid);
        for process in below.into_iter().chain([git]) {
            process.signal(Signal::KILL);
        }
    }
    now
}
