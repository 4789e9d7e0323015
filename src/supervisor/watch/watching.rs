//! Checking, beside the loop, whether somebody wrote into the main checkout.

use crate::git::{self, HeadPrint, changed_hooks};
use crate::schedule::{Ending, Event, Input, Merge};

use super::stray_writes::{StrayWrites, see};
use crate::supervisor::desk::core::{Desk, warn};
use crate::supervisor::desk::message::{CheckoutLook, EngineMessage};
use crate::supervisor::project::error::in_words;

impl StrayWrites {
    /// Checks the main checkout, on a thread of its own. Not while the target moves, because the checkout is then half at one commit and half at
    /// another.
    pub fn look_beside(&mut self, desk: &Desk) {
        if is_target_moving(desk) {
            return;
        }
        let Some(began) = self.begin() else {
            return;
        };
        let project = desk.project.clone();
        desk.in_background(move || EngineMessage::Looked(began, see(&project)));
    }

    /// Handles the result of a check.
    pub fn looked(
        &mut self,
        desk: &Desk,
        began: CheckoutLook,
        seen: Option<HeadPrint>,
        inputs: &mut Vec<Input>,
    ) {
        let told = seen.and_then(|seen| self.end(&desk.project, began, seen));
        if let Some(why) = told {
            warn(inputs, None, why);
        }
    }

    /// Reports, once, hooks that were added to the repository's configuration since the run began.
    pub fn look_at_hooks(&mut self, inputs: &mut Vec<Input>) {
        let changed = changed_hooks();
        if let (Some((before, now)), true) = (&changed, self.hooks_told != changed) {
            let why = format!(
                "`core.hooksPath` of the repository is {now} now, and was {before} when the run began: orch keeps using that. If you \
                 did not change it, an agent did (`git config core.hooksPath`)"
            );
            warn(inputs, None, why);
        }
        self.hooks_told = changed;
    }

    /// The last check of a run.
    pub fn look_at_last(&mut self, desk: &Desk) -> Vec<Event> {
        let began = self.begin_at_once().filter(|_| !is_target_moving(desk));
        let seen = began.and_then(|began| Some((began, see(&desk.project)?)));
        let told = seen.and_then(|(began, seen)| self.end(&desk.project, began, seen));
        told.map(|why| Event::warning(None, why)).into_iter().collect()
    }
}

/// Removes leftover files of killed gits in worktrees and beside branches, once no agent is running. After an interruption a git may still be
/// running, and is not waited for.
pub fn tidy_worktrees(desk: &Desk, ending: Option<Ending>) -> Vec<Event> {
    let cleared = git::lock::clear_dead_locks(&desk.admin).map_err(in_words);
    let branches = desk.project.set.plans.iter().map(|plan| plan.branch.as_str());
    let unlocked = git::lock::clear_dead_locks_of_branches(desk.project.repo.common_dir(), branches);
    let unlocked = unlocked.map_err(in_words);
    let finished = match ending {
        Some(Ending::Interrupted) => Ok(()),
        _ => git::worktree::finish_half_made(&desk.admin).map_err(in_words),
    };
    let trouble = [cleared, unlocked, finished].into_iter().filter_map(Result::err);
    trouble.map(|why| Event::warning(None, why)).collect()
}

fn is_target_moving(desk: &Desk) -> bool {
    let mut plans = desk.scheduler.state().plans();
    plans.any(|(_, run)| matches!(run.merge, Merge::Running(_)))
}
