//! Files, folders and patterns that can mean the same file.

use std::collections::BTreeSet;

/// Returns true for a name that can cover more than one file.
pub fn is_wide(file: &str) -> bool {
    file.ends_with('/') || is_pattern(file)
}

/// Returns true when a folder or pattern covers a file, or can match a file that another folder or pattern matches too. `*` and
/// `?` stop at `/`, and `**` crosses it. A class `[…]` is taken to match any one character.
pub fn covers(wide: &str, file: &str) -> bool {
    if wide == file {
        return true;
    }
    let (head, other) = (literal_head(wide), literal_head(file));
    // Most names differ in their literal part.
    let may = head.starts_with(other) || other.starts_with(head);
    may && is_wide(wide) && (is_wide(file) || other.len() >= head.len()) && meet(&parts(wide), &parts(file))
}

/// The files that two lists of files, folders and patterns have in common. A file that one of them only matches is followed by
/// what matches it: `src/a.rs (src/*.rs)`.
pub fn common_files<'f>(
    one: impl IntoIterator<Item = &'f str>,
    other: impl IntoIterator<Item = &'f str> + Clone,
) -> Vec<String> {
    let pairs = one
        .into_iter()
        .flat_map(|own| other.clone().into_iter().map(move |other| (own, other)));
    let pairs: Vec<(&str, &str)> = pairs
        .filter(|(own, other)| covers(own, other) || covers(other, own))
        .collect();
    let same: BTreeSet<&str> = pairs
        .iter()
        .filter(|(own, other)| own == other)
        .map(|(own, _)| *own)
        .collect();
    let mut found: Vec<String> = Vec::new();
    for (own, other) in pairs {
        let name = if own == other {
            own.to_owned()
        } else if same.contains(own) || same.contains(other) {
            continue;
        } else if is_wide(own) && literal_head(own).len() <= literal_head(other).len() {
            format!("{other} ({own})")
        } else {
            format!("{own} ({other})")
        };
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Returns the literal prefix of every path that a folder or pattern covers.
pub(in crate::graph) fn literal_head(wide: &str) -> &str {
    &wide[..wide.find(['*', '?', '[']).unwrap_or(wide.len())]
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GlobPart {
    /// This character.
    Char(char),
    /// Any one character but `/`.
    One,
    /// Any characters but `/`.
    Star,
    /// Any characters.
    Deep,
    /// `**/`: any folders, or none. The two parts behind it are `Deep` and `/`.
    Folders,
}

/// The parts of a pattern. A folder is a pattern of everything in it.
fn parts(text: &str) -> Vec<GlobPart> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // `**` is more than `*` only as a whole folder.
        let begins = parts.last().is_none_or(|last| *last == GlobPart::Char('/'));
        let (part, length) = match first {
            '*' if begins && rest.starts_with("**/") => {
                parts.extend([GlobPart::Folders, GlobPart::Deep]);
                (GlobPart::Char('/'), 3)
            }
            '*' if begins && rest == "**" => (GlobPart::Deep, 2),
            '*' => (GlobPart::Star, 1),
            '?' => (GlobPart::One, 1),
            '[' => (GlobPart::One, rest.find(']').map_or(1, |end| end + 1)),
            own => (GlobPart::Char(own), own.len_utf8()),
        };
        parts.push(part);
        rest = &rest[length..];
    }
    if text.ends_with('/') {
        parts.push(GlobPart::Deep);
    }
    parts
}

/// Returns true when some text matches both patterns. Takes time in proportion to the product of their lengths.
fn meet(one: &[GlobPart], other: &[GlobPart]) -> bool {
    let width = other.len() + 1;
    let mut seen = vec![false; (one.len() + 1) * width];
    // Pairs of positions that some text leads to.
    let mut open = vec![(0, 0)];
    while let Some((a, b)) = open.pop() {
        if std::mem::replace(&mut seen[a * width + b], true) {
            continue;
        }
        if (a, b) == (one.len(), other.len()) {
            return true;
        }
        let (x, y) = (one.get(a).copied(), other.get(b).copied());
        open.extend(skipped(x).map(|step| (a + step, b)));
        open.extend(skipped(y).map(|step| (a, b + step)));
        if let (Some(x), Some(y)) = (x, y)
            && is_common(x, y)
        {
            let step = |part| usize::from(!matches!(part, GlobPart::Star | GlobPart::Deep));
            open.push((a + step(x), b + step(y)));
        }
    }
    false
}

/// How many parts may match nothing, from this part on.
fn skipped(part: Option<GlobPart>) -> impl Iterator<Item = usize> {
    let steps: &[usize] = match part {
        Some(GlobPart::Star | GlobPart::Deep) => &[1],
        Some(GlobPart::Folders) => &[1, 3],
        Some(GlobPart::Char(_) | GlobPart::One) | None => &[],
    };
    steps.iter().copied()
}

/// Returns true when some character matches both parts.
fn is_common(one: GlobPart, other: GlobPart) -> bool {
    match (one, other) {
        (GlobPart::Folders, _) | (_, GlobPart::Folders) => false,
        (GlobPart::Char(one), GlobPart::Char(other)) => one == other,
        (GlobPart::Char(own), part) | (part, GlobPart::Char(own)) => own != '/' || part == GlobPart::Deep,
        (
            GlobPart::One | GlobPart::Star | GlobPart::Deep,
            GlobPart::One | GlobPart::Star | GlobPart::Deep,
        ) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folders_and_patterns_cover_what_is_in_them() {
        for (wide, file) in [
            ("src/", "src/a.rs"),
            ("src/", "src/a/b.rs"),
            ("src/**/*.rs", "src/a/b.rs"),
            ("src/**/*.rs", "src/a.rs"),
            ("src/*.rs", "src/a.rs"),
            ("**/*.rs", "a.rs"),
            ("src/**", "src/auth/*.rs"),
            ("src/auth/*.rs", "src/**"),
            ("src/*_test.rs", "src/a*.rs"),
            ("src/[ab].rs", "src/b.rs"),
            ("src/", "src/**/x.rs"),
            ("src/**/b/*.rs", "src/a/**/c.rs"),
        ] {
            assert!(covers(wide, file), "{wide} {file}");
        }
        for (wide, file) in [
            ("src/", "srcs/a.rs"),
            ("src/*.rs", "docs/a.rs"),
            ("src/*.rs", "src/db/x.rs"),
            ("src/?.rs", "src/db.rs"),
            ("src/a.rs", "src/b.rs"),
            ("docs/**", "src/*.rs"),
            ("src/*.rs", "src/*.ts"),
            ("src/*.rs", "src/db/*.rs"),
            ("src/a*.rs", "src/b*.rs"),
            ("src/**/x.rs", "src/*/y.rs"),
        ] {
            assert!(!covers(wide, file), "{wide} {file}");
        }
    }

    #[test]
    fn common_files_name_the_file_and_what_matches_it() {
        let common = |one: &[&'static str], other: &[&'static str]| {
            common_files(one.iter().copied(), other.iter().copied()).join(", ")
        };
        assert_eq!(common(&["src/a.rs", "b.rs"], &["b.rs", "c.rs"]), "b.rs");
        assert_eq!(common(&["src/a.rs"], &["src/*.rs"]), "src/a.rs (src/*.rs)");
        assert_eq!(
            common(&["src/*.rs"], &["src/b.rs", "src/a.rs"]),
            "src/b.rs (src/*.rs), src/a.rs (src/*.rs)"
        );
        assert_eq!(common(&["src/**"], &["src/db/*.rs"]), "src/db/*.rs (src/**)");
        assert_eq!(
            common(&["src/*.rs", "src/a.rs"], &["src/*.rs", "src/a.rs"]),
            "src/*.rs, src/a.rs"
        );
        assert_eq!(common(&["src/*.rs"], &["src/db/x.rs"]), "");
    }

    proptest! {
        #[test]
        fn files_are_matched_as_globset_matches_them(pattern in "[ab?*/]{1,7}", file in "[ab]{1,2}(/[ab]{1,2}){0,3}") {
            let is_odd = pattern.contains("//") || pattern.ends_with('/') || !is_wide(&pattern);
            prop_assume!(!is_odd);
            let glob = globset::GlobBuilder::new(&pattern).literal_separator(true).build().unwrap();
            prop_assert_eq!(covers(&pattern, &file), glob.compile_matcher().is_match(&file));
        }
    }

    #[test]
    fn a_pattern_of_stars_takes_no_exponential_time() {
        let stars = "*a".repeat(500);
        assert!(!covers(&format!("{stars}b"), &format!("{stars}c")));
    }
}
