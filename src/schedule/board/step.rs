//! The answer to an input.

use super::effect::Effect;
use crate::schedule::event::fact::Event;

/// The answer to an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// Facts to record, in order, before any effect is performed.
    pub events: Vec<Event>,
    /// What to do.
    pub effects: Vec<Effect>,
}
