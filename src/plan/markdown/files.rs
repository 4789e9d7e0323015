//! The files that a task's text names.

use std::collections::BTreeSet;

use memchr::{memchr, memchr2_iter, memrchr};

use super::shape::item::split_line;

const FOLDERS: [&str; 5] = ["src/", "tests/", "docs/", "lib/", "scripts/"];
/// Verbs of making and changing, in the forms that plans use, and the word `in`.
const VERBS: [&str; 17] = [
    "create",
    "creates",
    "created",
    "creating",
    "modify",
    "modifies",
    "modified",
    "modifying",
    "update",
    "updates",
    "updated",
    "updating",
    "edit",
    "edits",
    "edited",
    "editing",
    "in",
];

/// The files that the texts name: in backticks, in one of the usual folders, or after a verb of making and changing, with the
/// files that a list names after them. They are in order of mention, without duplicates. Fenced blocks are skipped.
pub(super) fn files(texts: &[&str]) -> Vec<String> {
    let mut found = FoundPaths::default();
    let mut fenced = false;
    for text in texts {
        // Only lines with the mark of a path are read, and the fences between them.
        let has_fences = memchr2_iter(b'`', b'~', text.as_bytes())
            .any(|at| text[at..].starts_with("```") || text[at..].starts_with("~~~"));
        let mut below = 0;
        while let Some(mark) = mark(&text[below..]) {
            let mark = below + mark;
            let start = memrchr(b'\n', &text.as_bytes()[below..mark]).map_or(below, |at| below + at + 1);
            let (line, rest) = split_line(&text[start..]);
            if has_fences {
                fenced ^= fences(&text[below..start]);
            }
            below = text.len() - rest.len();
            if is_fence(line) {
                fenced = !fenced;
            } else if !fenced {
                of_line(line, &mut found);
            }
        }
        if has_fences {
            fenced ^= fences(&text[below..]);
        }
    }
    found.files.into_iter().map(str::to_owned).collect()
}

fn is_fence(line: &str) -> bool {
    let bare = line.trim_start();
    bare.starts_with("```") || bare.starts_with("~~~")
}

/// True when an odd number of these lines are fences.
fn fences(lines: &str) -> bool {
    lines.lines().filter(|line| is_fence(line)).count() % 2 == 1
}

/// The files found so far, without duplicates.
#[derive(Default)]
struct FoundPaths<'t> {
    files: Vec<&'t str>,
    seen: BTreeSet<&'t str>,
}

impl<'t> FoundPaths<'t> {
    fn add(&mut self, file: Option<&'t str>) {
        if let Some(file) = file
            && self.seen.insert(file)
        {
            self.files.push(file);
        }
    }
}

/// The first mark that every path has: a slash, or a dot with a letter after it. Most lines have none.
fn mark(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr2_iter(b'/', b'.', bytes)
        .find(|at| bytes[*at] == b'/' || bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic))
}

fn of_line<'t>(line: &'t str, found: &mut FoundPaths<'t>) {
    let mut rest = line;
    let mut in_code = false;
    loop {
        let end = memchr(b'`', rest.as_bytes());
        let piece = &rest[..end.unwrap_or(rest.len())];
        if mark(piece).is_none() {
        } else if in_code {
            of_code(piece, found);
        } else {
            of_prose(piece, found);
        }
        let Some(end) = end else { return };
        rest = &rest[end + 1..];
        in_code = !in_code;
    }
}

/// Adds a path, or every path of a list. Text with anything else in it adds nothing.
fn of_code<'t>(text: &'t str, found: &mut FoundPaths<'t>) {
    let parts = text.split(',').map(str::trim);
    let is_path = |part: &str| !part.contains(char::is_whitespace) && path(part).is_some();
    if parts.clone().all(is_path) {
        parts.for_each(|part| found.add(path(part)));
    }
}

fn of_prose<'t>(text: &'t str, found: &mut FoundPaths<'t>) {
    let mut before = "";
    // Whether the previous word was a path, and whether a list of paths continues.
    let (mut is_path, mut in_list) = (false, false);
    for word in text.split_whitespace() {
        if matches!(word, "and" | "or" | "&") && (is_path || in_list) {
            (is_path, in_list) = (false, true);
        } else {
            let is_named = mark(word).is_some() && (in_list || is_usual(word) || is_verb(before));
            let file = path(word).filter(|_| is_named);
            is_path = file.is_some();
            in_list = is_path && word.ends_with(',');
            found.add(file);
        }
        before = word;
    }
}

