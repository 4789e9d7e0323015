//! Lists and times as people read them.

use std::fmt::Display;
use std::time::Duration;

use crate::plan::{PhaseId, format_duration, listed, spoken};

/// `1, 2, 3`.
pub(super) fn joined<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// `phase 1`, `phases 1, 2`.
pub fn phases(phases: &[PhaseId]) -> String {
    let noun = if phases.len() == 1 { "phase" } else { "phases" };
    format!("{noun} {}", listed(phases))
}

/// A duration, rounded for people.
pub fn rough(time: Duration) -> String {
    rough_ms(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// The same for milliseconds.
pub(super) fn rough_ms(ms: u64) -> String {
    match ms {
        0..1_000 => format_duration(Duration::from_millis(ms)),
        600_000..3_600_000 => format!("{}m", ms / 60_000),
        _ => spoken(Duration::from_millis(ms)),
    }
}

/// A program's message, as the first part of a sentence.
pub fn clause(said: &str) -> &str {
    said.trim_end().trim_end_matches(['.', ';', ','])
}

/// The output of a verification, with its first line and its last lines.
pub(super) fn shortened(why: &str) -> String {
    const LINES: usize = 6;
    let lines: Vec<&str> = why.lines().collect();
    match lines.as_slice() {
        [first, rest @ ..] if rest.len() > LINES => {
            format!("{first}\n{}", rest[rest.len() - LINES..].join("\n"))
        }
        _ => why.to_owned(),
    }
}
