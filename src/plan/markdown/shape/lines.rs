//! Line numbers in a text that is read from front to back.

use std::cell::Cell;

use memchr::{memchr, memchr_iter};

/// Counts lines from the offset of the last query, so that a query costs no more than the text in between.
#[derive(Debug)]
pub(in crate::plan::markdown) struct LineCounter<'t> {
    text: &'t str,
    /// A byte offset and the line, from 1, that it is in.
    last: Cell<(usize, usize)>,
}

impl<'t> LineCounter<'t> {
    pub(in crate::plan::markdown) fn new(text: &'t str) -> Self {
        let last = Cell::new((0, 1));
        Self { text, last }
    }

    /// The line, from 1, that byte `offset` is in.
    pub(in crate::plan::markdown) fn line(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let (at, line) = self.last.get();
        let breaks = |from: usize, to: usize| memchr_iter(b'\n', &self.text.as_bytes()[from..to]).count();
        let line = if at <= offset {
            line + breaks(at, offset)
        } else {
            line - breaks(offset, at)
        };
        self.last.set((offset, line));
        line
    }

    /// The offset of the line below the one with byte `offset`, or the text's end when there is none.
    pub(in crate::plan::markdown) fn below(&self, offset: usize) -> usize {
        let rest = self.text.as_bytes().get(offset..).unwrap_or_default();
        memchr(b'\n', rest).map_or(self.text.len(), |end| offset + end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_in_any_order() {
        let text = "a\n\nbc\n".repeat(20);
        let lines = LineCounter::new(&text);
        let counted = |offset: usize| text[..offset].matches('\n').count() + 1;
        for step in [1, 3, 7, 31, 97, text.len() - 1] {
            let mut offset = 0;
            for _ in 0..text.len() {
                offset = (offset + step) % (text.len() + 1);
                assert_eq!(lines.line(offset), counted(offset), "{offset}");
            }
        }
        assert_eq!(lines.below(3), 6);
        assert_eq!(lines.below(text.len()), text.len());
    }
}
