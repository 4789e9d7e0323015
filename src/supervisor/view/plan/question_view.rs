//! The questions of a plan's agents, as `orch status --json` shows them.

use serde::Serialize;

use crate::plan::{PlanName, UnitId};
use crate::schedule::{State, questions};

/// A question that waits for an answer.
#[derive(Debug, Clone, Serialize)]
pub struct QuestionView {
    /// The phase or task that asks; none for the whole plan.
    pub unit: Option<UnitId>,
    /// The question.
    pub text: String,
}

impl QuestionView {
    pub(in crate::supervisor::view) fn all(state: &State, plan: &PlanName) -> Vec<Self> {
        let open = questions(state, plan).into_iter();
        open.map(|(unit, text)| Self { unit, text }).collect()
    }
}
