//! The files that a task's text names.

use std::collections::BTreeSet;

const FOLDERS: [&str; 5] = ["src/", "tests/", "docs/", "lib/", "scripts/"];
const VERBS: [&str; 5] = ["create", "modify", "update", "edit", "in"];

/// Files in backticks, under one of the usual folders, or behind a verb of making and changing; in order of mention,
/// without repeats. Fenced blocks are passed over.
pub(super) fn files(texts: &[&str]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut fenced = false;
    for line in texts.iter().flat_map(|text| text.lines()) {
        let bare = line.trim_start();
        if bare.starts_with("```") || bare.starts_with("~~~") {
            fenced = !fenced;
        } else if !fenced {
            for file in of_line(line) {
                if seen.insert(file.clone()) {
                    found.push(file);
                }
            }
        }
    }
    found
}

fn of_line(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after_verb = false;
    for (number, piece) in line.split('`').enumerate() {
        if number % 2 == 1 {
            let is_one_word = !piece.contains(char::is_whitespace);
            found.extend(path(piece).filter(|_| is_one_word));
            after_verb = false;
            continue;
        }
        for word in piece.split_whitespace() {
            let usual = FOLDERS
                .iter()
                .any(|folder| word.trim_start_matches(['(', '[', '"', '/']).starts_with(folder));
            if usual || after_verb {
                found.extend(path(word));
            }
            let letters = word
                .trim_matches(|c: char| !c.is_alphabetic())
                .to_ascii_lowercase();
            after_verb = VERBS.contains(&letters.as_str());
        }
    }
    found
}

/// The path that a word is, if it looks like a file or a glob of files inside the repository.
fn path(word: &str) -> Option<String> {
    let around = |c: char| "()[]{}<>\"',;:!?".contains(c);
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
    let allowed = |c: char| c.is_alphanumeric() || "/._-+@*".contains(c);
    if word.is_empty() || word.starts_with(['/', '-']) || word.contains("..") || !word.chars().all(allowed) {
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
    (has_extension || usual).then(|| word.to_owned())
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
    fn what_is_not_a_file_is_left() {
        for text in [
            "Call `getNext()` and `a b.rs`",
            "version 1.2 in general",
            "write `~/.bashrc` and `/etc/passwd` and `../x.rs`",
            "see https://example.com/a.html",
            "`2.1`",
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
