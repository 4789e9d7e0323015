//! Parses the text of a status file into reports. Never fails: valid parts are used, and the rest becomes warnings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::plan::{ItemId, PlanName, Speaker, Statement, TaskState};
use crate::status::files::entry_state::state_of;
use crate::status::files::untrusted::STATUS_LIMIT;
use crate::status::files::warnings::{Warnings, quote, tame};

/// The longest note, error or message that is kept, in characters.
const NOTE: usize = 4000;

/// The content of a status file.
#[derive(Debug, Default)]
pub(in crate::status) struct StatusReport {
    /// The statements, by task and sub-task.
    pub(in crate::status) entries: BTreeMap<ItemId, Statement>,
    pub(in crate::status) message: Option<String>,
    pub(in crate::status) needs: Option<String>,
}

/// Why a text is not a status file of this plan at all. The message follows the file's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::status) enum Malformed {
    #[error("ends in the middle of its JSON, as while it is being written")]
    Incomplete,
    #[error("is not valid JSON")]
    NotJson,
    #[error("is not a JSON object")]
    NotAnObject,
    #[error("belongs to plan `{0}`")]
    Foreign(String),
    #[error("has `tasks` that are neither an object nor an array")]
    Tasks,
}

/// The JSON object in `text`, if it is a status file of `plan`.
pub(in crate::status) fn object(text: &str, plan: &PlanName) -> Result<Map<String, Value>, Malformed> {
    let value: Value = serde_json::from_str(text).map_err(|error| match error.is_eof() {
        true => Malformed::Incomplete,
        false => Malformed::NotJson,
    })?;
    let Value::Object(object) = value else {
        return Err(Malformed::NotAnObject);
    };
    match object.get("plan") {
        Some(Value::String(name)) if name != plan.as_str() => Err(Malformed::Foreign(quote(name))),
        _ => Ok(object),
    }
}

/// Parses the content of a status file. `known` has the plan's tasks and sub-tasks.
pub(in crate::status) fn parse(
    object: &Map<String, Value>,
    known: &BTreeSet<ItemId>,
    warnings: &mut Warnings,
) -> StatusReport {
    let mut report = StatusReport {
        message: text_field(object, "message", NOTE, warnings),
        // Whoever takes the question shortens it, and says so.
        needs: text_field(object, "needs", STATUS_LIMIT as usize, warnings),
        ..StatusReport::default()
    };
    if let Some(schema) = object.get("schema").filter(|schema| schema.as_u64() != Some(1)) {
        let schema = quote(&schema.to_string());
        warnings.file(format!(
            "the status file says schema {schema}; it is read as schema 1, the only one known"
        ));
    }
    if object.get("plan").is_some_and(|plan| !plan.is_string()) {
        warnings.file("the status file's `plan` is not a text; it is taken for this plan's");
    }
    match object.get("tasks") {
        None | Some(Value::Null) => {}
        Some(Value::Object(tasks)) => {
            for (id, entry) in tasks {
                take(id, entry, known, &mut report, warnings);
            }
        }
        Some(Value::Array(tasks)) => {
            for entry in tasks {
                match entry.get("id").and_then(Value::as_str) {
                    Some(id) => take(id, entry, known, &mut report, warnings),
                    None => warnings.entry(|| {
                        "the status file has an entry in `tasks` whose `id` is not a text such as \"1.1\"; it is ignored"
                            .to_owned()
                    }),
                }
            }
        }
        Some(_) => warnings
            .file("the status file's `tasks` is neither an object nor an array; what was known before stays"),
    }
    report
}

fn take(
    id: &str,
    entry: &Value,
    known: &BTreeSet<ItemId>,
    report: &mut StatusReport,
    warnings: &mut Warnings,
) {
    let Some(item) = id.parse::<ItemId>().ok().filter(|item| known.contains(item)) else {
        warnings.entry(|| {
            let id = quote(id);
            format!("the status file speaks of `{id}`, which the plan does not have; `orch task list` shows its tasks")
        });
        return;
    };
    let word = match entry {
        Value::String(word) => Some(word.as_str()),
        Value::Object(fields) => match fields.get("state").or_else(|| fields.get("status")) {
            Some(Value::String(word)) => Some(word.as_str()),
            _ => None,
        },
        _ => None,
    };
    let Some(state) = word.and_then(state_of) else {
        warnings.entry(|| match word {
            Some(word) => format!(
                "the status file gives {item} the state `{}`; expected pending, running, done, failed or skipped",
                quote(word)
            ),
            None => format!(
                "the status file gives {item} no state; expected an object such as {{\"state\": \"done\"}}"
            ),
        });
        return;
    };
    let mut text = |name: &str| {
        let found = entry.get(name).filter(|value| !value.is_null())?;
        let Some(text) = found.as_str() else {
            warnings.entry(|| format!("the status file's `{name}` of {item} is not a text; it is ignored"));
            return None;
        };
        Some(tame(text, NOTE)).filter(|text| !text.is_empty())
    };
    let (note, error) = (text("note"), text("error"));
    let note = if state == TaskState::Failed {
        error.or(note)
    } else {
        note.or(error)
    };
    let statement = Statement {
        state,
        note,
        at: text("said_at").and_then(|at| at.parse().ok()),
        by: text("by").map(|word| Speaker::from_word(&word)),
        commit: text("commit").and_then(|id| id.parse().ok()),
        known: text("known").is_some_and(|known| state_of(&known) == Some(state)),
        item: item.clone(),
    };
    report.entries.insert(item, statement);
}

fn text_field(
    object: &Map<String, Value>,
    name: &str,
    limit: usize,
    warnings: &mut Warnings,
) -> Option<String> {
    match object.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(tame(text, limit)).filter(|text| !text.is_empty()),
        Some(_) => {
            warnings.file(format!("the status file's `{name}` is not a text; it is ignored"));
            None
        }
    }
}