/// True when a word begins with one of the usual folders, perhaps after a bracket.
fn is_usual(word: &str) -> bool {
    let bare = word.trim_start_matches(['(', '[', '"', '/']);
    FOLDERS.iter().any(|folder| bare.starts_with(folder))
}

fn is_verb(word: &str) -> bool {
    let letters = word.trim_matches(|c: char| !c.is_alphabetic());
    VERBS.iter().any(|verb| letters.eq_ignore_ascii_case(verb))
}

/// A path that an annotation states, perhaps in backticks. Every path inside the repository is accepted.
pub(super) fn stated(word: &str) -> Option<&str> {
    let word = word.trim_matches('`').trim();
    let word = word.strip_prefix("./").unwrap_or(word);
    let climbs = word.split('/').any(|part| part == "..");
    let is_path = !word.is_empty() && !word.starts_with(['/', '~', '-']) && !climbs;
    (is_path && !word.contains(char::is_whitespace)).then_some(word)
}

/// The path in a word, if the word looks like a file or a glob of files inside the repository.
fn path(word: &str) -> Option<&str> {
    let around = |c: char| {
        matches!(
            c,
            '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '"' | '\'' | ',' | ';' | ':' | '!' | '?'
        )
    };
    let word = word.trim_start_matches(around);
    let word = word.trim_end_matches(|c| c == '.' || around(c));
    let word = match word.rsplit_once(':') {
        Some((front, line)) if !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()) => front,
        _ => word,
    };
    let rooted = word
        .strip_prefix('/')
        .filter(|rest| FOLDERS.iter().any(|folder| rest.starts_with(folder)));
    let word = rooted.unwrap_or(word);
    let word = word.strip_prefix("./").unwrap_or(word);
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | '*');
    let climbs = word.as_bytes().windows(2).any(|pair| pair == b"..");
    if word.is_empty() || word.starts_with(['/', '-']) || climbs || !word.chars().all(allowed) {
        return None;
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    let has_extension = name.rsplit_once('.').is_some_and(|(_, extension)| {
        (1..=8).contains(&extension.len())
            && extension.starts_with(|c: char| c.is_ascii_alphabetic())
            && extension.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    let usual = FOLDERS
        .iter()
        .any(|folder| word.starts_with(folder) && word.len() > folder.len());
    (has_extension || usual).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_their_places() {
        let text = "Create `src/auth/token.rs` and modify config.toml, see src/lib.rs:12 (tests/it.rs).";
        assert_eq!(
            files(&[text]),
            ["src/auth/token.rs", "config.toml", "src/lib.rs", "tests/it.rs"]
        );
    }

    #[test]
    fn files_are_found_behind_every_form_of_a_verb_and_in_lists() {
        for (text, found) in [
            ("Fix it by modifying foo.py", &["foo.py"] as &[&str]),
            ("creates x/y.ts", &["x/y.ts"]),
            ("Edited a.rs, then updates b.rs", &["a.rs", "b.rs"]),
            (
                "Modify foo.py, bar.py and baz.py",
                &["foo.py", "bar.py", "baz.py"],
            ),
            ("Update foo.py, see bar.py", &["foo.py"]),
            ("`foo.py, bar.py`", &["foo.py", "bar.py"]),
            ("in src/a.rs and b.rs", &["src/a.rs", "b.rs"]),
        ] {
            assert_eq!(files(&[text]), found, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_file_is_left() {
        for text in [
            "Call `getNext()` and `a b.rs`",
            "version 1.2 in general",
            "write `~/.bashrc` and `/etc/passwd` and `../x.rs`",
            "see https://example.com/a.html",
            "`2.1`",
            "`a.rs, then b.rs` and `x, y.z w`",
            "created by Smith, a.rs",
            "```\nsrc/a.rs\n```",
        ] {
            assert_eq!(files(&[text]), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_file_is_named_once() {
        assert_eq!(files(&["`a.rs`", "update a.rs\n`a.rs`"]), ["a.rs"]);
    }
}
