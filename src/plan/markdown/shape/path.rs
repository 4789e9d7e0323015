//! Words that look like paths.

use memchr::memchr2_iter;

/// Folders whose files are found anywhere in a text.
pub(in crate::plan::markdown) const FOLDERS: [&str; 5] = ["src/", "tests/", "docs/", "lib/", "scripts/"];
/// Ends of domain names, which are no folders.
const DOMAINS: [&str; 8] = [".com", ".org", ".net", ".io", ".dev", ".app", ".ai", ".edu"];
/// Words with a dot in them that are no files.
const ABBREVIATIONS: [&str; 4] = ["e.g", "i.e", "a.m", "p.m"];

/// The first mark that every path has: a slash, or a dot with a letter after it. Most lines have none.
pub(in crate::plan::markdown) fn mark(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr2_iter(b'/', b'.', bytes)
        .find(|at| bytes[*at] == b'/' || bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic))
}

/// A path that an annotation states, perhaps in backticks. Every path inside the repository is accepted.
pub(in crate::plan::markdown) fn stated(word: &str) -> Option<&str> {
    let word = word.trim_matches('`').trim();
    let word = word.strip_prefix("./").unwrap_or(word);
    let climbs = word.split('/').any(|part| part == "..");
    let is_path = !word.is_empty() && !word.starts_with(['/', '~', '-']) && !climbs;
    (is_path && !word.contains(char::is_whitespace)).then_some(word)
}

/// The path in a word, if the word looks like a file or a glob of files inside the repository.
pub(in crate::plan::markdown) fn path(word: &str) -> Option<&str> {
    let around = |c: char| {
        matches!(
            c,
            '(' | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '<'
                | '>'
                | '"'
                | '\''
                | '“'
                | '”'
                | '‘'
                | '’'
                | ','
                | ';'
                | ':'
                | '!'
                | '?'
        )
    };
    let word = word.trim_start_matches(around);
    // `user.save()` is a call.
    if word.contains('(') {
        return None;
    }
    let word = word
        .strip_suffix("'s")
        .or_else(|| word.strip_suffix("’s"))
        .unwrap_or(word);
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
    let top = word.split_once('/').map_or("", |(top, _)| top);
    let is_domain = DOMAINS
        .iter()
        .any(|end| top.len() > end.len() && top.ends_with(end));
    if is_domain || ABBREVIATIONS.contains(&word) {
        return None;
    }
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
