//! Merging the lines of a file as git does. Each side's changes are found by histogram (`histogram`) and slid to their
//! positions (`slide`). Changes of both sides are combined when at least one line of base lies between them
//! (`xdl_do_merge` in `xdiff/xmerge.c`). When the result depends on git's version or on settings, this code is unsure.

use std::collections::HashMap;
use std::ops::Range;

use super::histogram::compare;
use super::slide::slide;

/// The result of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git::merging) enum LineMerge {
    /// The merged file.
    Merged(Vec<u8>),
    /// Both sides replaced the same lines by different lines.
    Conflict,
    /// Git's result is not certain.
    Unsure,
}

/// A run of lines of base, and the lines that replace it on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk {
    base: Range<usize>,
    side: Range<usize>,
}

/// The side whose lines count in a piece of the merged file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Theirs,
    /// Both sides changed the piece.
    Both,
}

/// A piece in which the sides differ. A side without a change of its own has the lines of base there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MergePiece {
    whose: Whose,
    ours: Range<usize>,
    theirs: Range<usize>,
}

/// Merges three files. No two of them are equal.
pub(in crate::git::merging) fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> LineMerge {
    let mut numbering = Numbering::default();
    let base = numbering.take(base);
    let (text, ours) = (split(ours), numbering.take(ours));
    let (other_text, theirs) = (split(theirs), numbering.take(theirs));
    let count = numbering.known.len();
    let (Some(one), Some(two)) = (hunks(&base, &ours, count), hunks(&base, &theirs, count)) else {
        return LineMerge::Unsure;
    };
    let pieces = pieces(&one, &two, &ours, &theirs);
    let mut same = false;
    for piece in pieces.iter().filter(|piece| piece.whose == Whose::Both) {
        match (ours.get(piece.ours.clone()), theirs.get(piece.theirs.clone())) {
            (Some(one), Some(two)) if one != two => return LineMerge::Conflict,
            _ => same = true,
        }
    }
    if same {
        // Both sides made the same change in different ways. Whether that is a conflict depends on
        // `merge.conflictStyle`.
        return LineMerge::Unsure;
    }
    let mut merged = Vec::new();
    let mut done = 0;
    for piece in pieces.iter().filter(|piece| piece.whose == Whose::Theirs) {
        merged.extend(text[done..piece.ours.start].iter().copied().flatten());
        merged.extend(other_text[piece.theirs.clone()].iter().copied().flatten());
        done = piece.ours.end;
    }
    merged.extend(text[done..].iter().copied().flatten());
    LineMerge::Merged(merged)
}

/// Splits a text into lines with their line ends. Text after the last line end is also a line.
fn split(text: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::with_capacity(text.len() / 32);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text) {
        lines.push(&text[start..=end]);
        start = end + 1;
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

/// The numbers of lines.
#[derive(Debug, Default)]
struct Numbering<'a> {
    known: HashMap<&'a [u8], usize>,
}

impl<'a> Numbering<'a> {
    fn take(&mut self, text: &'a [u8]) -> Vec<usize> {
        let number = |line| {
            let next = self.known.len();
            *self.known.entry(line).or_insert(next)
        };
        split(text).into_iter().map(number).collect()
    }
}

/// The changes of a side, in order.
fn hunks(base: &[usize], side: &[usize], numbers: usize) -> Option<Vec<Hunk>> {
    let mut changed = compare(base, side, numbers)?;
    slide(base, &mut changed.old, &changed.new)?;
    slide(side, &mut changed.new, &changed.old)?;
    let run = |changed: &[bool], from: usize| {
        let rest = changed[from..].iter();
        from..from + rest.take_while(|changed| **changed).count()
    };
    let mut found = Vec::new();
    let (mut old, mut new) = (0, 0);
    while old < base.len() || new < side.len() {
        let hunk = Hunk {
            base: run(&changed.old, old),
            side: run(&changed.new, new),
        };
        (old, new) = (hunk.base.end + 1, hunk.side.end + 1);
        if !(hunk.base.is_empty() && hunk.side.is_empty()) {
            found.push(hunk);
        }
    }
    Some(found)
}

