//! The fold of what is recorded of a plan's merges.

use crate::plan::PhaseId;

use crate::schedule::event::about::{Found, TakenBack};
use crate::schedule::event::at::At;
use crate::schedule::event::merge_facts::{Landed, MergeBegun, NotLanded};
use crate::schedule::state::plan_run::{LandedBefore, Merge, Outcome, PlanRun};

impl PlanRun {
    /// Somebody asked for a merge. What is under way is ended first; one of the same is not asked for twice.
    pub(in crate::schedule) fn merge_wanted(&mut self, up_to: Option<PhaseId>, into: Option<String>) {
        if let Merge::Running(now) = &self.merge {
            if self.merge_up_to != up_to || *now != into {
                self.merge_next = Some((up_to, into));
            }
            return;
        }
        self.merge = Merge::Wanted(into);
        self.merge_up_to = up_to;
        self.prefix_trouble = None;
        if up_to.is_none() {
            self.merge_trouble = None;
        }
    }

    /// Nobody waits for a merge any more that did not begin.
    pub(in crate::schedule) fn merge_not_wanted(&mut self) {
        if matches!(self.merge, Merge::Wanted(_)) {
            self.merge = Merge::Idle;
            self.merge_up_to = None;
        }
        self.merge_next = None;
    }

    pub(in crate::schedule) fn merge_began(&mut self, begun: &MergeBegun) {
        let into = match &self.merge {
            Merge::Wanted(into) | Merge::Running(into) => into.clone(),
            Merge::Idle => None,
        };
        self.merge = Merge::Running(into);
        self.merge_up_to = begun.part.as_ref().map(|part| part.up_to);
        self.merge_prefix.clone_from(&begun.part);
        if begun.part.is_none() {
            self.merge_trouble = None;
        }
        self.prefix_trouble = None;
    }

    pub(in crate::schedule) fn has_landed(&mut self, at: At, landed: &Landed) {
        self.merge_over();
        self.prefix_trouble = None;
        match &landed.part {
            Some(part) => {
                self.prefix_landed(&landed.target, part, &landed.commit);
                self.conflict_of_part_is_over(part, landed.before.as_ref());
            }
            None => {
                self.merge_trouble = None;
                self.conflict_is_over(landed.before.as_ref());
                self.landed.insert(landed.target.clone(), landed.commit.clone());
                if let Some(made) = &self.made {
                    self.landed_heads.insert(landed.target.clone(), made.clone());
                }
                self.landed_print = landed.print;
                self.since = at;
            }
        }
    }

    pub(in crate::schedule) fn has_not_landed(&mut self, at: At, failed: &NotLanded) {
        self.merge_over();
        if let Some(up_to) = failed.up_to {
            self.prefix_trouble = Some((up_to, failed.why.clone()));
            return;
        }
        if failed.why.holds() {
            self.since = at;
        }
        self.merge_trouble = Some(failed.why.clone());
    }

    /// A person has landed it.
    pub(in crate::schedule) fn was_found(&mut self, at: At, found: &Found) {
        self.merge_trouble = None;
        self.landed.insert(found.target.clone(), found.commit.clone());
        self.landed_by_hand
            .insert(found.target.clone(), found.evidence.clone());
        self.since = at;
    }

    /// A person took it off a target again.
    pub(in crate::schedule) fn was_taken_back(&mut self, at: At, back: &TakenBack) {
        let landed = self.landed.remove(&back.target);
        self.landed_by_hand.remove(&back.target);
        self.landed_heads.remove(&back.target);
        match &landed {
            Some(commit) => {
                let (commit, head) = (commit.clone(), self.made.clone());
                let before = LandedBefore { commit, head };
                self.before_back.insert(back.target.clone(), before);
            }
            None => drop(self.before_back.remove(&back.target)),
        }
        let part = self.landed_prefix.remove(&back.target);
        if landed.is_some() || part.is_some() {
            let phases = part.filter(|_| landed.is_none()).map(|part| part.prefix.phases);
            let phases = phases.unwrap_or_else(|| self.phases_done.keys().copied().collect());
            self.taken_back
                .entry(back.target.clone())
                .or_default()
                .extend(phases);
        }
        self.reverted.insert(back.target.clone(), back.commit.clone());
        self.outcome = Some(Outcome::Cancelled);
        self.since = at;
    }

    /// Somebody has undone what took it back: its phases are there again, and the plan has landed as it had before, unless it has
    /// gone on since.
    pub(in crate::schedule) fn was_restored(&mut self, at: At, back: &TakenBack) {
        self.taken_back.remove(&back.target);
        let Some(before) = self.before_back.remove(&back.target) else {
            return;
        };
        let over = matches!(self.outcome, Some(Outcome::Cancelled | Outcome::Finished));
        if !over || self.made != before.head || self.landed.contains_key(&back.target) {
            return;
        }
        self.outcome = Some(Outcome::Finished);
        self.merge_trouble = None;
        self.landed.insert(back.target.clone(), before.commit);
        if let Some(head) = before.head {
            self.landed_heads.insert(back.target.clone(), head);
        }
        self.since = at;
    }

    fn merge_over(&mut self) {
        self.merge = Merge::Idle;
        self.merge_up_to = None;
        self.merge_prefix = None;
        if let Some((up_to, into)) = self.merge_next.take() {
            self.merge_wanted(up_to, into);
        }
    }
}
