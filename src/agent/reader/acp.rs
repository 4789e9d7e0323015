//! The output of the client of the Agent Client Protocol (`agent/acp.rs`).

use jiff::Timestamp;
use serde_json::Value;

use super::ReadingDraft;
use super::json::{number, text};
use crate::schedule::Spent;

pub(super) fn read(event: &Value, draft: &mut ReadingDraft, now: Timestamp) {
    let Some(kind) = text(event, "/type") else {
        return;
    };
    match kind {
        "session" => draft.facts.session = text(event, "/session").map(str::to_owned),
        "update" => update(event, draft),
        "ask" => {
            let tool = text(event, "/tool").unwrap_or("a tool");
            let question = format!("May it use {tool}? Answer `allow` or `deny`");
            draft.facts.asks = Some(question.into_boxed_str());
        }
        "permission" if text(event, "/answer") == Some("denied") => {
            let tool = text(event, "/tool").unwrap_or("a tool");
            draft.facts.denied.add(tool.to_owned());
        }
        "end" => {
            let at = |name: &str| number(event, &format!("/usage/{name}")).unwrap_or(0);
            let spent = Spent {
                input: at("inputTokens") + at("cachedWriteTokens"),
                cached: at("cachedReadTokens"),
                output: at("outputTokens") + at("thoughtTokens"),
                micros: draft.facts.spent.micros,
            };
            draft.facts.spent = spent;
            draft.facts.turns += 1;
            match text(event, "/reason") {
                Some("end_turn") => draft.well("it ended its turn"),
                // Cancelled by a person, or because a person must answer: the conversation is
                // intact.
                Some("cancelled") => {}
                Some(reason) => draft.end(false, &format!("it stopped: {}", reason.replace('_', " "))),
                None => {}
            }
        }
        "error" => {
            let why = text(event, "/message").unwrap_or("an error");
            draft.last_error(number(event, "/status"), why, now);
        }
        _ => return,
    }
    draft.facts.speaks = true;
}

fn update(event: &Value, draft: &mut ReadingDraft) {
    match text(event, "/update/sessionUpdate") {
        Some("agent_message_chunk") => {
            draft.progress();
            draft
                .said
                .push_str(text(event, "/update/content/text").unwrap_or_default());
        }
        Some("agent_thought_chunk" | "tool_call_update" | "plan") => draft.progress(),
        Some("tool_call") => {
            draft.progress();
            // The text after the last tool call is the agent's last word.
            draft.said.clear();
        }
        Some("usage_update") => {
            let cost = event.pointer("/update/cost/amount").and_then(Value::as_f64);
            draft.facts.spent.micros = cost.map(|money| (money * 1e6).round() as u64);
        }
        _ => {}
    }
}
