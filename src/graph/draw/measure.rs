//! Computes the coordinates of everything in a picture.

use super::picture::{NodeKind, NodeShape};
use super::svg::{BOX, Canvas, HEAD, LABEL, TRACK};

impl Canvas<'_> {
    /// Positions the columns, gutters, rows and lanes.
    pub(super) fn measure(&mut self) {
        let mut widths = vec![0.0f64; self.grid.columns];
        for (shape, (_, column)) in self.picture.shapes.iter().zip(&self.grid.cells) {
            widths[*column] = widths[*column].max(self.size(shape).0);
        }
        let hosts = self.grid.hosts.iter().flatten();
        let ends: Vec<usize> = hosts.map(|host| self.grid.cells[*host].1 + 1).collect();
        let mut x = LABEL;
        for column in 0..=self.grid.columns {
            let tracks = self.routes.gutters.get(column).copied().unwrap_or(0);
            x += if ends.contains(&column) { 18.0 } else { 8.0 };
            self.gutters.push(x);
            x += (tracks as f64 * TRACK).max(4.0) + 13.0;
            if let Some(width) = widths.get(column) {
                self.columns.push((x, x + width));
                x += width;
            }
        }
        self.width = x.max(900.0);
        let mut y = HEAD;
        let mut lane = None;
        for (row, found) in self.grid.rows.iter().enumerate() {
            if lane != Some(found.lane) {
                if let Some((_, bottom)) = self.lanes.last_mut() {
                    y = y.max(*bottom);
                    *bottom = y;
                }
                self.lanes.push((y, y + 74.0));
                y += 6.0;
                lane = Some(found.lane);
            }
            if found.named {
                y += 20.0;
            }
            let channel = y + 4.0;
            y = channel + self.routes.channels[row] as f64 * TRACK + 4.0;
            self.rows.push((channel, y + BOX.1 / 2.0));
            y += BOX.1 + 8.0;
            if let Some((_, bottom)) = self.lanes.last_mut() {
                *bottom = bottom.max(y + 4.0);
            }
            let closes = self
                .grid
                .rows
                .get(row + 1)
                .is_none_or(|next| next.named || next.lane != found.lane);
            if closes {
                y += 4.0;
            }
        }
        self.height = self.lanes.last().map_or(y, |(_, bottom)| *bottom) + 58.0;
    }

    /// Returns the width and height of a shape.
    pub(super) fn size(&self, shape: &NodeShape) -> (f64, f64) {
        match shape.kind {
            NodeKind::Phase if !shape.whole => (14.0, 14.0),
            NodeKind::Task | NodeKind::Phase | NodeKind::Verify => BOX,
            NodeKind::Plan | NodeKind::Merge => (20.0, 20.0),
            NodeKind::Joint => (10.0, 10.0),
        }
    }

    /// Returns the middle of a shape.
    pub(super) fn middle(&self, place: usize) -> (f64, f64) {
        let (row, column) = self.grid.cells[place];
        if let Some(host) = self.grid.hosts[place] {
            let half = self.size(&self.picture.shapes[host]).0 / 2.0;
            let (x, y) = self.middle(host);
            return (x + half + 7.0, y);
        }
        let (left, right) = self.columns[column];
        ((left + right) / 2.0, self.rows[row].1)
    }

    /// Returns the point on a shape's outline on its right (`side` 1) or left (`side` -1), at the distance `below` under its
    /// middle.
    pub(super) fn edge(&self, place: usize, side: f64, below: f64) -> (f64, f64) {
        let shape = &self.picture.shapes[place];
        let (x, y) = self.middle(place);
        let half = self.size(shape).0 / 2.0;
        match shape.kind {
            NodeKind::Plan => (
                x + side * (half * half - below * below).max(0.0).sqrt(),
                y + below,
            ),
            NodeKind::Merge => (x + side * (half + 1.0 - below.abs()), y + below),
            NodeKind::Joint => (x + side * half, y),
            NodeKind::Phase | NodeKind::Task | NodeKind::Verify => (x + side * half, y + below),
        }
    }
}
