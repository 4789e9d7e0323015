//! Durations and moments in a few characters.

use std::time::Duration;

use jiff::Timestamp;

pub use crate::plan::spoken as span;

/// How long ago a moment is: `7s ago`.
pub fn ago(moment: Timestamp) -> String {
    let passed = Timestamp::now().duration_since(moment);
    let passed = Duration::try_from(passed).unwrap_or_default();
    format!("{} ago", span(passed))
}
/// Milliseconds, with tenths for small numbers.
pub fn ms(milliseconds: u64) -> String {
    match milliseconds {
        0..10_000 => format!("{:.1}s", milliseconds as f64 / 1e3),
        longer => span(Duration::from_millis(longer)),
    }
}