/// Combines the changes of both sides.
fn pieces(one: &[Hunk], two: &[Hunk], ours: &[usize], theirs: &[usize]) -> Vec<MergePiece> {
    let mut pieces = Pieces(Vec::new());
    // How much further down the unchanged lines of each side are than in base.
    let (mut moved_one, mut moved_two) = (0_isize, 0_isize);
    let shifted = |range: &Range<usize>, by: isize| {
        range.start.saturating_add_signed(by)..range.end.saturating_add_signed(by)
    };
    let (mut left, mut right) = (one.iter().peekable(), two.iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (None, None) => return pieces.0,
            (Some(a), other) if other.is_none_or(|b| a.base.end < b.base.start) => {
                pieces.add(Whose::Ours, a.side.clone(), shifted(&a.base, moved_two));
                moved_one = gain(a);
                left.next();
            }
            (other, Some(b)) if other.is_none_or(|a| b.base.end < a.base.start) => {
                pieces.add(Whose::Theirs, shifted(&b.base, moved_one), b.side.clone());
                moved_two = gain(b);
                right.next();
            }
            (Some(a), Some(b)) => {
                if a.base != b.base || ours[a.side.clone()] != theirs[b.side.clone()] {
                    let (start, end) = (a.base.start.min(b.base.start), a.base.end.max(b.base.end));
                    let widened = |hunk: &Hunk| {
                        let above = hunk.base.start - start;
                        hunk.side.start.saturating_sub(above)..hunk.side.end + (end - hunk.base.end)
                    };
                    pieces.add(Whose::Both, widened(a), widened(b));
                }
                let (a_end, b_end) = (a.base.end, b.base.end);
                if b_end <= a_end {
                    moved_two = gain(b);
                    right.next();
                }
                if a_end <= b_end {
                    moved_one = gain(a);
                    left.next();
                }
            }
            // Never reached, because the guards above cover these cases.
            (Some(_), None) | (None, Some(_)) => return pieces.0,
        }
    }
}

/// How much further down lines after a hunk are in the side than in base.
fn gain(hunk: &Hunk) -> isize {
    hunk.side.end.cast_signed() - hunk.base.end.cast_signed()
}

struct Pieces(Vec<MergePiece>);

impl Pieces {
    /// Adds a piece, joining it to the last piece when the two touch.
    fn add(&mut self, whose: Whose, ours: Range<usize>, theirs: Range<usize>) {
        match self.0.last_mut() {
            Some(last) if ours.start <= last.ours.end || theirs.start <= last.theirs.end => {
                if last.whose != whose {
                    last.whose = Whose::Both;
                }
                last.ours.end = ours.end;
                last.theirs.end = theirs.end;
            }
            _ => self.0.push(MergePiece { whose, ours, theirs }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[&str]) -> Vec<u8> {
        lines
            .iter()
            .flat_map(|line| [line.as_bytes(), b"\n"].concat())
            .collect()
    }

    const BASE: &[&str] = &["a", "b", "c", "d", "e", "f", "g"];

    #[test]
    fn changes_between_changes_of_the_other_side_merge() {
        let ours = text(&["A", "b", "c", "d", "e", "f", "G"]);
        let theirs = text(&["a", "b", "c", "D", "d2", "e", "f", "g"]);
        let both = text(&["A", "b", "c", "D", "d2", "e", "f", "G"]);
        assert_eq!(merge(&text(BASE), &ours, &theirs), LineMerge::Merged(both));
    }

    #[test]
    fn one_line_of_base_between_two_changes_parts_them_and_none_does_not() {
        let ours = text(&["a", "B", "c", "d", "e", "f", "g"]);
        let near = text(&["a", "b", "c", "D", "e", "f", "g"]);
        let both = text(&["a", "B", "c", "D", "e", "f", "g"]);
        assert_eq!(merge(&text(BASE), &ours, &near), LineMerge::Merged(both));
        let beside = text(&["a", "b", "C", "d", "e", "f", "g"]);
        assert_eq!(merge(&text(BASE), &ours, &beside), LineMerge::Conflict);
    }

    #[test]
    fn lines_that_stand_there_often_are_in_nobodys_way() {
        let base = text(&["{", "}", "a", "b", "{", "}", "c", "{", "}"]);
        let ours = text(&["{", "}", "A", "b", "{", "}", "C", "{", "}"]);
        let theirs = text(&["{", "}", "a", "B", "{", "}", "c", "{", "}", "d"]);
        assert_eq!(merge(&base, &ours, &theirs), LineMerge::Conflict);
        let theirs = text(&["{", "}", "a", "b", "{", "}", "c", "{", "}", "d"]);
        let both = text(&["{", "}", "A", "b", "{", "}", "C", "{", "}", "d"]);
        assert_eq!(merge(&base, &ours, &theirs), LineMerge::Merged(both));
    }

    #[test]
    fn what_both_changed_alike_is_there_once() {
        let ours = text(&["a", "b", "c", "x", "e", "f", "g"]);
        let theirs = text(&["a", "b", "c", "x", "e", "f", "g", "h"]);
        assert_eq!(merge(&text(BASE), &ours, &theirs), LineMerge::Merged(theirs));
    }

    #[test]
    fn many_changes_within_one_of_the_other_side_are_one_conflict() {
        let ours = text(&["a", "B", "c", "D", "e", "F", "g"]);
        let theirs = text(&["a", "x", "g"]);
        assert_eq!(merge(&text(BASE), &ours, &theirs), LineMerge::Conflict);
        assert_eq!(merge(&text(BASE), &theirs, &ours), LineMerge::Conflict);
    }
}
