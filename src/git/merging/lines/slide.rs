//! The positions of changes that could as well be a few lines further up or down, as git chooses them
//! (`xdl_change_compact` in `xdiff/xdiffi.c`). Changes that touch while they slide become one change. Each change is
//! placed as far down as possible, or beside a change of the other file if possible.

/// Slides the changes of one file. `None` when git's versions differ: a change that has moved is beside a change of the
/// other file, and later versions of git compare the two again.
pub(in crate::git::merging) fn slide(lines: &[usize], changed: &mut [bool], other: &[bool]) -> Option<()> {
    let mut change = LineChange::first(changed);
    let mut beside = LineChange::first(other);
    loop {
        if !change.is_empty() {
            let began = change;
            let mut aligned;
            let mut highest;
            loop {
                let length = change.end - change.start;
                while change.up(lines, changed) {
                    beside = beside.previous(other)?;
                }
                highest = change.end;
                aligned = !beside.is_empty();
                while change.down(lines, changed) {
                    beside = beside.next(other)?;
                    aligned |= !beside.is_empty();
                }
                if change.end - change.start == length {
                    break;
                }
            }
            if aligned && change.end != highest {
                while beside.is_empty() && change.up(lines, changed) {
                    beside = beside.previous(other)?;
                }
            }
            if !beside.is_empty() && change != began {
                return None;
            }
        }
        match change.next(changed) {
            Some(next) => change = next,
            None => return Some(()),
        }
        // Both files have the same number of unchanged lines.
        beside = beside.next(other)?;
    }
}

/// The changed lines between two unchanged lines; empty between neighbouring unchanged lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LineChange {
    start: usize,
    end: usize,
}

impl LineChange {
    fn first(changed: &[bool]) -> Self {
        Self {
            start: 0,
            end: end_of(changed, 0),
        }
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }

    fn next(self, changed: &[bool]) -> Option<Self> {
        let start = self.end + 1;
        (start <= changed.len()).then(|| Self {
            start,
            end: end_of(changed, start),
        })
    }

    fn previous(self, changed: &[bool]) -> Option<Self> {
        let end = self.start.checked_sub(1)?;
        Some(Self {
            start: start_of(changed, end),
            end,
        })
    }

    /// Slides up by one line, and takes in a change that it then touches.
    fn up(&mut self, lines: &[usize], changed: &mut [bool]) -> bool {
        if self.start == 0 || lines[self.start - 1] != lines[self.end - 1] {
            return false;
        }
        self.start -= 1;
        self.end -= 1;
        changed[self.start] = true;
        changed[self.end] = false;
        self.start = start_of(changed, self.start);
        true
    }

    fn down(&mut self, lines: &[usize], changed: &mut [bool]) -> bool {
        if self.end == lines.len() || lines[self.start] != lines[self.end] {
            return false;
        }
        changed[self.start] = false;
        changed[self.end] = true;
        self.start += 1;
        self.end = end_of(changed, self.end + 1);
        true
    }
}

fn end_of(changed: &[bool], from: usize) -> usize {
    let rest = changed[from..].iter();
    from + rest.take_while(|changed| **changed).count()
}

fn start_of(changed: &[bool], to: usize) -> usize {
    let above = changed[..to].iter().rev();
    to - above.take_while(|changed| **changed).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slid(lines: &str, changed: &str, other: &str) -> Option<String> {
        let lines: Vec<usize> = lines.bytes().map(usize::from).collect();
        let marks = |text: &str| text.bytes().map(|byte| byte == b'+').collect::<Vec<_>>();
        let mut changed = marks(changed);
        slide(&lines, &mut changed, &marks(other))?;
        Some(
            changed
                .iter()
                .map(|changed| if *changed { '+' } else { ' ' })
                .collect(),
        )
    }

    #[test]
    fn a_change_slides_down_as_far_as_it_can() {
        assert_eq!(slid("abab", "++  ", "  ").unwrap(), "  ++");
        assert_eq!(slid("axab", "++  ", "  ").unwrap(), " ++ ");
    }

    #[test]
    fn changes_that_touch_become_one() {
        assert_eq!(slid("aaxab", "+ +  ", "   ").unwrap(), "  ++ ");
    }

    #[test]
    fn a_change_that_stands_beside_one_stays() {
        assert_eq!(slid("aab", "+  ", "+  ").unwrap(), "+  ");
    }

    #[test]
    fn a_change_that_comes_to_stand_beside_one_is_left_to_git() {
        assert_eq!(slid("aab", "+  ", " + "), None);
    }
}
