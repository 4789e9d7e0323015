//! Ending git commands that do not end, once a person wants everything stopped: a hook of the repository, a merge driver or a
//! program that signs may wait for ever, and git with it.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;

use crate::agent::{ProcessId, children, descendants};

/// How often is looked.
const EVERY: Duration = Duration::from_secs(1);

/// Looks after which a command that is still the same is ended. Whatever git does on its own takes less in nearly all
/// repositories, and what is interrupted is done again by the next run.
const LOOKS: u32 = 5;

/// Whether git commands that take long are ended.
#[derive(Debug, Default)]
pub struct SlowGit {
    ends: bool,
}

impl SlowGit {
    /// From here on git commands that take long are ended, with everything that they have started.
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
