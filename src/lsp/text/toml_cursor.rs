//! The context of a position in a manifest, even in a half-typed one: a header, a key or a value.

use std::ops::Range;

/// The thing that is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TomlCursor {
    /// `[plans.au`: the header so far, and its bytes.
    Header(String, Range<usize>),
    /// A key of a table.
    Key {
        /// The table.
        table: Vec<String>,
        /// The whole key.
        range: Range<usize>,
    },
    /// A value, or an item of a list.
    Value {
        /// The key, with its tables.
        path: Vec<String>,
        /// The whole value, inside its quotes.
        range: Range<usize>,
        /// True inside quotes.
        quoted: bool,
    },
    /// A comment, or an unknown context.
    Nothing,
}

/// Reads a manifest's text up to a position.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
    offset: usize,
    table: Vec<String>,
}

/// The context of a byte of a text.
pub fn cursor(text: &str, offset: usize) -> TomlCursor {
    let mut scanner = Scanner {
        text,
        at: 0,
        offset,
        table: Vec::new(),
    };
    while scanner.at <= offset {
        if let Some(found) = scanner.line() {
            return found;
        }
        if scanner.at >= text.len() {
            break;
        }
    }
    TomlCursor::Key {
        table: scanner.table,
        range: offset..offset,
    }
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self, blank: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(blank).len();
    }

    fn line_end(&self) -> usize {
        self.rest().find('\n').map_or(self.text.len(), |at| self.at + at)
    }

    /// Reads one header or `key = value`. Returns the context when the position is in it.
    fn line(&mut self) -> Option<TomlCursor> {
        let line_start = self.at;
        self.skip(|c| c == ' ' || c == '\t' || c == '\u{feff}');
        let end = self.line_end();
        let is_here = |to: usize| (line_start..=to).contains(&self.offset);
        if self.rest().starts_with('#') || self.at == end {
            let at = self.at;
            self.at = end + 1;
            return is_here(end).then(|| match self.text[at..end].is_empty() || self.offset <= at {
                true => self.key(self.offset..self.offset),
                false => TomlCursor::Nothing,
            });
        }
        if self.rest().starts_with('[') {
            let inner = self.rest().trim_start_matches('[');
            let start = self.text.len() - inner.len();
            let close = self.text[start..end].find(']').map_or(end, |at| start + at);
            let header = self.text[start..close].to_owned();
            self.at = end + 1;
            if is_here(close) {
                return Some(TomlCursor::Header(header, start..close));
            }
            self.table = split(&header);
            return is_here(end).then_some(TomlCursor::Nothing);
        }
        let start = self.at;
        let equals = self.text[start..end].find('=').map(|at| start + at);
        let key_end = equals.unwrap_or(end);
        let key = self.text[start..key_end].trim_end();
        let (key, key_range) = (split(key), start..start + key.len());
        if is_here(key_end) {
            return Some(match self.offset <= key_range.end {
                true => self.key(key_range),
                false => self.key(self.offset..self.offset),
            });
        }
        if equals.is_none() {
            self.at = end + 1;
            return None;
        }
        self.at = key_end + 1;
        let path = self.table.iter().cloned().chain(key).collect();
        let found = self.value(path);
        if found.is_none() {
            let end = self.line_end();
            let at = self.at;
            self.at = end + 1;
            return (at..=end).contains(&self.offset).then_some(TomlCursor::Nothing);
        }
        found
    }

    fn key(&self, range: Range<usize>) -> TomlCursor {
        TomlCursor::Key {
            table: self.table.clone(),
            range,
        }
    }

    /// Reads a value; lists may span several lines.
    fn value(&mut self, path: Vec<String>) -> Option<TomlCursor> {
        let mut open: Vec<(char, usize)> = Vec::new();
        let mut path = path;
        loop {
            let before = self.at;
            self.skip(|c| c == ' ' || c == '\t');
            let Some(next) = self.rest().chars().next() else {
                return (self.offset >= before).then(|| self.between(path, &open));
            };
            if (before..self.at).contains(&self.offset) {
                return Some(self.between(path, &open));
            }
            match next {
                '\n' | '\r' => {
                    if self.offset == self.at {
                        return Some(self.between(path, &open));
                    }
                    if open.is_empty() || self.begins_anew() {
                        return None;
                    }
                    self.at += 1;
                }
                '#' => {
                    if open.is_empty() {
                        return None;
                    }
                    let end = self.line_end();
                    if (self.at..=end).contains(&self.offset) {
                        return Some(TomlCursor::Nothing);
                    }
                    self.at = end;
                }
                '"' | '\'' => {
                    if self.offset == self.at {
                        return Some(self.between(path, &open));
                    }
                    let (range, close) = self.string(next);
                    if (range.start..=range.end).contains(&self.offset) {
                        return Some(TomlCursor::Value {
                            path,
                            range,
                            quoted: true,
                        });
                    }
                    self.at = close;
                }
                '[' | '{' => {
                    if self.offset == self.at {
                        return Some(self.between(path, &open));
                    }
                    open.push((next, path.len()));
                    self.at += 1;
                }
                ']' | '}' => {
                    if self.offset == self.at {
                        return Some(self.between(path, &open));
                    }
                    let (_, length) = open.pop()?;
                    path.truncate(length);
                    self.at += 1;
                    if open.is_empty() {
                        return None;
                    }
                }
                ',' => {
                    if self.offset == self.at {
                        return Some(self.between(path, &open));
                    }
                    self.at += 1;
                    if let Some(('{', length)) = open.last() {
                        path.truncate(*length);
                    }
                }
                _ => {
                    let rest = self.rest();
                    let length = rest
                        .find(|c: char| c.is_whitespace() || ",]}#=".contains(c))
                        .unwrap_or(rest.len())
                        .max(next.len_utf8());
                    let range = self.at..self.at + length;
                    let is_key = matches!(open.last(), Some(('{', length)) if path.len() == *length);
                    if (range.start..=range.end).contains(&self.offset) {
                        return Some(match is_key {
                            true => TomlCursor::Key { table: path, range },
                            false => self.bare(path, range),
                        });
                    }
                    if is_key && next != '=' {
                        path.extend(split(&self.text[range.clone()]));
                    }
                    self.at = range.end;
                    self.skip(|c| c == ' ' || c == '\t' || (is_key && c == '='));
                    self.at = self.at.min(self.text.len());
                }
            }
        }
    }

    /// True when a new statement begins on the next line, so that the list was never closed.
    fn begins_anew(&self) -> bool {
        let next = self.rest().trim_start_matches(['\r', '\n']);
        let line = next.lines().next().unwrap_or_default().trim_start();
        let is_header = line.starts_with('[') && line[1..].starts_with(|c: char| c.is_alphabetic());
        let word = line.trim_start_matches(|c: char| c.is_alphanumeric() || "_.-".contains(c));
        is_header || (word.len() < line.len() && word.trim_start().starts_with('='))
    }

    /// The context of a position between values: in a table a key, else a value.
    fn between(&self, path: Vec<String>, open: &[(char, usize)]) -> TomlCursor {
        match open.last() {
            Some(('{', length)) if path.len() == *length => TomlCursor::Key {
                table: path,
                range: self.offset..self.offset,
            },
            _ => self.bare(path, self.offset..self.offset),
        }
    }

    fn bare(&self, path: Vec<String>, range: Range<usize>) -> TomlCursor {
        TomlCursor::Value {
            path,
            range,
            quoted: false,
        }
    }

    /// The contents of a string, and where it is closed. A single-line string ends with its line at
    /// the latest.
    fn string(&self, quote: char) -> (Range<usize>, usize) {
        let long = quote.to_string().repeat(3);
        if self.rest().starts_with(&long) {
            let start = self.at + 3;
            let end = self.text[start..]
                .find(&long)
                .map_or(self.text.len(), |at| start + at);
            return (start..end, (end + 3).min(self.text.len()));
        }
        let start = self.at + 1;
        let mut escaped = false;
        for (at, c) in self.text[start..].char_indices() {
            match c {
                '\n' => return (start..start + at, start + at),
                '\\' if quote == '"' && !escaped => escaped = true,
                c if c == quote && !escaped => return (start..start + at, start + at + 1),
                _ => escaped = false,
            }
        }
        (start..self.text.len(), self.text.len())
    }
}

