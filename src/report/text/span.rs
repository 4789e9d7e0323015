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
