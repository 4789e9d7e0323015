//! Positions in a text: byte offsets turned into lines and columns.

/// A position in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line from 1.
    pub line: usize,
    /// Column from 1, in characters.
    pub column: usize,
}

/// The line starts of a text. With them, finding a position costs a binary search instead of a scan.
#[derive(Debug)]
pub(crate) struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    /// Finds the lines of `text`. Lines end with `\n`.
    pub(crate) fn new(text: &'t str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let starts = std::iter::once(0).chain(breaks).collect();
        Self { text, starts }
    }

    /// The line, counted from 1, that contains byte `offset`.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The first byte of a line counted from 1, or the text's end when there is no such line.
    pub(crate) fn start(&self, line: usize) -> usize {
        self.starts.get(line - 1).copied().unwrap_or(self.text.len())
    }

    /// The text of a line, counted from 1; empty when there is no such line.
    pub(crate) fn text_of(&self, line: usize) -> &'t str {
        let text = &self.text[self.start(line)..self.start(line + 1)];
        text.trim_end_matches(['\r', '\n'])
    }

    /// The column, from 1, where `word` last occurs on a line.
    pub(crate) fn column_of(&self, line: usize, word: &str) -> Option<usize> {
        let line = self.text_of(line);
        line.rfind(word).map(|at| line[..at].chars().count() + 1)
    }

    /// The line and column of byte `offset`.
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
    fn a_word_is_found_where_it_stands_last_on_a_line() {
        let index = LineIndex::new("auth\nüü auth and auth\nend");
        assert_eq!(index.column_of(2, "auth"), Some(13));
        assert_eq!(index.column_of(2, "end"), None);
        assert_eq!(index.column_of(3, "end"), Some(1));
        assert_eq!(index.column_of(4, "end"), None);
    }

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
}
