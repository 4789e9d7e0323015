//! Looking, beside the loop, whether somebody wrote into the main checkout.

use crate::git::{self, HeadPrint, changed_hooks};
use crate::schedule::{Ending, Event, Input, Merge};

use super::stray_writes;
use super::stray_writes::Look;
use crate::supervisor::desk::message::Message;
use crate::supervisor::drive::engine::Engine;

impl Engine<'_> {
    /// Looks at the main checkout, on a thread of its own. Not while the target moves: its checkout is half of one commit and
    /// half of another then.
    pub(in crate::supervisor) fn look_for_stray_writes(&mut self) {
        if self.is_target_moving() {
            return;
        }
        let Some(began) = self.stray_writes.begin() else {
            return;
        };
        let campaign = self.campaign.clone();
        self.in_background(move || Message::Looked(began, stray_writes::see(&campaign)));
    }

    /// Takes in what a look saw.
    pub(in crate::supervisor) fn looked(
        &mut self,
        began: Look,
        seen: Option<HeadPrint>,
        inputs: &mut Vec<Input>,
    ) {
        let told = seen.and_then(|seen| self.stray_writes.end(&self.campaign, began, seen));
        if let Some(why) = told {
            self.warn(inputs, None, why);
        }
    }

    /// Tells, once, of hooks that the repository's configuration has named since the run began.
    pub(in crate::supervisor) fn look_at_hooks(&mut self, inputs: &mut Vec<Input>) {
        let changed = changed_hooks();
        if let (Some((before, now)), true) = (&changed, self.stray_writes.hooks_told != changed) {
            let why = format!(
                "`core.hooksPath` of the repository is {now} now, and was {before} when the run began: orch goes on with that. If you \
                 did not change it, an agent did (`git config core.hooksPath`)"
            );
            self.warn(inputs, None, why);
        }
        self.stray_writes.hooks_told = changed;
    }

    /// The last look of a run.
    pub(in crate::supervisor) fn look_at_last(&mut self) -> Vec<Event> {
        let began = self
            .stray_writes
            .begin_at_once()
            .filter(|_| !self.is_target_moving());
        let seen = began.and_then(|began| Some((began, stray_writes::see(&self.campaign)?)));
        let told = seen.and_then(|(began, seen)| self.stray_writes.end(&self.campaign, began, seen));
        told.map(|why| Event::Warning { plan: None, why })
            .into_iter()
            .collect()
    }

    /// What killed gits have left in worktrees, once nobody is at work. After an interruption one may still be at it, and is not
    /// waited for.
    pub(in crate::supervisor) fn tidy_worktrees(&self) -> Vec<Event> {
        let cleared = git::lock::clear_dead_locks(&self.admin).map_err(|error| error.to_string());
        let finished = match self.ending {
            Some(Ending::Interrupted) => Ok(()),
            _ => git::worktree::finish_half_made(&self.admin).map_err(|error| error.to_string()),
        };
        let trouble = [cleared, finished].into_iter().filter_map(Result::err);
        trouble.map(|why| Event::Warning { plan: None, why }).collect()
    }

    fn is_target_moving(&self) -> bool {
        let mut plans = self.scheduler.state().plans();
        plans.any(|(_, run)| matches!(run.merge, Merge::Running(_)))
    }
}
