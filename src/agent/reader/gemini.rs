//! Gemini CLI, `--output-format stream-json`.

use jiff::Timestamp;
use serde_json::Value;

use super::json::{number, text};
use super::{ReadingDraft, obstacles, reset};
use crate::schedule::Spent;

/// The most bytes of the agent's text to keep.
const LONGEST: usize = 4096;

pub(super) fn read(event: &Value, draft: &mut ReadingDraft, now: Timestamp) {
    let Some(kind) = text(event, "/type") else {
        return;
    };
    match kind {
        "init" => {
            if let Some(session) = text(event, "/session_id") {
                draft.facts.session = Some(session.to_owned());
            }
        }
        "message" => {
            if text(event, "/role") == Some("assistant") {
                draft.progress();
                // The text comes in pieces.
                if draft.said.len() < LONGEST {
                    draft.said += text(event, "/content").unwrap_or_default();
                }
            }
        }
        "tool_use" => {
            draft.progress();
            let asks = text(event, "/tool_name") == Some("ask_user");
            draft.tool_called(event.pointer("/parameters").filter(|_| asks));
            draft.said.clear();
            draft.facts.turns += 1;
        }
        "tool_result" => {
            let said = ["/error/message", "/output"]
                .iter()
                .find_map(|path| text(event, path));
            let said = said.unwrap_or_default();
            let lower = said.to_lowercase();
            let refused = [
                "denied by policy",
                "not allowed",
                "requires user confirmation",
                "user denied",
            ];
            if text(event, "/status") == Some("error") && refused.iter().any(|word| lower.contains(word)) {
                draft.facts.denied.add(super::shortened(said));
            }
        }
        "error" => draft.error(None, text(event, "/message").unwrap_or("an error"), now),
        "result" => {
            let at = |path| number(event, path).unwrap_or(0);
            let cached = at("/stats/cached");
            let spent = Spent {
                input: at("/stats/input_tokens").saturating_sub(cached),
                cached,
                output: at("/stats/output_tokens"),
                micros: None,
            };
            if spent.tokens() > 0 {
                draft.facts.spent = spent;
            }
            if text(event, "/status") == Some("success") {
                draft.facts.turns += 1;
                draft.well("it came to its end");
            } else {
                let why = text(event, "/error/message").unwrap_or("it failed");
                draft.last_error(None, why, now);
            }
        }
        _ => return,
    }
    draft.facts.speaks = true;
}

/// Reads a line that is not an event: such lines report refusals and retries.
pub(super) fn read_log(line: &str, draft: &mut ReadingDraft, now: Timestamp) {
    let attempt = Some(line).filter(|line| line.starts_with("Attempt "));
    let status = attempt
        .and_then(|line| line.split_once("failed with status "))
        .map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let status = status.and_then(|digits| digits.parse().ok());
    if status.is_some()
        && line.to_lowercase().contains("retry")
        && let Some(kind) = obstacles::kind(status, line)
    {
        draft.facts.errors.add(super::shortened(line));
        draft.obstructed(kind, line, reset::reset_time(line, now));
    }
}
