//! Lists of names, as people read them.

use std::fmt::Display;

/// Returns up to five names, and the number of further names.
pub fn listed<T: Display>(names: &[T]) -> String {
    first_of(names, 5, ", ")
}

/// Returns the first `most` names with `between` between them, and the number of further names.
pub fn first_of<T: Display>(names: &[T], most: usize, between: &str) -> String {
    let shown: Vec<String> = names.iter().take(most).map(T::to_string).collect();
    and_more(&shown.join(between), names.len().saturating_sub(most))
}

/// Returns a list of names, and the number of further names: `a, b and 3 more`.
pub fn and_more(shown: &str, further: usize) -> String {
    match further {
        0 => shown.to_owned(),
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&[1, 2, 3, 4, 5, 6, 7]), "1, 2, 3, 4, 5 and 2 more");
        assert_eq!(first_of(&["a", "b"], 2, " → "), "a → b");
    }
}
