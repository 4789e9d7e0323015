//! A day, as text or as a date of TOML.

use std::borrow::Cow;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use super::reader::{FromToml, ManifestReader, Spot};

/// `"2026-12-01"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDate(pub Date);

impl FromToml for DueDate {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(date) => date.to_string(),
            _ => {
                reader.mismatch(value, spot, "a day such as \"2026-12-01\"");
                return None;
            }
        };
        // A time of day would be dropped without a word.
        let day = text.parse().ok().filter(|day: &Date| day.to_string() == text);
        if day.is_none() {
            let message = format!("`{}`: {text:?} is not a day such as \"2026-12-01\"", spot.path);
            reader.diagnostic(spot.place, message, None);
        }
        day.map(Self)
    }
}

impl JsonSchema for DueDate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "examples": ["2026-12-01"] })
    }
}
