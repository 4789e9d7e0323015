//! The output of an agent as it is shown.

use std::collections::VecDeque;

use super::seen::found;

/// The most lines to keep; the oldest are dropped.
const MOST: usize = 200_000;

/// A new part of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPiece {
    /// The plan.
    pub plan: String,
    /// The attempt.
    pub attempt: String,
    /// True when it replaces the earlier lines.
    pub anew: bool,
    /// True when earlier output was left out.
    pub cut: bool,
    /// True when no more will come.
    pub ended: bool,
    /// The lines, harmless for a terminal.
    pub lines: Vec<String>,
}

/// A log, and the position in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogText {
    /// The plan.
    pub plan: String,
    /// The attempt; empty when none is known.
    pub attempt: String,
    /// True for the attempt before the last.
    pub previous: bool,
    /// Its lines.
    pub lines: VecDeque<String>,
    /// True when earlier output was left out.
    pub cut: bool,
    /// True when no more will come.
    pub ended: bool,
    /// The first visible line, while the end is not followed.
    pub top: usize,
    /// The number of hidden columns at the left.
    pub left: usize,
    /// True while the end is followed.
    pub follow: bool,
    /// True while long lines are wrapped.
    pub wrap: bool,
    /// A search that waits for new lines.
    pub awaited: Option<String>,
}

impl Default for LogText {
    fn default() -> Self {
        Self {
            plan: String::new(),
            attempt: String::new(),
            previous: false,
            lines: VecDeque::new(),
            cut: false,
            ended: false,
            top: 0,
            left: 0,
            follow: true,
            wrap: true,
            awaited: None,
        }
    }
}

impl LogText {
    /// The log of another plan or attempt, with the same display settings.
    #[must_use]
    pub fn of(&self, plan: &str, previous: bool) -> Self {
        Self {
            plan: plan.to_owned(),
            previous,
            wrap: self.wrap,
            ..Self::default()
        }
    }

    /// Appends a part.
    pub fn take(&mut self, piece: LogPiece) {
        if piece.plan != self.plan {
            return;
        }
        if piece.anew {
            self.lines.clear();
            self.top = 0;
        }
        (self.attempt, self.cut, self.ended) = (piece.attempt, piece.cut, piece.ended);
        let known = self.lines.len();
        self.lines.extend(piece.lines);
        if let Some(what) = &self.awaited {
            let mut new = self.lines.iter().enumerate().skip(known);
            if let Some((at, _)) = new.find(|(_, line)| found(line, what)) {
                (self.top, self.follow, self.awaited) = (at, false, None);
            }
        }
        let over = self.lines.len().saturating_sub(MOST);
        self.lines.drain(..over);
        self.cut |= over > 0;
        self.top = self.top.saturating_sub(over);
    }

    /// Moves by a number of lines. At the end, the end is followed.
    pub fn step(&mut self, by: isize, rows: usize) {
        let last = self.lines.len().saturating_sub(rows.max(1));
        if self.follow {
            self.top = last;
        }
        let to = self.top.saturating_add_signed(by);
        self.follow = by > 0 && to >= last;
        self.top = to.min(last);
    }

    /// Goes to the next match, or to the previous one. When there is none further on, the search waits for new lines.
    pub fn search(&mut self, what: &str, back: bool, rows: usize) -> bool {
        let from = match self.follow {
            true => self.lines.len().saturating_sub(rows.max(1)),
            false => self.top,
        };
        let mut lines = self.lines.iter().enumerate();
        let hit = |(_, line): &(usize, &String)| found(line, what);
        let next = match back {
            true => lines.take(from).rev().find(hit),
            false => {
                lines.find(|(at, line)| (*at > from || (self.follow && *at >= from)) && found(line, what))
            }
        };
        if let Some((at, _)) = next {
            (self.top, self.follow, self.awaited) = (at, false, None);
            return true;
        }
        if !back && !self.ended {
            self.awaited = Some(what.to_owned());
        }
        false
    }
}
