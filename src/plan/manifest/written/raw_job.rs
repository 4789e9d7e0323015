//! `[plans.NAME.job]` as written: what the engine is asked for.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use crate::plan::manifest::written::at::Located;
use crate::plan::manifest::written::reader::{FromToml, ManifestReader, Spot};
use crate::plan::manifest::written::tables::tables;
use crate::plan::manifest::written::values::{Count, EngineWord, PositiveDuration, Text};

tables! {
    /// What the engine of a cluster is asked for, instead of what the executor says.
    RawJob = "job" {
        /// Processors of the job.
        cpus: Count,
        /// Its memory, as the engine writes it.
        #[schemars(example = &"8G")]
        memory: Text,
        /// Its GPUs: a number, or what the engine writes.
        gpus: EngineAmount,
        /// The partition, or queue.
        #[schemars(example = &"long")]
        partition: Text,
        /// The account that pays.
        #[schemars(example = &"physics")]
        account: Text,
        /// The job's limit. Default: `timeout`, `grace` and ten minutes.
        time: PositiveDuration,
        /// Further options of `sbatch`, after those of the executor.
        args: Vec<Located<EngineWord>>,
    }
}

/// A number, or a text that the engine understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineAmount(pub String);

impl JsonSchema for EngineAmount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "EngineAmount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "string", "minLength": 1 }],
            "examples": [1, "a100:2"]
        })
    }
}

impl FromToml for EngineAmount {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        match value {
            DeValue::Integer(_) => {
                Count::from_toml(value, spot, reader).map(|count| Self(count.0.to_string()))
            }
            _ => Text::from_toml(value, spot, reader).map(|text| Self(text.0)),
        }
    }
}
