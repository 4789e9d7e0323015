//! Looking, beside the loop, whether agents stay where they belong.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::git::{self, changed_hooks};
use crate::journal::Record;
use crate::plan::{LaneId, PlanName};
use crate::schedule::{Ending, Event, Input, Merge, Outcome, PlanRun, Verify};

use super::engine::Engine;
use super::escapes::{self, Look, Place, Seen};
use super::evidence;
use super::message::Message;

impl Engine<'_> {
    /// Looks now and then from here on, while the loop runs.
    pub(super) fn look_now_and_then(&self) {
        self.note_landings(evidence::landings(self.scheduler.state()));
        let sender = self.sender.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(escapes::EVERY).await;
                if sender.send(Message::LookAround).is_err() {
                    return;
                }
            }
        });
    }

    /// Looks, on a thread of its own, whether somebody works where only others should.
    pub(super) fn look_for_escapes(&mut self) {
        let Some(began) = self
            .escapes
            .begin(self.scheduler.state().open_attempts().next().is_some())
        else {
            return;
        };
        let places = self.places();
        let campaign = self.campaign.clone();
        self.in_background(move || Message::Looked {
            began,
            seen: escapes::see(&campaign, &places),
        });
    }

    /// Notes what the worktrees of plans look like in which nobody works any more, while others still do.
    pub(super) fn note_quiet(&self, records: &[Record]) {
        let ended: BTreeSet<&PlanName> = records
            .iter()
            .filter(|record| may_end_work(&record.event))
            .filter_map(|record| record.event.plan())
            .collect();
        if ended.is_empty() || self.scheduler.state().open_attempts().next().is_none() {
            return;
        }
        let quiet = self.quiet(|plan| ended.contains(plan));
        let mut places = escapes::places(&self.campaign, quiet);
        places.retain(|(place, _)| *place != Place::Main);
        let (campaign, began) = (self.campaign.clone(), self.escapes.begin_with(&places));
        self.in_background(move || Message::Looked {
            began,
            seen: escapes::see(&campaign, &places),
        });
    }

    /// Takes in what a look saw.
    pub(super) fn looked(&mut self, began: &Look, seen: Seen, inputs: &mut Vec<Input>) {
        for why in self.escapes.end(&self.campaign, began, seen) {
            self.warn(inputs, None, why);
        }
    }

    /// Tells, once, of hooks that the repository's configuration has named since the run began.
    pub(super) fn look_at_hooks(&mut self, inputs: &mut Vec<Input>) {
        let changed = changed_hooks();
        if let (Some((before, now)), true) = (&changed, self.escapes.hooks_told != changed) {
            let why = format!(
                "`core.hooksPath` of the repository is {now} now, and was {before} when the run began: orch goes on with that. If you \
                 did not change it, an agent did (`git config core.hooksPath`)"
            );
            self.warn(inputs, None, why);
        }
        self.escapes.hooks_told = changed;
    }

    /// The last look of a run.
    pub(super) fn look_at_last(&mut self) -> Vec<Event> {
        let Some(began) = self.escapes.begin_at_once() else {
            return Vec::new();
        };
        let places = self.places();
        let seen = escapes::see_at_once(&self.campaign, &places);
        let told = self.escapes.end(&self.campaign, &began, seen).into_iter();
        told.map(|why| Event::Warning { plan: None, why }).collect()
    }

    /// What killed gits have left in worktrees, once nobody is at work. After an interruption one may still be at it, and is not
    /// waited for.
    pub(super) fn tidy_worktrees(&self) -> Vec<Event> {
        let cleared = git::lock::clear_dead_locks(&self.admin).map_err(|error| error.to_string());
        let finished = match self.ending {
            Some(Ending::Interrupted) => Ok(()),
            _ => git::worktree::finish_half_made(&self.admin).map_err(|error| error.to_string()),
        };
        let trouble = [cleared, finished].into_iter().filter_map(Result::err);
        trouble.map(|why| Event::Warning { plan: None, why }).collect()
    }

    /// Where nobody should be at work now. While the target moves, its checkout is half of one commit and half of another.
    fn places(&self) -> Vec<(Place, PathBuf)> {
        let mut places = escapes::places(&self.campaign, self.quiet(|_| true));
        let mut plans = self.scheduler.state().plans();
        if plans.any(|(_, run)| matches!(run.merge, Merge::Running(_))) {
            places.retain(|(place, _)| *place != Place::Main);
        }
        places
    }

    /// Worktrees of these plans in which nobody has anything to do now: neither an agent nor `orch`, nor a person.
    fn quiet(&self, wanted: impl Fn(&PlanName) -> bool) -> Vec<(LaneId, PathBuf)> {
        let is_quiet = |run: &PlanRun| {
            run.attempts.is_empty()
                && run.verify != Verify::Running
                && !matches!(run.merge, Merge::Running(_))
                && !matches!(run.outcome, Some(Outcome::Held(_)))
                && run.paused.is_empty()
        };
        let plans = self.scheduler.state().plans();
        let plans = plans.filter(|(plan, run)| wanted(plan) && is_quiet(run));
        let trees = plans.flat_map(|(plan, run)| {
            let trees = run.worktrees.iter();
            trees.map(move |(lane, made)| (LaneId::new(plan, *lane), PathBuf::from(&made.path)))
        });
        trees.collect()
    }
}

/// True for what can be the last that is recorded of a plan for a while.
fn may_end_work(event: &Event) -> bool {
    matches!(
        event,
        Event::PlanFinished(_)
            | Event::PlanCancelled(_)
            | Event::PlanFailed { .. }
            | Event::PlanHeld { .. }
            | Event::Pinned { .. }
            | Event::MergeLanded { .. }
            | Event::MergeFailed { .. }
    )
}
