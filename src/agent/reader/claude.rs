//! Claude Code, `--output-format stream-json --verbose`.

use jiff::Timestamp;
use serde_json::Value;

use super::json::{micros, number, text};
use super::{ReadingDraft, obstacles, reset};
use crate::plan::UNWANTED_TOOLS;
use crate::schedule::{ObstacleKind, Spent};

pub(super) fn read(event: &Value, draft: &mut ReadingDraft, now: Timestamp) {
    let Some(kind) = text(event, "/type") else {
        return;
    };
    match kind {
        "system" => system(event, draft, now),
        "assistant" => assistant(event, draft),
        "rate_limit_event" => limit(event, draft),
        "result" => result(event, draft, now),
        _ => return,
    }
    draft.facts.speaks = true;
    if let Some(session) = text(event, "/session_id") {
        draft.facts.session = Some(session.to_owned());
    }
}

fn system(event: &Value, draft: &mut ReadingDraft, now: Timestamp) {
    if text(event, "/subtype") != Some("api_retry") {
        return;
    }
    let status = number(event, "/error_status");
    let word = text(event, "/error").unwrap_or("error");
    let why = match status {
        Some(status) => format!("the service answers {status} ({word})"),
        None => format!("the service does not answer ({word})"),
    };
    draft.facts.errors.add(why.clone());
    // The program retries, so the error is nobody's fault.
    let kind = obstacles::kind(status, word).unwrap_or(ObstacleKind::Outage);
    let delay = number(event, "/retry_delay_ms");
    let told = match kind {
        ObstacleKind::RateLimit => delay.filter(|delay| *delay > own_delay_ms(number(event, "/attempt"))),
        _ => None,
    };
    let until = told.map(|told| reset::in_ms(told, now));
    draft.obstructed(kind, &why, until.or(reset::after(delay, now)));
}

/// The longest delay that the program itself chooses before a retry: half a second, doubled with each retry up to 32 seconds,
/// plus at most a quarter by chance. A longer delay was set by the service.
fn own_delay_ms(attempt: Option<u64>) -> u64 {
    let doubled = 500_u64 << attempt.unwrap_or(7).clamp(1, 7).saturating_sub(1);
    let capped = doubled.min(32_000);
    capped + capped / 4
}

fn assistant(event: &Value, draft: &mut ReadingDraft) {
    // The program's own text about an error, in the form of an answer. The result repeats it.
    if text(event, "/message/model") == Some("<synthetic>") {
        return;
    }
    draft.progress();
    let parts = event.pointer("/message/content").and_then(Value::as_array);
    for call in parts
        .into_iter()
        .flatten()
        .filter(|part| text(part, "/type") == Some("tool_use"))
    {
        let asks = text(call, "/name") == Some("AskUserQuestion");
        draft.tool_called(call.pointer("/input").filter(|_| asks));
    }
    let message = text(event, "/message/id").map(str::to_owned);
    // One answer comes in several events with the same figures.
    if message.is_some() && draft.last_message == message {
        return;
    }
    draft.last_message = message;
    draft.facts.turns += 1;
    let spent = usage(event, "/message/usage");
    draft.facts.spent = draft.facts.spent.plus(spent);
}

fn usage(event: &Value, path: &str) -> Spent {
    let at = |name: &str| number(event, &format!("{path}/{name}")).unwrap_or(0);
    Spent {
        input: at("input_tokens") + at("cache_creation_input_tokens"),
        cached: at("cache_read_input_tokens"),
        output: at("output_tokens"),
        micros: None,
    }
}

/// The remaining quota of a subscription.
fn limit(event: &Value, draft: &mut ReadingDraft) {
    if text(event, "/rate_limit_info/status") != Some("rejected") {
        return;
    }
    let sort = text(event, "/rate_limit_info/rateLimitType").unwrap_or("usage");
    let until = number(event, "/rate_limit_info/resetsAt").map(reset::seconds);
    draft.obstructed(
        ObstacleKind::RateLimit,
        &format!("the {} limit is reached", sort.replace('_', " ")),
        until,
    );
}

fn result(event: &Value, draft: &mut ReadingDraft, now: Timestamp) {
    if let Some(turns) = number(event, "/num_turns") {
        draft.facts.turns = u32::try_from(turns).unwrap_or(u32::MAX);
    }
    // The sum over all models, including those of sub-agents.
    let models = event.pointer("/modelUsage").and_then(Value::as_object);
    let total =
        models
            .into_iter()
            .flat_map(|models| models.values())
            .fold(Spent::default(), |total, model| {
                let at = |path| number(model, path).unwrap_or(0);
                total.plus(Spent {
                    input: at("/inputTokens") + at("/cacheCreationInputTokens"),
                    cached: at("/cacheReadInputTokens"),
                    output: at("/outputTokens"),
                    micros: None,
                })
            });
    if total.tokens() > 0 {
        draft.facts.spent = total;
    }
    draft.facts.spent.micros = micros(event, "/total_cost_usd").or(draft.facts.spent.micros);
    for denial in event
        .pointer("/permission_denials")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let tool = text(denial, "/tool_name").unwrap_or("a tool");
        if UNWANTED_TOOLS.contains(&tool) {
            draft.facts.errors.add(format!("it may not use {tool}"));
            continue;
        }
        let input = ["/tool_input/command", "/tool_input/file_path", "/tool_input/url"];
        let what = input.iter().find_map(|path| text(denial, path));
        draft.facts.denied.add(super::tool(tool, what));
    }
    let errors = event
        .pointer("/errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let errors: Vec<&str> = errors.filter_map(Value::as_str).collect();
    let said = text(event, "/result").map_or_else(|| errors.join("; "), str::to_owned);
    let subtype = text(event, "/subtype").unwrap_or_default();
    let good = event.pointer("/is_error").and_then(Value::as_bool) != Some(true) && subtype == "success";
    if !good {
        let why = if said.is_empty() { subtype } else { &said };
        draft.last_error(number(event, "/api_error_status"), why, now);
        if subtype == "error_max_budget_usd" {
            draft.obstructed(ObstacleKind::Budget, why, None);
        }
    } else {
        draft.end(true, &said);
    }
}
