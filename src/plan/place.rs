//! Places in a text: byte offsets turned into lines and columns.

use std::cell::Cell;

use memchr::memchr_iter;

/// Where something stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line from 1.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
}

/// The starts of a text's lines, so that a place costs a binary search instead of a scan.
#[derive(Debug)]
pub(crate) struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The line of the last answer: a text read from front to back asks for the same line or one just below it.
    last: Cell<usize>,
}

/// How many lines are tried below the last answer before all of them are searched.
const NEAR: usize = 8;

impl<'t> LineIndex<'t> {
    /// Finds the lines of `text`; they end with `\n`.
    pub(crate) fn new(text: &'t str) -> Self {
        let mut starts = Vec::with_capacity(text.len() / 32 + 1);
        starts.push(0);
        starts.extend(memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self {
            text,
            starts,
            last: Cell::new(1),
        }
    }

    /// The line, from 1, that byte `offset` lies in.
    pub(crate) fn line(&self, offset: usize) -> usize {
        let last = self.last.get();
        let near = self.starts.get(last - 1..).unwrap_or_default();
        let ahead = near
            .iter()
            .take(NEAR + 1)
            .take_while(|start| **start <= offset)
            .count();
        let line = if ahead == 0 || ahead > NEAR {
            self.starts.partition_point(|start| *start <= offset)
        } else {
            last - 1 + ahead
        };
        self.last.set(line);
        line
    }

    /// The first byte of a line counted from 1, or the text's end when there is no such line.
    pub(crate) fn start(&self, line: usize) -> usize {
        self.starts.get(line - 1).copied().unwrap_or(self.text.len())
    }

    /// Line and column of byte `offset`.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let line = self.line(offset);
        let before = self.text.get(self.start(line)..offset);
        Place {
            line,
            column: before.map_or(1, |before| before.chars().count() + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let index = LineIndex::new("a\nüüx\n");
        let at = |offset| {
            let place = index.place(offset);
            (place.line, place.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (2, 1));
        assert_eq!(at(6), (2, 3));
        assert_eq!(at(8), (3, 1));
    }

    #[test]
    fn lines_are_found_in_any_order() {
        let text = "a\n\nbc\n".repeat(20);
        let index = LineIndex::new(&text);
        let counted = |offset: usize| text[..offset].matches('\n').count() + 1;
        for step in [1, 3, 7, 31, 97, text.len() - 1] {
            let mut offset = 0;
            for _ in 0..text.len() {
                offset = (offset + step) % (text.len() + 1);
                assert_eq!(index.line(offset), counted(offset), "{offset}");
            }
        }
    }
}
