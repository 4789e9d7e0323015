//! A resource: its tokens, or a table with them and more.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use super::at::Located;
use super::reader::{FromToml, ManifestReader, Spot};
use super::tables::tables;
use super::values::{Count, PositiveDuration};

tables! {
    /// A resource that phases and tasks claim while they run.
    RawResource = "resources" {
        /// How many may hold it at once. Default: 1.
        #[schemars(example = 1)]
        count: Count,
        /// How long work may hold it while other work waits, before that is reported. Default: as long as it takes.
        #[schemars(example = &"2h")]
        patience: PositiveDuration,
    }
}

/// What `[resources]` says of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceEntry {
    /// How many may hold it at once.
    pub count: u32,
    /// How long somebody may hold it while others wait; none for as long as it takes.
    pub patience: Option<Duration>,
}

impl FromToml for ResourceEntry {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        if let DeValue::Table(_) = value {
            let written = RawResource::from_toml(value, spot, reader)?;
            return Some(Self {
                count: written.count.map_or(1, |count| count.value.0),
                patience: written.patience.map(|patience| patience.value.0),
            });
        }
        let count = Count::from_toml(value, spot, reader)?.0;
        Some(Self {
            count,
            patience: None,
        })
    }
}

impl JsonSchema for ResourceEntry {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Resource".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let count = generator.subschema_for::<Count>();
        let table = generator.subschema_for::<RawResource>();
        json_schema!({ "anyOf": [count, table] })
    }
}
