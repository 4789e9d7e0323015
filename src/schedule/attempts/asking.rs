//! Questions: when an agent asks a person, its work waits for the answer.

use crate::plan::{AttemptId, PlanName};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::question::Question;

/// Records the question with which an attempt ended.
pub(in crate::schedule) fn ask_person(
    board: &mut Board,
    at: At,
    plan: &PlanName,
    attempt: &AttemptId,
    question: &str,
    step: &mut Step,
) {
    let run = board.state.plan(plan);
    let current = run
        .attempt(attempt)
        .filter(|current| run.by_units && !current.repair);
    let asked = Event::QuestionAsked(Question {
        plan: plan.clone(),
        attempt: attempt.clone(),
        unit: current.and_then(|current| current.units.first().copied()),
        text: question.to_owned(),
    });
    board.record(at, asked, step);
}
