//! Lists and times as people read them.

use std::fmt::Display;
use std::time::Duration;

use crate::schedule;

/// `1, 2, 3`.
pub(super) fn joined<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// A duration, rounded for people.
pub fn rough(time: Duration) -> String {
    schedule::rough(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// A program's message, as the first part of a sentence.
pub fn clause(said: &str) -> &str {
    said.trim_end().trim_end_matches(['.', ';', ','])
}
