//! The form in which events are written and read: an object with the event's name under `event`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fact::Event;
use super::lead::review::Reviewing;
use super::resolving::Resolving;

/// The beginning of all names of [`Resolving`], and of no others.
const RESOLVING: &str = "resolve.";

/// The beginning of all names of [`Reviewing`], and of no others.
const REVIEWING: &str = "review.";

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Resolve(fact) => fact.serialize(serializer),
            Self::Review(fact) => fact.serialize(serializer),
            // The derived function, which is no method of the trait.
            _ => Self::serialize(self, serializer),
        }
    }
}

impl Event {
    /// Reads the event of this name. To be told the name spares it to go through two enumerations, each with a copy of
    /// all fields: a journal is read in half the time.
    ///
    /// # Errors
    ///
    /// When this version knows no such event, or it has other fields.
    pub fn read<'de, D: Deserializer<'de>>(name: &str, deserializer: D) -> Result<Self, D::Error> {
        let read = if name.starts_with(RESOLVING) {
            Resolving::deserialize(deserializer).map(Self::Resolve)
        } else if name.starts_with(REVIEWING) {
            Reviewing::deserialize(deserializer).map(Self::Review)
        } else {
            Self::deserialize(deserializer)
        };
        read.map_err(|_| D::Error::custom("data did not match any variant of untagged enum Event"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::event::names::EVENT_NAMES;

    #[test]
    fn only_facts_about_a_conflict_have_names_that_begin_like_theirs() {
        for (name, _) in EVENT_NAMES {
            let said = serde_json::json!({ "event": name });
            let known = serde_json::from_value::<Resolving>(said)
                .err()
                .is_none_or(|error| !error.to_string().starts_with("unknown variant"));
            assert_eq!(known, name.starts_with(RESOLVING), "{name}");
        }
    }
}
