//! Messages to agents that `orch` itself writes.

use super::list::{joined, shortened};
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
        OrchMessage::ClashWithPlan { plan, files } => clash(&format!("plan {plan}"), files),
        OrchMessage::ClashWithTarget { target, files } => clash(&format!("the target {target}"), files),
        OrchMessage::RedUnion { target, with, why } => format!(
            "this branch passes on {}, and so {}; merged together they do not: {}. Agree on what each may rely on",
            target.as_deref().unwrap_or("the target"),
            match with.as_slice() {
                [one] => format!("does that of plan {one}"),
                more => format!("do those of plans {}", joined(more)),
            },
            shortened(why)
        ),
    }
}

fn clash(other: &str, files: &[String]) -> String {
    format!(
        "this branch and that of {other} do not merge as they stand: {}. Keep to other lines, or agree on who changes them",
        files.join(", ")
    )
}
