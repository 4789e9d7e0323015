//! OpenCode, `run --format json --print-logs --log-level ERROR`.

use jiff::Timestamp;
use serde_json::Value;

use super::json::{micros, number, text};
use super::{ReadingDraft, obstacles, reset, shortened};
use crate::schedule::{ObstacleKind, Spent};

pub(super) fn read(event: &Value, draft: &mut ReadingDraft, now: Timestamp) {
    let Some(kind) = text(event, "/type") else {
        return;
    };
    match kind {
        "step_start" | "reasoning" => draft.progress(),
        "text" => {
            draft.progress();
            draft.said = text(event, "/part/text").unwrap_or_default().to_owned();
        }
        "tool_use" => {
            draft.progress();
            let asks = text(event, "/part/tool") == Some("question");
            let input = event.pointer("/part/state/input").filter(|_| asks);
            draft.tool_called(input);
            let error = text(event, "/part/state/error").unwrap_or_default();
            if text(event, "/part/state/status") == Some("error") && error.contains("permission") {
                let what = ["/part/state/input/command", "/part/state/input/filePath"];
                let what = what.iter().find_map(|path| text(event, path));
                draft
                    .facts
                    .denied
                    .add(super::tool(text(event, "/part/tool").unwrap_or("a tool"), what));
            }
        }
        "step_finish" => {
            draft.progress();
            draft.facts.turns += 1;
            let at = |path| number(event, path).unwrap_or(0);
            draft.facts.spent = draft.facts.spent.plus(Spent {
                input: at("/part/tokens/input") + at("/part/tokens/cache/write"),
                cached: at("/part/tokens/cache/read"),
                output: at("/part/tokens/output") + at("/part/tokens/reasoning"),
                micros: micros(event, "/part/cost"),
            });
            // Any other reason means that the program continues, or was cut off.
            match text(event, "/part/reason") {
                Some("stop") => draft.well("it stopped by itself"),
                _ => draft.facts.end = None,
            }
        }
        "error" => {
            let why = text(event, "/error/data/message")
                .or_else(|| text(event, "/error/name"))
                .unwrap_or("an error");
            draft.last_error(number(event, "/error/data/statusCode"), why, now);
            let wait = text(event, "/error/data/responseHeaders/retry-after");
            if let (Some(obstacle), Some(seconds)) = (
                &mut draft.facts.obstacle,
                wait.and_then(|wait| wait.parse::<u64>().ok()),
            ) {
                obstacle.until = reset::after(Some(seconds.saturating_mul(1000)), now);
            }
        }
        _ => return,
    }
    draft.facts.speaks = true;
    if let Some(session) = text(event, "/sessionID") {
        draft.facts.session = Some(session.to_owned());
    }
}

/// Reads a log line. Only the log reports refusals and retries.
pub(super) fn read_log(line: &str, draft: &mut ReadingDraft, now: Timestamp) {
    let is_refusal = line.contains("level=ERROR") && line.contains("stream error");
    // OpenCode also generates a title for each conversation; errors there do not matter.
    if !is_refusal || line.contains("small=true") {
        return;
    }
    let why = line.split_once("error.error=").map_or(line, |(_, why)| why);
    let why = why.trim_matches('"');
    draft.facts.errors.add(shortened(why));
    let kind = obstacles::kind(None, why).unwrap_or(ObstacleKind::Outage);
    draft.obstructed(kind, why, reset::reset_time(why, now));
}
