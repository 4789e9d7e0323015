//! The JSON Schema of the output of `orch events --json`.

use serde_json::{Value, json};

use super::SCHEMA;
use crate::schedule::EVENT_NAMES;

/// The schema of one line. The content of `data` depends on the event and may grow; the other fields do not change.
pub fn event_schema() -> Value {
    let names: Vec<Value> = EVENT_NAMES
        .iter()
        .map(|(name, meaning)| json!({ "const": name, "description": meaning }))
        .collect();
    let text = |description: &str| json!({ "type": ["string", "null"], "description": description });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event",
        "description": "One line of `orch events --json`: a fact of the journal.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "seq", "at", "run", "event", "plan", "phase", "task", "attempt", "data"],
        "properties": {
            "schema": { "const": SCHEMA, "description": "Version of this format." },
            "seq": { "type": "integer", "minimum": 1, "description": "Its number in the journal, without gaps." },
            "at": { "type": "string", "format": "date-time", "description": "When it was written down." },
            "run": { "type": "string", "pattern": "^r[0-9]+$", "description": "The run that it belongs to." },
            "event": { "description": "What happened.", "oneOf": names },
            "plan": text("The plan it is about."),
            "phase": { "type": ["integer", "null"], "minimum": 0, "description": "The phase it is about." },
            "task": text("The task or sub-task it is about."),
            "attempt": text("The attempt it is about."),
            "data": { "type": "object", "description": "Everything else, by event." },
        },
    })
}
