//! `orch task inbox`: the messages to the agents of a plan.

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::plan::{Message, PlanName};
use crate::status::{inbox, mark_read};

use crate::cli::call::{CliError, Context, output};

/// Prints the unread messages, or all messages, and marks them as read. Printing comes first, so that no message is marked
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

/// The input that Claude Code sends after a tool call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolHookInput {
    hook_event_name: String,
    tool_name: String,
    /// Set when a helper of the agent called the tool.
    agent_id: Option<String>,
}

/// Tools after which Claude Code drops a hook's output.
const DEAF: [&str; 2] = ["Agent", "Task"];

/// Passes the unread messages of the current worktree to the agent, together with the result of its tool call, and marks
/// them as read. The agent's helpers get none, because they would not pass them on.
pub fn answer_hook() -> Result<(), CliError> {
    let Some(worktree) = std::env::var_os("ORCH_WORKTREE").map(PathBuf::from) else {
        return Ok(());
    };
    let found = inbox(&worktree);
    let unread: Vec<&Message> = found.unread().collect();
    let Some(last) = unread.last() else {
        return Ok(());
    };
    // The name of the call comes before the tool's result, which may be long.
    let mut text = String::new();
    let _ = std::io::stdin().take(64 << 20).read_to_string(&mut text);
    let asked: ToolHookInput = serde_json::from_str(&text).unwrap_or_default();
    let is_heard = asked.agent_id.is_none() && !DEAF.contains(&asked.tool_name.as_str());
    if asked.hook_event_name.is_empty() || !is_heard {
        return Ok(());
    }
    let context = format!("New messages to you, while you work:\n\n{}", listing(&unread));
    output::json(&serde_json::json!({ "hookSpecificOutput": {
        "hookEventName": asked.hook_event_name, "additionalContext": context,
    } }))?;
    mark_read(&worktree, last.id).map_err(|error| anyhow::Error::msg(error).into())
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
