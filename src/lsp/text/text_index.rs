//! A text with its lines: converts byte offsets to an editor's positions and back.

use std::ops::Range;

use super::position::{Utf16Position, Utf16Range};

/// Written before a text by some programs. It does not count as a character.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text, and the starts of its lines.
#[derive(Debug)]
pub struct TextIndex<'t> {
    /// The text.
    pub text: &'t str,
    starts: Vec<usize>,
}

impl<'t> TextIndex<'t> {
    /// Finds the lines of a text; they end with `\n`.
    pub fn new(text: &'t str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The number of lines.
    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// The range of a line, counted from 0, without its line break. Lines after the last one are empty.
    pub fn line(&self, line: usize) -> Range<usize> {
        let Some(start) = self.starts.get(line) else {
            return self.text.len()..self.text.len();
        };
        let end = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let end = end - usize::from(self.text[*start..end].ends_with('\r'));
        *start..end
    }

    /// The line of a byte, counted from 0.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    /// The byte at an editor's position. A position behind a line's end, or inside of a character, is moved to a
    /// valid one.
    pub fn offset(&self, at: Utf16Position) -> usize {
        let line = self.line(at.line);
        let mut left = at.character;
        let mut offset = line.start;
        for c in self.text[line].chars() {
            if left < c.len_utf16() {
                break;
            }
            left -= c.len_utf16();
            offset += c.len_utf8();
        }
        offset
    }

    /// The editor's position of a byte.
    pub fn position(&self, offset: usize) -> Utf16Position {
        let offset = offset.min(self.text.len());
        let line = self.line_of(offset);
        let before = self.text.get(self.starts[line]..offset).unwrap_or_default();
        Utf16Position {
            line,
            character: before.chars().map(char::len_utf16).sum(),
        }
    }

    /// The editor's range of bytes.
    pub fn range(&self, bytes: &Range<usize>) -> Utf16Range {
        Utf16Range {
            start: self.position(bytes.start),
            end: self.position(bytes.end),
        }
    }

    /// The byte at the line and column of a diagnostic: both from 1, in characters, without a byte order mark.
    pub fn at(&self, line: usize, column: usize) -> usize {
        let line = self.line(line.saturating_sub(1));
        let characters = self.text[line.clone()].char_indices();
        let mut shown = characters.filter(|(at, c)| line.start + at > 0 || *c != BYTE_ORDER_MARK);
        let found = shown.nth(column.saturating_sub(1));
        found.map_or(line.end, |(at, _)| line.start + at)
    }
}

/// The text with a part of it replaced.
pub fn replaced(text: &str, range: Utf16Range, new: &str) -> String {
    let index = TextIndex::new(text);
    let start = index.offset(range.start);
    let end = index.offset(range.end).max(start);
    [&text[..start], new, &text[end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, character: usize) -> Utf16Position {
        Utf16Position { line, character }
    }

    #[test]
    fn columns_are_counted_in_utf16() {
        let index = TextIndex::new("a🙂漢b\r\nü\n");
        assert_eq!(index.position("a🙂漢".len()), at(0, 4));
        assert_eq!(index.offset(at(0, 4)), "a🙂漢".len());
        assert_eq!(index.offset(at(0, 2)), 1, "inside a pair");
        assert_eq!(index.offset(at(0, 99)), "a🙂漢b".len());
        assert_eq!(index.offset(at(9, 9)), index.text.len());
        assert_eq!(index.at(1, 3), "a🙂".len());
        assert_eq!(TextIndex::new("\u{feff}ab").at(1, 2), "\u{feff}a".len());
        assert_eq!(index.line(1), "a🙂漢b\r\n".len().."a🙂漢b\r\nü".len());
    }

    #[test]
    fn a_change_takes_the_place_of_its_range() {
        let range = Utf16Range {
            start: at(0, 1),
            end: at(0, 3),
        };
        assert_eq!(replaced("a🙂b", range, "x"), "axb");
        let turned = Utf16Range {
            start: at(0, 3),
            end: at(0, 1),
        };
        assert_eq!(replaced("a🙂b", turned, "x"), "a🙂xb");
    }

    #[test]
    fn every_place_of_a_text_is_found_again() {
        let text = "# 漢字 🙂\n- [ ] 1.1 ü\r\n\n🙂🙂";
        let index = TextIndex::new(text);
        for (offset, _) in text.char_indices().filter(|(_, c)| *c != '\n' && *c != '\r') {
            assert_eq!(index.offset(index.position(offset)), offset);
        }
    }
}
