//! Lists of names, as people read them.

use std::fmt::Display;

/// Returns up to five names, and the number of further names.
pub fn listed<T: Display>(names: &[T]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(T::to_string).collect();
    and_more(&shown.join(", "), names.len().saturating_sub(SHOWN))
}

/// Returns a list of names, and the number of further names: `a, b and 3 more`.
pub fn and_more(shown: &str, further: usize) -> String {
    match further {
        0 => shown.to_owned(),
        more => format!("{shown} and {more} more"),
    }
}
