//! The files that a task's text names.

use std::collections::BTreeSet;

use memchr::{memchr, memchr2_iter, memrchr};

use super::prose::Sentence;
use super::shape::item::split_line;
use super::shape::path::{mark, path};

/// The files that the texts name: in backticks, in one of the usual folders, or in prose that says they are changed. They are in
/// order of mention, without duplicates. Fenced blocks are skipped.
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

fn of_line<'t>(line: &'t str, found: &mut FoundPaths<'t>) {
    let mut rest = line;
    let mut in_code = false;
    let mut sentence = Sentence::default();
    loop {
        let end = memchr(b'`', rest.as_bytes());
        let piece = &rest[..end.unwrap_or(rest.len())];
        if in_code {
            sentence.code(of_code(piece, found));
        } else {
            for word in piece.split_whitespace() {
                found.add(sentence.word(word));
            }
        }
        let Some(end) = end else { return };
        rest = &rest[end + 1..];
        in_code = !in_code;
    }
}

/// Adds a path, or every path of a list. Text with anything else in it adds nothing. Returns true when something was added.
fn of_code<'t>(text: &'t str, found: &mut FoundPaths<'t>) -> bool {
    let parts = text.split(',').map(str::trim);
    let is_path = |part: &str| !part.contains(char::is_whitespace) && path(part).is_some();
    let all = mark(text).is_some() && parts.clone().all(is_path);
    if all {
        parts.for_each(|part| found.add(path(part)));
    }
    all
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
            ("`a.rs` and b.rs", &["a.rs", "b.rs"]),
            ("Add a check to foo.py", &["foo.py"]),
            ("Add `Token` to foo.py", &["foo.py"]),
            ("Add foo.py", &["foo.py"]),
            ("Write foo.py", &["foo.py"]),
            ("Extend foo.py", &["foo.py"]),
            ("Remove foo.py", &["foo.py"]),
            ("Remove the cache from foo.py", &["foo.py"]),
            ("Change the limit in foo.py", &["foo.py"]),
            ("Change foo.py's limit", &["foo.py"]),
            ("Refactor foo.py.", &["foo.py"]),
            ("Rename foo.py to bar.py", &["foo.py", "bar.py"]),
            ("The helpers are moved into foo.py", &["foo.py"]),
            ("File: foo.py", &["foo.py"]),
            ("**Files:** a.py, b.py", &["a.py", "b.py"]),
            ("foo.py: add a check", &["foo.py"]),
            ("- foo.py: add a check", &["foo.py"]),
            ("**foo.py**", &["foo.py"]),
            ("**foo.py:** add a check", &["foo.py"]),
            ("**Update foo.py**", &["foo.py"]),
            ("[foo](foo.py)", &["foo.py"]),
            ("Add a check to [the parser](lib/foo.py#L3)", &["lib/foo.py"]),
            ("Implement x (foo.py)", &["foo.py"]),
            ("Implement x (foo.py, bar.py)", &["foo.py", "bar.py"]),
            ("Read x.md, then update foo.py", &["foo.py"]),
            ("Update **/*.rs", &["**/*.rs"]),
            ("Add a section to the file GUIDE.md", &["GUIDE.md"]),
            ("Files: `a.py`, b.py", &["a.py", "b.py"]),
            ("Convert a.js to a.ts", &["a.js", "a.ts"]),
            ("Merge a.py into b.py", &["a.py", "b.py"]),
            ("Update “foo.py” and bar.py’s limit", &["foo.py", "bar.py"]),
            ("Update Cargo.lock and .env", &["Cargo.lock", ".env"]),
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
            "Add limits, e.g. in e.g. 3 places, i.e. few",
            "Update Node.js and move to Next.js (Vue.js)",
            "Upgrade to v1.2 (v2.x), change 18.x",
            "Add a form to example.com (example.com), fix example.com/a.html",
            "Call user.save() in user.save and update user.name",
            "`user.save()`",
            "Write it like foo.py, as in bar.py, according to baz.py",
            "Write tests for foo.py",
            "Compare the result to foo.py",
            "Load the settings from foo.py",
            "See [the guide](guide.md) and **foo.py**",
            "Read the settings (foo.toml)",
            "Review **foo.py**",
            "Filter by pattern (*.js, *.ts)",
            "Parse the style guide (GUIDE.md)",
            "Build a page with React/Node.js (React/Node.js)",
            "Fix .NET and all .md files",
        ] {
            assert_eq!(files(&[text]), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_file_is_named_once() {
        assert_eq!(files(&["`a.rs`", "update a.rs\n`a.rs`"]), ["a.rs"]);
    }
}
