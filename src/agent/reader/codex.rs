//! Codex, `exec --json`.

use jiff::Timestamp;
use serde_json::Value;

use super::ReadingDraft;
use super::json::{number, text};
use crate::schedule::Spent;

pub(super) fn read(event: &Value, draft: &mut ReadingDraft, before: Spent, now: Timestamp) {
    let Some(kind) = text(event, "/type") else {
        return;
    };
    match kind {
        "thread.started" => {
            if let Some(thread) = text(event, "/thread_id") {
                draft.facts.session = Some(thread.to_owned());
            }
        }
        "turn.started" | "item.started" | "item.updated" => {}
        "item.completed" => item(event, draft),
        "turn.completed" => {
            // Codex counts over the whole conversation, and its input tokens include the cached ones.
            let at = |path| number(event, path).unwrap_or(0);
            let cached = at("/usage/cached_input_tokens");
            let spent = Spent {
                input: at("/usage/input_tokens").saturating_sub(cached),
                cached,
                output: at("/usage/output_tokens"),
                micros: None,
            };
            draft.facts.spent = spent.beyond(before);
            draft.well("the turn is completed");
        }
        "turn.failed" => {
            let why = text(event, "/error/message").unwrap_or("the turn failed");
            draft.last_error(None, why, now);
        }
        "error" => draft.error(None, text(event, "/message").unwrap_or("an error"), now),
        _ => return,
    }
    draft.facts.speaks = true;
}

fn item(event: &Value, draft: &mut ReadingDraft) {
    match text(event, "/item/type") {
        // A remark of the program, such as one about an unknown model.
        Some("error") | None => return,
        Some("agent_message") => {
            draft.facts.turns += 1;
            draft.said = text(event, "/item/text").unwrap_or_default().to_owned();
        }
        Some(_) => {}
    }
    draft.progress();
    if text(event, "/item/status") == Some("declined") {
        let what = text(event, "/item/command");
        let tool = text(event, "/item/type").unwrap_or("tool");
        draft.facts.denied.add(super::tool(tool, what));
    }
}

/// Reads a line that is not an event.
pub(super) fn read_log(line: &str, draft: &mut ReadingDraft) {
    let Some((_, rest)) = line.split_once("Rejected(") else {
        return;
    };
    if line.contains("ERROR") {
        let why = rest
            .trim_end_matches([' ', '}', ')', '"'])
            .trim_start_matches('"');
        draft.facts.denied.add(super::shortened(why));
    }
}
