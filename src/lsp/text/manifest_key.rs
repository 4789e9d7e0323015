//! The schema's information on a key: its meaning, its default, its possible values.

use std::sync::OnceLock;

use serde_json::Value;

use crate::plan::manifest::manifest_schema;

fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(manifest_schema)
}

/// Follows a reference in the schema.
fn followed(schema_of: &'static Value) -> &'static Value {
    let target = schema_of["$ref"].as_str();
    let target = target.and_then(|target| schema().pointer(target.trim_start_matches('#')));
    target.unwrap_or(schema_of)
}

/// The schema of a key or of a table; `None` for an unknown key.
pub fn key_at(path: &[String]) -> Option<&'static Value> {
    let mut at = schema();
    for key in path {
        let table = followed(at);
        let table = if table["items"].is_object() {
            followed(&table["items"])
        } else {
            table
        };
        let own = table["properties"].get(key);
        at = own.or_else(|| table.get("additionalProperties").filter(|more| more.is_object()))?;
    }
    Some(at)
}

/// The keys of a table, each with its schema; empty where people choose the names.
pub fn keys_of(path: &[String]) -> Vec<(&'static str, &'static Value)> {
    let Some(table) = key_at(path).map(followed) else {
        return Vec::new();
    };
    let table = if table["items"].is_object() {
        followed(&table["items"])
    } else {
        table
    };
    let keys = table["properties"].as_object().into_iter().flatten();
    keys.map(|(name, schema)| (name.as_str(), schema)).collect()
}

/// True where people choose the names of a table's keys.
pub fn has_free_names(path: &[String]) -> bool {
    key_at(path).is_some_and(|table| followed(table)["additionalProperties"].is_object())
}

/// The description of a key, with its default and an example, in Markdown.
pub fn described(key: &Value) -> String {
    let mut text = key["description"].as_str().unwrap_or_default().to_owned();
    let shown = |value: &Value| format!("`{value}`");
    let inside = &key["items"];
    let examples = key["examples"].as_array().or(inside["examples"].as_array());
    let examples: Vec<String> = examples.into_iter().flatten().map(shown).collect();
    let words: Vec<String> = words_of(key)
        .into_iter()
        .map(|(word, meaning)| match meaning.is_empty() {
            true => format!("- `{word}`"),
            false => format!("- `{word}`: {meaning}"),
        })
        .collect();
    if !words.is_empty() {
        text += &format!("\n\n{}", words.join("\n"));
    }
    if !key["default"].is_null() {
        text += &format!("\n\nDefault: {}", shown(&key["default"]));
    } else if !examples.is_empty() {
        text += &format!("\n\nSuch as {}", examples.join(", "));
    }
    text
}

/// The values of a key that allows only a few, each with its meaning.
pub fn words_of(key: &Value) -> Vec<(String, String)> {
    let target = key["$ref"].as_str();
    let target = target.and_then(|target| schema().pointer(target.trim_start_matches('#')));
    let key = target.unwrap_or(key);
    if key["type"] == "boolean" {
        return ["true", "false"]
            .map(|word| (word.to_owned(), String::new()))
            .into();
    }
    if key["items"].is_object() {
        return words_of(&key["items"]);
    }
    let choices = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|word| key[word].as_array());
    let mut words = Vec::new();
    for choice in choices.flatten().chain([key]) {
        let meaning = choice["description"].as_str().unwrap_or_default();
        if let Some(word) = choice["const"].as_str() {
            words.push((word.to_owned(), meaning.to_owned()));
        }
        let several = choice["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        words.extend(several.map(|word| (word.to_owned(), String::new())));
    }
    words
}

/// True for a key whose value is a string.
pub fn is_text(key: &Value) -> bool {
    let key = match key["items"].is_object() {
        true => &key["items"],
        false => key,
    };
    let target = key["$ref"].as_str();
    let target = target.and_then(|target| schema().pointer(target.trim_start_matches('#')));
    let key = target.unwrap_or(key);
    key["type"] == "string" || !key["oneOf"].is_null() || !key["anyOf"].is_null()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn keys_are_found_with_what_they_mean() {
        assert!(described(key_at(&path("run.max_agents")).unwrap()).contains("Default: `4`"));
        let dispatch = described(key_at(&path("plans.auth.dispatch")).unwrap());
        assert!(dispatch.contains("- `phase`: One phase."), "{dispatch}");
        assert!(key_at(&path("plans.auth.phases.2.uses")).is_some());
        assert!(key_at(&path("plans.auth.phases.2.used")).is_none());
        assert!(key_at(&path("merge.regenerate.path")).is_some());
        let keys: Vec<&str> = keys_of(&path("plans.auth"))
            .iter()
            .map(|(name, _)| *name)
            .collect();
        assert!(keys.contains(&"depends") && keys.len() > 20, "{keys:?}");
        let words = words_of(key_at(&path("plans.auth.priority")).unwrap());
        assert!(words.iter().any(|(word, _)| word == "high"), "{words:?}");
    }
}
