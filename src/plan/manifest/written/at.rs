//! A value and where it was written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::plan::Place;

/// A value of the manifest with the place it was written at.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it begins.
    pub place: Place,
}

/// For the schema a value is what it is, wherever it stands.
impl<T: JsonSchema> JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A table whose keys are names that people choose, in the order they were written.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTable<T> {
    /// The entries that could be read.
    pub entries: Vec<(Located<String>, Located<T>)>,
    /// Names whose entry is wrong: they are known all the same.
    pub wrong: Vec<String>,
}

impl<T> Default for NamedTable<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            wrong: Vec::new(),
        }
    }
}

impl<T> NamedTable<T> {
    /// Whether there is an entry of this name, right or wrong.
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        let right = self.entries.iter().map(|(key, _)| key.value.as_str());
        right.chain(self.wrong.iter().map(String::as_str))
    }
}

impl<T: JsonSchema> JsonSchema for NamedTable<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }
}
