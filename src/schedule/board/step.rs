//! The answer to an input.

use super::effect::Effect;
use crate::schedule::event::fact::Event;

/// The answer to an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// Facts to record, in order, before performing any effect.
    pub events: Vec<Event>,
    /// Effects to perform.
    pub effects: Vec<Effect>,
}
