//! A question that waits for a person.

use crate::plan::UnitId;
use crate::schedule::event::at::At;

/// A question of an agent that nobody has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenQuestion {
    /// The question.
    pub text: String,
    /// When it was asked.
    pub since: At,
    /// The first unit that the attempt was given.
    pub first: Option<UnitId>,
}
