//! Questions of agents to a person.

use serde::{Deserialize, Serialize};

use crate::plan::{AttemptId, PlanName, UnitId};

/// A question with which an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The phase or task that waits for the answer, or `None` for the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The question.
    pub text: String,
}

/// A person's answer. A separate event brings it to the agent as a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionAnswer {
    /// The plan.
    pub plan: PlanName,
    /// The phase or task that waited for the answer, or `None` for the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// The answer.
    pub text: String,
}
