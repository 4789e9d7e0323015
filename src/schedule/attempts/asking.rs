//! Questions: when an agent asks a person, its work waits for the answer.

use crate::plan::{AttemptId, LONGEST_MESSAGE, PlanName, harmless};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::question::Question;

/// Returns the question as it is stored: harmless, and no longer than a message, whoever wrote it.
pub(in crate::schedule) fn fit(question: &str) -> String {
    let question = harmless(question.trim());
    let end = (0..=LONGEST_MESSAGE.min(question.len())).rev();
    let end = end
        .into_iter()
        .find(|end| question.is_char_boundary(*end))
        .unwrap_or(0);
    question[..end].to_owned()
}

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
