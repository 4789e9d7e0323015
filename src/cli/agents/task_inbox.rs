//! `orch task inbox`: the messages to the agents of a plan.

use std::fmt::Write;
use std::path::Path;

use crate::plan::{Message, PlanName};
use crate::status::{inbox, mark_read};

use crate::cli::call::{CliError, Context, output};

/// Prints the messages that were not read yet, or all, and notes them as read. They are printed first, so that none is noted
/// that nobody saw.
pub fn show(context: &Context, plan: &PlanName, worktree: &Path, all: bool) -> Result<(), CliError> {
    let found = inbox(worktree);
    let shown: Vec<&Message> = if all {
        found.messages.iter().collect()
    } else {
        found.unread().collect()
    };
    if context.json {
        let messages = shown.iter().map(|message| {
            serde_json::json!({
                "id": message.id, "from": message.from, "kind": message.kind, "text": message.text,
                "read": message.id <= found.read,
            })
        });
        output::json(&serde_json::json!({
            "schema": 1, "plan": plan, "messages": messages.collect::<Vec<_>>(),
        }))?;
    } else {
        output::text(&listing(&shown))?;
    }
    let last = shown.last().map_or(0, |message| message.id);
    mark_read(worktree, last).map_err(|error| anyhow::Error::msg(error).into())
}

fn listing(messages: &[&Message]) -> String {
    let mut text = String::new();
    for message in messages {
        let _ = writeln!(
            text,
            "{} from {} ({})",
            message.id,
            message.sender(),
            message.kind
        );
        for line in message.text.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    if text.is_empty() {
        text.push_str("no new messages\n");
    }
    text
}
