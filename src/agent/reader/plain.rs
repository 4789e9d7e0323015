//! The lines that a program prints outside of its events. They are used when the program failed and nothing better is
//! known.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{ReadingDraft, obstacles, reset};

/// How many of the last lines are searched: an error is at the end.
const KEPT: usize = 12;

/// The last lines.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<String>);

impl Tail {
    pub(super) fn push(&mut self, line: &str) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(line.chars().take(500).collect());
    }
}

/// Searches the last lines when the program failed and its events do not say why. Used for known programs only: the
/// text of any other program may be about anything.
pub(super) fn finish(draft: &mut ReadingDraft, now: Timestamp) {
    if draft.facts.obstacle.is_some() {
        return;
    }
    let found = draft
        .plain
        .0
        .iter()
        .rev()
        .find_map(|line| Some((obstacles::kind_of_line(line)?, line.clone())));
    if let Some((kind, line)) = found {
        let until = draft
            .plain
            .0
            .iter()
            .rev()
            .find_map(|line| reset::reset_time(line, now));
        draft.obstructed(kind, &line, until);
    }
}