/// The parts of a dotted key.
fn split(key: &str) -> Vec<String> {
    let parts = key
        .split('.')
        .map(|part| part.trim().trim_matches(['"', '\'']).to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The context of the `|` in a text.
    fn here(text: &str) -> TomlCursor {
        let offset = text.find('|').unwrap();
        cursor(&text.replacen('|', "", 1), offset)
    }

    fn path(parts: &str) -> Vec<String> {
        split(parts)
    }

    #[test]
    fn keys_headers_and_values_are_told_apart() {
        let key = |text: &str| match here(text) {
            TomlCursor::Key { table, .. } => table.join("."),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(key("|"), "");
        assert_eq!(key("[run]\nag|"), "run");
        assert_eq!(key("[run]\nag|ent = \"x\""), "run");
        assert_eq!(key("[plans.a]\nfile = \"x\"\n|\n[merge]"), "plans.a");
        assert_eq!(key("[agents.a]\nprice = { in|"), "agents.a.price");
        assert_eq!(key("[agents.a]\nprice = { input = 1, |"), "agents.a.price");
        assert_eq!(
            here("[plans.au|"),
            TomlCursor::Header("plans.au".to_owned(), 1..9)
        );
        assert_eq!(here("[run]\n# ag|"), TomlCursor::Nothing);
        assert_eq!(here("[run]\nretries = 1 # a|"), TomlCursor::Nothing);
    }

    #[test]
    fn values_are_known_with_their_key() {
        let value = |text: &str| match here(text) {
            TomlCursor::Value { path, range, quoted } => (
                path.join("."),
                text.replacen('|', "", 1)[range].to_owned(),
                quoted,
            ),
            other => panic!("{text}: {other:?}"),
        };
        let is = |path: &str, typed: &str, quoted: bool| (path.to_owned(), typed.to_owned(), quoted);
        assert_eq!(value("[run]\nmerge = \"au|to\""), is("run.merge", "auto", true));
        assert_eq!(value("[run]\nmerge = |"), is("run.merge", "", false));
        assert_eq!(value("[run]\nmerge = |\nagent = 1"), is("run.merge", "", false));
        assert_eq!(
            value("[plans.a]\ndepends = [\"b.1\", \"c|"),
            is("plans.a.depends", "c", true)
        );
        assert_eq!(
            value("[plans.a]\ndepends = [|]"),
            is("plans.a.depends", "", false)
        );
        assert_eq!(
            value("[plans.a]\ndepends = [\n  \"b\",\n  \"|\",\n]"),
            is("plans.a.depends", "", true)
        );
        assert_eq!(
            value("[plans.a]\ndepends = [\"b\", # why\n |"),
            is("plans.a.depends", "", false)
        );
        assert_eq!(
            value("plans = { a = { file = \"x|\" } }"),
            is("plans.a.file", "x", true)
        );
        assert_eq!(
            value("[plans.a]\nprompt = \"\"\"\na\nb|\n\"\"\"\n"),
            is("plans.a.prompt", "\na\nb\n", true)
        );
    }

    #[test]
    fn a_list_that_is_never_closed_ends_where_the_next_statement_begins() {
        assert_eq!(
            here("[plans.a]\ndepends = [\"b\"\n[run]\nag|"),
            TomlCursor::Key {
                table: path("run"),
                range: 31..33
            }
        );
    }

    #[test]
    fn every_place_of_every_prefix_is_something() {
        let text = include_str!("../../../templates/plans.toml");
        for (end, _) in text.char_indices() {
            let _ = cursor(&text[..end], end);
        }
        let odd = "[[[ = \"\\\" {[}]= '\n'''é🙂 = { a.b = [1, {";
        for (end, _) in odd.char_indices() {
            for (offset, _) in odd[..end].char_indices() {
                let _ = cursor(&odd[..end], offset);
            }
        }
    }
}
