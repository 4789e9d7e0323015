//! One entry of the database, read as an event from its columns without copying them.

use std::array;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::schedule::Event;

use super::record::Columns;

/// The columns of an entry that an event is read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct JournalEntry<'r> {
    /// The event's name.
    pub event: &'r str,
    /// The plan.
    pub plan: Option<&'r str>,
    /// The phase.
    pub phase: Option<u32>,
    /// The task or sub-task.
    pub task: Option<&'r str>,
    /// The attempt.
    pub attempt: Option<&'r str>,
    /// Everything else, as a JSON object.
    pub data: &'r str,
}

impl<'r> JournalEntry<'r> {
    /// The entry of an event that was split into columns, with its data as they are written.
    pub fn of(columns: &'r Columns, data: &'r str) -> Self {
        Self {
            event: &columns.event,
            plan: columns.plan.as_deref(),
            phase: columns.phase,
            task: columns.task.as_deref(),
            attempt: columns.attempt.as_deref(),
            data,
        }
    }

    /// Reads the event.
    ///
    /// # Errors
    ///
    /// When the columns do not form an event that this version knows.
    pub fn read(self) -> Result<Event, serde_json::Error> {
        // One message for all, because the details differ with the way in which an event is read.
        let unknown = |_| serde_json::Error::custom("data did not match any variant of untagged enum Event");
        Event::read(self.event, self).map_err(unknown)
    }

    /// Checks that the data are a JSON object.
    ///
    /// # Errors
    ///
    /// When they are not a JSON object.
    pub fn check_data(&self) -> Result<(), serde_json::Error> {
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(self.data).map(drop)
    }
}

/// The value of a column.
#[derive(Debug, Clone, Copy)]
enum ColumnValue<'r> {
    Text(&'r str),
    Number(u32),
}

/// The columns other than the data, under the names of the event's fields.
type ColumnFields<'r> = array::IntoIter<(&'static str, Option<ColumnValue<'r>>), 5>;

impl<'r> Deserializer<'r> for JournalEntry<'r> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let beside = [
            ("event", Some(ColumnValue::Text(self.event))),
            ("plan", self.plan.map(ColumnValue::Text)),
            ("task", self.task.map(ColumnValue::Text)),
            ("attempt", self.attempt.map(ColumnValue::Text)),
            ("phase", self.phase.map(ColumnValue::Number)),
        ];
        let mut data = serde_json::Deserializer::from_str(self.data);
        let event = data.deserialize_map(Whole {
            beside: beside.into_iter(),
            visitor,
        })?;
        data.end()?;
        Ok(event)
    }

    forward_to_deserialize_any! {
        <W: Visitor<'r>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Gives the columns to a visitor of an event before the data.
struct Whole<'r, V> {
    beside: ColumnFields<'r>,
    visitor: V,
}

impl<'r, V: Visitor<'r>> Visitor<'r> for Whole<'r, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.visitor.expecting(formatter)
    }

    fn visit_map<A: MapAccess<'r>>(self, data: A) -> Result<Self::Value, A::Error> {
        self.visitor.visit_map(Fields {
            beside: self.beside,
            said: None,
            data,
        })
    }
}

/// The fields of an event.
struct Fields<'r, A> {
    beside: ColumnFields<'r>,
    /// The value of the column whose name was given last.
    said: Option<ColumnValue<'r>>,
    data: A,
}

impl<'r, A: MapAccess<'r>> MapAccess<'r> for Fields<'r, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'r>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        for (name, said) in self.beside.by_ref() {
            if said.is_some() {
                self.said = said;
                return seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some);
            }
        }
        self.data.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'r>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match self.said.take() {
            Some(ColumnValue::Text(text)) => seed.deserialize(BorrowedStrDeserializer::new(text)),
            Some(ColumnValue::Number(number)) => seed.deserialize(u64::from(number).into_deserializer()),
            None => self.data.next_value_seed(seed),
        }
    }
}
