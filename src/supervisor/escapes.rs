//! Noticing agents that work outside of their worktree: the main checkout is watched.

use std::time::{Duration, Instant};

use crate::git::{HeadPrint, fingerprint};
use crate::plan::PlanName;

use super::Campaign;

/// A look costs a `git status`, which takes long in a large repository; two looks are at least this far apart.
const PAUSE: Duration = Duration::from_secs(2);

/// What the main checkout looked like when it was looked at last.
#[derive(Debug)]
pub struct Escapes {
    last: Option<HeadPrint>,
    looked: Instant,
    /// How often `orch` itself has changed, or may have changed, the checkout.
    own_changes: u64,
}

/// A look under way: what it sees counts only while `orch` itself changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look(u64);

impl Escapes {
    /// Looks for the first time.
    pub fn new(campaign: &Campaign) -> Self {
        Self {
            last: look(campaign),
            looked: Instant::now(),
            own_changes: 0,
        }
    }

    /// `orch` begins or ends moving the target: what the checkout looks like from here on is a new beginning.
    pub fn forget(&mut self) {
        self.own_changes += 1;
        self.last = None;
    }

    /// Begins a look, unless the last one was a moment ago.
    pub fn begin(&mut self) -> Option<Look> {
        if self.looked.elapsed() < PAUSE && self.last.is_some() {
            return None;
        }
        self.looked = Instant::now();
        Some(Look(self.own_changes))
    }

    /// Begins the last look of a run, however short the pause; none when there is nothing to compare with.
    pub fn begin_at_once(&mut self) -> Option<Look> {
        self.last.as_ref().map(|_| Look(self.own_changes))
    }

    /// Ends a look: says what changed since the one before, and which agents were at work.
    pub fn end(
        &mut self,
        campaign: &Campaign,
        began: Look,
        now: Option<HeadPrint>,
        at_work: &[PlanName],
    ) -> Option<String> {
        if began != Look(self.own_changes) {
            return None;
        }
        let before = std::mem::replace(&mut self.last, now.clone())?;
        let what = difference(&before, &now?)?;
        let names: Vec<&str> = at_work.iter().map(PlanName::as_str).collect();
        let likely = if names.is_empty() {
            String::new()
        } else {
            format!("; at work: {}", names.join(", "))
        };
        Some(format!(
            "the main checkout {} changed while agents ran: {what}. If that was not you, an agent works outside of its \
             worktree{likely}",
            campaign.repo.top().display()
        ))
    }
}

fn difference(before: &HeadPrint, now: &HeadPrint) -> Option<String> {
    if before.branch != now.branch {
        let branch = now.branch.as_deref().unwrap_or("no branch");
        Some(format!("{branch} is checked out in it"))
    } else if before.head != now.head {
        Some(format!("its branch moved to {}", now.head.short()))
    } else if before.dirty_hash != now.dirty_hash {
        Some("its uncommitted files changed".to_owned())
    } else {
        None
    }
}

/// What the main checkout looks like; none where there is none.
pub fn look(campaign: &Campaign) -> Option<HeadPrint> {
    if campaign.repo.is_bare() {
        return None;
    }
    fingerprint(campaign.repo.top()).ok()
}
