//! Places in a text: byte offsets turned into lines and columns.

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
}

impl<'t> LineIndex<'t> {
    /// Finds the lines of `text`; they end with `\n`.
    pub(crate) fn new(text: &'t str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let starts = std::iter::once(0)
            .chain(after_breaks.map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// The line, from 1, that byte `offset` lies in.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
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
}
