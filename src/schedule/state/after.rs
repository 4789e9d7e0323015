//! The previous attempt at the same work, and why another one follows.

use crate::plan::{AttemptId, UnitId, WhyAgain};

use super::attempt::{Attempt, AttemptRecord, AttemptState};
use super::plan_run::PlanRun;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::why::because::Because;

/// The previous attempt at the same work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The previous attempt.
    pub attempt: AttemptId,
    /// Why another attempt follows.
    pub cause: WhyAgain,
    /// The cause.
    pub why: Because,
    /// The output of the plan's verification, when the work has to repair it.
    pub red: Option<Because>,
    /// The changes that a person asked for in a review, until the plan is finished again.
    pub review: Option<String>,
}

/// The attempt before one at these units, `None` when there was none. `new` is the later attempt, if it has already begun.
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
    /// Why another attempt follows this one.
    pub(in crate::schedule) fn why_again(&self, counted: bool) -> WhyAgain {
        let exit = match &self.state {
            AttemptState::Ended(exit) | AttemptState::Checked(exit, _) => Some(exit),
            AttemptState::Assigned | AttemptState::Submitted | AttemptState::Running => None,
        };
        match exit {
            Some(Exit::Stopped) if !self.is_given_up() => WhyAgain::Stopped,
            Some(Exit::Lost) if !counted => WhyAgain::Vanished,
            Some(Exit::ByHand) if !counted => WhyAgain::ByHand,
            _ => WhyAgain::Failed,
        }
    }
}
