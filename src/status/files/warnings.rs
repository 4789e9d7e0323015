//! The warnings of one reading: stable texts, each once, and a limited number.

use crate::plan::is_unprintable;

/// How many warnings about single entries one reading gives.
const LIMIT: usize = 12;
/// How many characters of a foreign text are quoted.
const QUOTE: usize = 40;

/// Collects warnings. Callers tell old from new warnings by the text, so a text contains no counts, positions or times.
#[derive(Debug, Default)]
pub(in crate::status) struct Warnings {
    texts: Vec<String>,
    entries: usize,
}

impl Warnings {
    /// Adds a warning about the file as a whole.
    pub(in crate::status) fn file(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.texts.contains(&text) {
            self.texts.push(text);
        }
    }

    /// Adds a warning about one of many entries. After a dozen, one text stands for all the others.
    pub(in crate::status) fn entry(&mut self, text: impl FnOnce() -> String) {
        self.entries += 1;
        if self.entries <= LIMIT {
            self.file(text());
        } else {
            self.file("the status file has more entries that cannot be used: fix the named ones first");
        }
    }

    /// The texts, in the order in which they were added.
    pub(in crate::status) fn into_texts(self) -> Vec<String> {
        self.texts
    }
}

/// A foreign text as quoted in a warning: short, on one line, harmless to a terminal.
pub(in crate::status) fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(QUOTE).map(visible).collect();
    if text.chars().nth(QUOTE).is_some() {
        quoted.push('…');
    }
    quoted
}

fn visible(c: char) -> char {
    if is_unprintable(c) { '\u{fffd}' } else { c }
}

/// A foreign text that is kept and shown: without control characters except line breaks and tabs, at most `limit`
/// characters.
pub(in crate::status) fn tame(text: &str, limit: usize) -> String {
    let harmless = |c: &char| !is_unprintable(*c) || matches!(c, '\n' | '\t');
    let mut kept: String = text.chars().filter(harmless).take(limit + 1).collect();
    if let Some((end, _)) = kept.char_indices().nth(limit) {
        kept.truncate(end);
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_entries_ends_in_one_text() {
        let mut warnings = Warnings::default();
        for n in 0..100 {
            warnings.entry(|| format!("entry {n}"));
        }
        assert_eq!(warnings.into_texts().len(), LIMIT + 1);
    }

    #[test]
    fn foreign_text_is_short_and_harmless() {
        assert_eq!(quote("a\x1b[2Jb"), "a\u{fffd}[2Jb");
        assert_eq!(quote(&"é".repeat(41)), format!("{}…", "é".repeat(40)));
        assert_eq!(tame("a\x1b[1m\nb", 10), "a[1m\nb");
        assert_eq!(tame("abcdef", 3), "abc…");
        assert_eq!(tame("abc", 3), "abc");
    }
}
