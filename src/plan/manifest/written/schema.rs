//! The JSON Schema of `plans.toml`, made from the raw types.

use serde_json::Value;

use crate::plan::manifest::written::raw::RawManifest;

/// The JSON Schema (draft 2020-12) of `plans.toml`.
pub fn manifest_schema() -> Value {
    let mut schema = schemars::schema_for!(RawManifest).to_value();
    drop_null(&mut schema);
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), Value::from("plans.toml"));
    }
    schema
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
        RawAgent, RawEscalate, RawHooks, RawMerge, RawPhase, RawPlan, RawRegenerate, RawRun, RawSync,
    };
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
        read::<RawMerge>(&mut reader);
        read::<RawRegenerate>(&mut reader);
        read::<RawHooks>(&mut reader);
        read::<RawEscalate>(&mut reader);
        read::<RawSync>(&mut reader);
        read::<RawPlan>(&mut reader);
        read::<RawPhase>(&mut reader);
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
            ("merge", "/$defs/RawMerge/properties"),
            ("regenerate", "/$defs/RawRegenerate/properties"),
            ("hooks", "/$defs/RawHooks/properties"),
            ("escalate", "/$defs/RawEscalate/properties"),
            ("sync", "/$defs/RawSync/properties"),
            ("plans", "/$defs/RawPlan/properties"),
            ("phases", "/$defs/RawPhase/properties"),
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
