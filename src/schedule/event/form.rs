//! How events are written and read: as an object with the event's name under `event`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fact::Event;
use super::person::person_fact::PersonFact;
use super::resolving::Resolving;
use super::why::because::Because;
use crate::plan::PlanName;

/// The prefix of all event names in [`Resolving`], and of no others.
const RESOLVING: &str = "resolve.";

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Resolve(fact) => fact.serialize(serializer),
            Self::Person(fact) => fact.serialize(serializer),
            // This calls the derived inherent function, not the trait method.
            _ => Self::serialize(self, serializer),
        }
    }
}

impl Event {
    /// A warning, about this plan or about none.
    pub fn warning(plan: Option<PlanName>, why: impl Into<Because>) -> Self {
        let why = why.into();
        Self::Warning { plan, why }
    }

    /// Reads the event with this name. Knowing the name avoids trying two enumerations, each with a copy of all fields, and
    /// halves the time it takes to read a journal.
    ///
    /// # Errors
    ///
    /// Returns an error when this version does not know the event, or its fields differ.
    pub fn read<'de, D: Deserializer<'de>>(name: &str, deserializer: D) -> Result<Self, D::Error> {
        if name.starts_with(RESOLVING) {
            Resolving::deserialize(deserializer).map(Self::Resolve)
        } else if PersonFact::is_name(name) {
            PersonFact::deserialize(deserializer).map(Self::Person)
        } else {
            Self::deserialize(deserializer)
        }
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

    #[test]
    fn facts_about_people_are_known_by_their_names() {
        for (name, _) in EVENT_NAMES {
            let said = serde_json::json!({ "event": name });
            let known = serde_json::from_value::<PersonFact>(said)
                .err()
                .is_none_or(|error| !error.to_string().starts_with("unknown variant"));
            assert_eq!(known, PersonFact::is_name(name), "{name}");
        }
    }
}
