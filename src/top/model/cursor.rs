//! The position in a list that is longer than the screen.

/// The chosen row, and the first visible row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The chosen row.
    pub at: usize,
    /// The first visible row.
    pub top: usize,
}

impl Cursor {
    /// Moves by a number of rows in a list of `length` rows.
    pub fn step(&mut self, by: isize, length: usize) {
        self.at = self.at.saturating_add_signed(by).min(length.saturating_sub(1));
    }

    /// Scrolls so that the chosen row is visible, and not beyond the end.
    pub fn keep(&mut self, length: usize, rows: usize) {
        self.at = self.at.min(length.saturating_sub(1));
        self.top = self
            .top
            .min(length.saturating_sub(rows))
            .clamp(self.at.saturating_sub(rows.saturating_sub(1)), self.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_row_is_seen_and_no_row_behind_the_end_is_chosen() {
        let mut cursor = Cursor::default();
        cursor.step(7, 20);
        cursor.keep(20, 5);
        assert_eq!(cursor, Cursor { at: 7, top: 3 });
        cursor.step(-5, 20);
        cursor.keep(20, 5);
        assert_eq!(cursor, Cursor { at: 2, top: 2 });
        cursor.step(isize::MAX, 20);
        cursor.keep(20, 5);
        assert_eq!(cursor, Cursor { at: 19, top: 15 });
        cursor.keep(3, 5);
        assert_eq!(cursor, Cursor { at: 2, top: 0 });
        cursor.keep(0, 0);
        assert_eq!(cursor, Cursor::default());
    }
}
