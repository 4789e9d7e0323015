//! Noticing agents that work outside of their worktree: the main checkout is watched.

use std::time::{Duration, Instant};

use crate::git::{HeadPrint, fingerprint};
use crate::plan::PlanName;

use super::Campaign;

/// A look costs a `git status`; two looks are at least this far apart.
const PAUSE: Duration = Duration::from_secs(2);

/// What the main checkout looked like when it was looked at last.
#[derive(Debug)]
pub struct Escapes {
    last: Option<HeadPrint>,
    looked: Instant,
}

impl Escapes {
    /// Looks for the first time.
    pub fn new(campaign: &Campaign) -> Self {
        Self {
            last: look(campaign),
            looked: Instant::now(),
        }
    }

    /// Takes what is there now as rightful, after `orch` itself has moved the target.
    pub fn accept(&mut self, campaign: &Campaign) {
        self.last = look(campaign);
        self.looked = Instant::now();
    }

    /// Looks again, unless that was done a moment ago; says what changed and which agents were at work.
    pub fn look(&mut self, campaign: &Campaign, at_work: &[PlanName], in_a_hurry: bool) -> Option<String> {
        if in_a_hurry && self.looked.elapsed() < PAUSE {
            return None;
        }
        let before = self.last.take()?;
        let now = look(campaign)?;
        self.looked = Instant::now();
        let what = if before.branch != now.branch {
            let branch = now.branch.as_deref().unwrap_or("no branch");
            Some(format!("{branch} is checked out in it"))
        } else if before.head != now.head {
            Some(format!("its branch moved to {}", now.head.short()))
        } else if before.dirty_hash != now.dirty_hash {
            Some("its uncommitted files changed".to_owned())
        } else {
            None
        };
        self.last = Some(now);
        let names: Vec<&str> = at_work.iter().map(PlanName::as_str).collect();
        let likely = if names.is_empty() {
            String::new()
        } else {
            format!("; at work: {}", names.join(", "))
        };
        what.map(|what| {
            format!(
                "the main checkout {} changed while agents ran: {what}. If that was not you, an agent works outside \
                 of its worktree{likely}",
                campaign.repo.top().display()
            )
        })
    }
}

fn look(campaign: &Campaign) -> Option<HeadPrint> {
    if campaign.repo.is_bare() {
        return None;
    }
    fingerprint(campaign.repo.top()).ok()
}
