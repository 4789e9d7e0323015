//! Small helpers that facts share: lists for people, and default values omitted from the journal.

use std::fmt::Display;

/// Returns up to five names, and the number of further names.
pub fn listed<T: Display>(names: &[T]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(T::to_string).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(in crate::schedule) fn is_zero(lane: &u32) -> bool {
    *lane == 0
}
