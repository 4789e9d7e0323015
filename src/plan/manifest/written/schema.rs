//! The JSON Schema of `plans.toml`, made from the raw types.

use serde_json::Value;

use crate::plan::manifest::written::raw::RawManifest;

/// The JSON Schema (draft 2020-12) of `plans.toml`.
pub fn manifest_schema() -> Value {
    let mut schema = schemars::schema_for!(RawManifest).to_value();
    drop_null(&mut schema);
    name_defaults(&mut schema);
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), Value::from("plans.toml"));
    }
    schema
}

/// Says in `default` what a description says behind "Default:", where that is a value.
fn name_defaults(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(name_defaults),
        Value::Object(members) => {
            let said = members.get("description").and_then(Value::as_str);
            let said = said.and_then(|said| said.split_once("Default: "));
            // The value is followed by the end of the sentence, or by what it means.
            let value = said.and_then(|(_, rest)| {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter();
                values.next()?.ok()
            });
            let number = said.and_then(|(_, rest)| rest.strip_suffix('.')?.parse().ok());
            if let Some(value) = number.or(value) {
                members.insert("default".to_owned(), value);
            }
            members.values_mut().for_each(name_defaults);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// TOML has no null: a key that may be absent is merely not required.
fn drop_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(drop_null),
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    members.extend(only);
                }
            }
            members.values_mut().for_each(drop_null);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use toml::de::{DeTable, DeValue};

    use super::*;
    use crate::plan::Place;
    use crate::plan::manifest::written::raw::{
        RawEscalate, RawHooks, RawMerge, RawPerson, RawPhase, RawPlan, RawRegenerate, RawRun, RawSync,
    };
    use crate::plan::manifest::written::raw_agent::{RawAgent, RawExecutor};
    use crate::plan::manifest::written::raw_job::RawJob;
    use crate::plan::manifest::written::reader::{FromToml, ManifestReader, Spot};
    use crate::plan::manifest::written::unsupported;

    /// Every (table, key) that reading asks for.
    fn accepted() -> BTreeSet<(&'static str, &'static str)> {
        fn read<T: FromToml>(reader: &mut ManifestReader<'_>) {
            let spot = Spot {
                path: String::new(),
                place: Place { line: 1, column: 1 },
            };
            T::from_toml(&DeValue::Table(DeTable::default()), &spot, reader).unwrap();
        }
        let mut reader = ManifestReader::new("plans.toml".into(), "");
        read::<RawManifest>(&mut reader);
        read::<RawRun>(&mut reader);
        read::<RawAgent>(&mut reader);
        read::<RawExecutor>(&mut reader);
        read::<RawMerge>(&mut reader);
        read::<RawRegenerate>(&mut reader);
        read::<RawHooks>(&mut reader);
        read::<RawEscalate>(&mut reader);
        read::<RawSync>(&mut reader);
        read::<RawPlan>(&mut reader);
        read::<RawPhase>(&mut reader);
        read::<RawPerson>(&mut reader);
        read::<RawJob>(&mut reader);
        reader.asked
    }

    #[test]
    fn the_schema_has_exactly_the_accepted_keys() {
        let schema = manifest_schema();
        let accepted = accepted();
        let tables = [
            ("manifest", "/properties"),
            ("run", "/$defs/RawRun/properties"),
            ("agents", "/$defs/RawAgent/properties"),
            ("executors", "/$defs/RawExecutor/properties"),
            ("merge", "/$defs/RawMerge/properties"),
            ("regenerate", "/$defs/RawRegenerate/properties"),
            ("hooks", "/$defs/RawHooks/properties"),
            ("escalate", "/$defs/RawEscalate/properties"),
            ("sync", "/$defs/RawSync/properties"),
            ("plans", "/$defs/RawPlan/properties"),
            ("phases", "/$defs/RawPhase/properties"),
            ("people", "/$defs/RawPerson/properties"),
            ("job", "/$defs/RawJob/properties"),
        ];
        for (kind, pointer) in tables {
            let documented: BTreeSet<&str> = schema
                .pointer(pointer)
                .unwrap()
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            let read: BTreeSet<&str> = accepted
                .iter()
                .filter(|(k, _)| *k == kind)
                .map(|(_, key)| *key)
                .collect();
            assert_eq!(documented, read, "keys of {kind}");
        }
        let kinds: BTreeSet<&str> = accepted.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, tables.iter().map(|(kind, _)| *kind).collect());
    }

    /// Every key that holds a value, with its table's name.
    fn values(schema: &Value) -> Vec<(String, &Value)> {
        let mut tables: Vec<(&str, &Value)> = vec![("manifest", schema)];
        tables.extend(
            schema["$defs"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, table)| (name.as_str(), table)),
        );
        let mut found = Vec::new();
        for (table, schema) in tables {
            for (key, value) in schema["properties"].as_object().into_iter().flatten() {
                let refers = value["$ref"].as_str().or(value["items"]["$ref"].as_str());
                let refers = refers.or(value["additionalProperties"]["$ref"].as_str());
                let is_table = refers.is_some_and(|name| name.contains("/Raw"));
                if !is_table {
                    found.push((format!("{table}.{key}"), value));
                }
            }
        }
        found
    }

    #[test]
    fn every_key_says_what_it_does_and_what_it_may_look_like() {
        let schema = manifest_schema();
        for (name, value) in values(&schema) {
            assert!(
                value["description"].as_str().is_some_and(|text| text.len() > 8),
                "{name}"
            );
            let is_shown = |value: &Value| {
                let refers = |value: &Value| value["$ref"].is_string();
                let is_choice = refers(value) || value["type"] == "boolean";
                let is_choice = is_choice
                    || value["anyOf"]
                        .as_array()
                        .is_some_and(|all| all.iter().any(refers));
                is_choice || !value["examples"].is_null()
            };
            let inside = [&value["items"], &value["additionalProperties"]];
            let is_shown = is_shown(value) || inside.into_iter().any(is_shown);
            // An environment has names and texts of any kind.
            assert!(
                is_shown || name == "RawAgent.env" || name == "RawAgent.accounts",
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn a_default_that_is_a_value_is_one_in_the_schema_too() {
        let schema = manifest_schema();
        let default = |table: &str, key: &str| schema["$defs"][table]["properties"][key]["default"].clone();
        assert_eq!(default("RawRun", "max_agents"), 4);
        assert_eq!(default("RawRun", "phase_threshold"), 0.8);
        assert_eq!(default("RawRun", "backoff"), "10s");
        assert_eq!(default("RawRun", "commit"), "auto");
        assert_eq!(default("RawPlan", "carry"), true);
        assert_eq!(default("RawRun", "base"), Value::Null);
        let named = values(&schema);
        let named = named.iter().filter(|(_, value)| !value["default"].is_null());
        assert!(named.count() > 30);
    }

    #[test]
    fn every_unsupported_key_is_an_accepted_one() {
        let accepted = accepted();
        for row in unsupported::keys() {
            assert!(accepted.contains(&row), "{row:?}");
        }
    }

    #[test]
    fn nothing_may_be_null_and_nothing_else_is_let_in() {
        let schema = manifest_schema();
        assert!(!schema.to_string().contains("null"), "{schema:#}");
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["$defs"]["RawPlan"]["additionalProperties"], false);
    }
}
