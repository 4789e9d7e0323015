//! Messages to agents that `orch` itself writes.

use crate::plan::AttemptId;
use crate::schedule::event::notice::Ages;

/// What a message to the agents of a plan is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrchMessage {
    /// An attempt of the plan looks stuck.
    Stuck {
        /// The attempt.
        attempt: AttemptId,
        /// How long ago each sign of life was seen.
        ages: Ages,
    },
}

/// The words for a message. The shell has them.
pub type Wording = fn(&OrchMessage) -> String;
