//! The attempt before at the same work, and why another one follows.

use crate::plan::{AttemptId, UnitId, WhyAgain};

use super::attempt::{Attempt, AttemptRecord, AttemptState};
use super::plan_run::PlanRun;
use crate::schedule::event::exit::Exit;

/// The attempt before at the same work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// It.
    pub attempt: AttemptId,
    /// Why another one is made.
    pub cause: WhyAgain,
    /// The same in words.
    pub why: String,
    /// The output of the plan's verification, where the work has to make it pass.
    pub red: Option<String>,
    /// The changes that a person asked for in a review, until the plan is finished again.
    pub review: Option<String>,
}

/// What came before an attempt at these units; `new` is that attempt, where it has begun already. None for a first one.
pub fn after(run: &PlanRun, units: &[UnitId], repair: bool, new: Option<&AttemptId>) -> Option<After> {
    let first = units.first();
    let (cause, why) = run.tries_of(first.copied(), repair).before.clone()?;
    let same = |record: &&AttemptRecord| repair || record.units.first() == first;
    let mut before = run.work_attempts().rev().filter(|record| Some(&record.id) != new);
    Some(After {
        attempt: before.find(same)?.id.clone(),
        cause,
        why,
        red: run.red.clone().filter(|_| repair),
        review: run.review.returned.clone(),
    })
}

impl Attempt {
    /// Why there is another attempt after this one, which was not enough.
    pub(in crate::schedule) fn why_again(&self, counted: bool) -> WhyAgain {
        let exit = match &self.state {
            AttemptState::Ended(exit) | AttemptState::Checked(exit, _) => Some(exit),
            AttemptState::Assigned | AttemptState::Running => None,
        };
        match exit {
            Some(Exit::Stopped) if !self.is_given_up() => WhyAgain::Stopped,
            Some(Exit::Lost) if !counted => WhyAgain::Vanished,
            _ => WhyAgain::Failed,
        }
    }
}
