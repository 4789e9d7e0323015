//! Writing into rows and columns of the screen, and never outside of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::report::fit;

/// A part of the screen.
pub(super) struct Pen<'b> {
    buffer: &'b mut Buffer,
    pub(super) area: Rect,
}

impl<'b> Pen<'b> {
    /// A pen for this area, as far as it is on the screen.
    pub(super) fn new(buffer: &'b mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area }
    }

    /// The rows from `top` on, as many as `rows`.
    pub(super) fn part(&mut self, top: usize, rows: usize) -> Pen<'_> {
        let top = number(top).min(self.area.height);
        let height = number(rows).min(self.area.height - top);
        let area = Rect {
            y: self.area.y + top,
            height,
            ..self.area
        };
        Pen {
            buffer: &mut *self.buffer,
            area,
        }
    }

    pub(super) fn columns(&self) -> usize {
        usize::from(self.area.width)
    }

    pub(super) fn rows(&self) -> usize {
        usize::from(self.area.height)
    }

    /// Writes a text from a column on, cut to a width, and returns the used width.
    pub(super) fn text(
        &mut self,
        (row, column): (usize, usize),
        width: usize,
        text: &str,
        style: Style,
    ) -> usize {
        let room = self.columns().saturating_sub(column).min(width);
        if row >= self.rows() || room == 0 || text.is_empty() {
            return 0;
        }
        let text = fit(text, room);
        let (x, y) = (self.area.x + number(column), self.area.y + number(row));
        self.buffer.set_stringn(x, y, &text, room, style);
        text.width()
    }

    /// Writes several texts one after the other.
    pub(super) fn parts<'t>(
        &mut self,
        row: usize,
        parts: impl IntoIterator<Item = (&'t str, Style)>,
    ) -> usize {
        let mut column = 0;
        for (text, style) in parts {
            column += self.text((row, column), usize::MAX, text, style);
        }
        column
    }

    /// Adds a style to a whole row.
    pub(super) fn row(&mut self, row: usize, style: Style) {
        if row < self.rows() {
            let area = Rect {
                y: self.area.y + number(row),
                height: 1,
                ..self.area
            };
            self.buffer.set_style(area, style);
        }
    }

    /// Clears the area.
    pub(super) fn clear(&mut self) {
        for position in self.area.positions() {
            self.buffer[position].reset();
        }
    }
}

fn number(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}
