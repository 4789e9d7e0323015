//! Lists and times as people read them.

use std::fmt::Display;
use std::time::Duration;

use crate::plan::{format_duration, spoken};

/// `1, 2, 3`.
pub(super) fn joined<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// Up to five of them, and how many more there are.
pub(super) fn few<T: Display>(items: &[T]) -> String {
    const SHOWN: usize = 5;
    match items.len().saturating_sub(SHOWN) {
        0 => joined(items),
        more => format!("{} and {more} more", joined(&items[..SHOWN])),
    }
}

/// A duration without digits that nobody reads.
pub fn rough(time: Duration) -> String {
    match time.as_secs() {
        0 => format_duration(Duration::from_millis(
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        )),
        600..3_600 => format!("{}m", time.as_secs() / 60),
        _ => spoken(time),
    }
}

/// What a program said, as the first part of a sentence.
pub fn clause(said: &str) -> &str {
    said.trim_end().trim_end_matches(['.', ';', ','])
}
