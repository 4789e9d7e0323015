//! Whether a merge kept the lines that its two sides added, by counting lines.

use std::collections::BTreeMap;

/// One file in the common ancestor, on both sides and in the merge. A text is empty when the file does not exist there.
#[derive(Debug, Clone, Copy)]
pub struct FileSides<'a> {
    /// The common ancestor.
    pub base: &'a str,
    /// The target.
    pub ours: &'a str,
    /// The plan's branch.
    pub theirs: &'a str,
    /// The merge.
    pub merged: &'a str,
}

/// The lines that a side added and the merge lacks, each once, in the order of the sides. Occurrences are counted, so a line
/// that the other side removed is not reported. Blank lines and blanks around a line do not count, so that a line that was only
/// moved or indented counts as kept.
pub fn vanished(sides: FileSides<'_>) -> Vec<String> {
    let (base, merged) = (counted(sides.base), counted(sides.merged));
    let texts = [sides.ours, sides.theirs];
    let counts = texts.map(counted);
    let of = |counts: &BTreeMap<&str, i64>, line: &str| counts.get(line).copied().unwrap_or(0);
    let mut missing: Vec<String> = Vec::new();
    for (side, other) in [(0, 1), (1, 0)] {
        for line in lines(texts[side]) {
            let (before, here) = (of(&base, line), of(&counts[side], line));
            let taken_away = (before - of(&counts[other], line)).max(0);
            let due = here - taken_away;
            if here > before && of(&merged, line) < due && !missing.iter().any(|known| known == line) {
                missing.push(line.to_owned());
            }
        }
    }
    missing
}

/// The lines that a side removed and the merge still has, each once, in the order of the ancestor. Occurrences are counted as
/// in [`vanished`]. Lines without letters or digits, such as a brace, are ignored: they occur in too many places to mean
/// anything.
pub fn returned(sides: FileSides<'_>) -> Vec<String> {
    let [base, ours, theirs, merged] = [sides.base, sides.ours, sides.theirs, sides.merged].map(counted);
    let of = |counts: &BTreeMap<&str, i64>, line: &str| counts.get(line).copied().unwrap_or(0);
    let mut back: Vec<String> = Vec::new();
    for line in lines(sides.base).filter(|line| line.chars().any(char::is_alphanumeric)) {
        let (before, one, two) = (of(&base, line), of(&ours, line), of(&theirs, line));
        if one >= before && two >= before {
            continue;
        }
        let due = if one < before && two < before {
            one.min(two)
        } else {
            one + two - before
        };
        if of(&merged, line) > due && !back.iter().any(|known| known == line) {
            back.push(line.to_owned());
        }
    }
    back
}

/// True when one line of the text is exactly `line`, apart from marks of a list, a quotation or code around it.
pub fn speaks_of(text: &str, line: &str) -> bool {
    let marks = |c: char| matches!(c, '-' | '+' | '*' | '>' | '`') || c.is_whitespace();
    let bare = |text: &str| text.trim_matches(marks).to_owned();
    let wanted = bare(line);
    let mut lines = text.lines();
    lines.any(|found| found.trim() == line.trim() || (!wanted.is_empty() && bare(found) == wanted))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn counted(text: &str) -> BTreeMap<&str, i64> {
    let mut counts = BTreeMap::new();
    for line in lines(text) {
        *counts.entry(line).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(base: &str, ours: &str, theirs: &str, merged: &str) -> Vec<String> {
        vanished(FileSides {
            base,
            ours,
            theirs,
            merged,
        })
    }

    #[test]
    fn what_both_sides_added_has_to_be_there() {
        let merged = "a\nours\ntheirs\nb\n";
        assert!(of("a\nb\n", "a\nours\nb\n", "a\ntheirs\nb\n", merged).is_empty());
        assert_eq!(
            of("a\nb\n", "a\nours\nb\n", "a\ntheirs\nb\n", "a\nours\nb\n"),
            ["theirs"]
        );
        assert_eq!(of("", "x\n", "y\n", ""), ["x", "y"]);
    }

    #[test]
    fn what_stood_there_before_or_was_taken_away_by_the_other_side_is_not_missed() {
        assert!(of("a\nb\n", "a\nb\n", "b\n", "b\n").is_empty());
        // One side removes a block, the other side adds one: one brace goes, one comes.
        let base = "f {\n}\ng {\n}\n";
        let ours = "f {\n}\ng {\n}\nh {\n}\n";
        let theirs = "g {\n}\n";
        assert!(of(base, ours, theirs, "g {\n}\nh {\n}\n").is_empty());
        assert_eq!(of(base, ours, theirs, "g {\n}\n"), ["}", "h {"]);
    }

    #[test]
    fn what_one_side_took_away_may_not_be_there_again() {
        let back = |base, ours, theirs, merged| {
            returned(FileSides {
                base,
                ours,
                theirs,
                merged,
            })
        };
        assert_eq!(back("a\nb\nc\n", "a\nB\nb\nc\n", "a\nc\n", "a\nB\nb\nc\n"), ["b"]);
        assert!(back("a\nb\nc\n", "a\nB\nb\nc\n", "a\nc\n", "a\nB\nc\n").is_empty());
        // Both sides changed the line.
        assert!(back("a\n", "b\n", "c\n", "b\nc\n").is_empty());
        assert_eq!(back("a\n", "b\n", "c\n", "a\nb\nc\n"), ["a"]);
        // A line that the other side added again or moved belongs to that side.
        assert!(back("a\n", "a\na\n", "", "a\n").is_empty());
        assert!(back("a\nb\n", "b\na\n", "a\nb\nc\n", "b\na\nc\n").is_empty());
        assert!(back("}\nx\n}\n", "}\nx\n}\ny\n", "x\n}\n", "}\nx\n}\ny\n").is_empty());
    }

    #[test]
    fn the_same_addition_on_both_sides_is_needed_once() {
        assert!(of("", "import x\n", "import x\n", "import x\n").is_empty());
        // A line that one side added twice is needed twice.
        assert_eq!(of("", "x\nx\n", "", "x\n"), ["x"]);
    }

    #[test]
    fn a_line_is_spoken_of_when_it_stands_there_as_a_whole() {
        let text = "# Left out\n\n- `let a = 1;`\n> use b;\n}\n\nThe target has them.\n";
        for line in ["let a = 1;", "use b;", "}"] {
            assert!(speaks_of(text, line), "{line}");
        }
        for line in ["let a", "The target", "{", "--"] {
            assert!(!speaks_of(text, line), "{line}");
        }
    }

    #[test]
    fn moving_and_indenting_change_nothing() {
        assert!(
            of(
                "",
                "  let a = 1;\n",
                "let b = 2;\n",
                "{\n\tlet b = 2;\n    let a = 1;  \n}\n"
            )
            .is_empty()
        );
    }
}
