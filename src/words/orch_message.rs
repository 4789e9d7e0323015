//! Messages to agents that `orch` itself writes.

use super::why::ages;
use crate::schedule::OrchMessage;

/// The text of a message.
pub fn orch_message(about: &OrchMessage) -> String {
    match about {
        OrchMessage::Stuck { attempt, ages: seen } => format!(
            "{attempt} looks stuck: {}. If you are at work, say so with `orch task heartbeat`; if you wait for something that \
             will not come, report the task as failed and end",
            ages(*seen)
        ),
    }
}
