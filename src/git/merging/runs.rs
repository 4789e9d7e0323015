//! Merging lines by runs of lines that stay where they are, where git's own result is certain.
//!
//! A run is certain to stay when it is the same in each file, its first and its last line stand once in each, the lines that
//! stand once in two files come in the same order in both, and the run is longer than any run of other lines that the two have
//! in common. Why: whatever git's histogram (see `text`) sets against each other across such a run, or within it shifted
//! against itself, holds no line of those that stand once, their order being kept, so it is shorter than the run and no
//! rarer. Whatever does hold such a line and reaches into the run takes in its first or its last line, and with it the run as
//! it stands. Changes that slide along equal lines stop at the first and the last line. And what is the same between two
//! such runs stays too, since together with them it is one longer run. So the files fall into pieces between runs, which no
//! change of either side reaches across, and in each piece the side counts that changed it.

use std::collections::HashMap;

use super::text::Lines;

/// Which of the three files.
const BASE: usize = 0;
const OURS: usize = 1;
const THEIRS: usize = 2;

/// The lines of three files as numbers, equal for equal lines.
struct Three<'a> {
    lines: [Vec<&'a [u8]>; 3],
    numbers: [Vec<usize>; 3],
    /// Of each number: how often it stands in each file, and where last.
    seen: Vec<[(usize, usize); 3]>,
}

/// Merges three files, none equal to another.
pub(super) fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Lines {
    let three = Three::new([base, ours, theirs]);
    let (Some(one), Some(two)) = (three.longest_other(OURS), three.longest_other(THEIRS)) else {
        return Lines::Unsure;
    };
    let runs = three.runs(one.max(two) + 1);
    if runs.is_empty() {
        return Lines::Unsure;
    }
    three.by_pieces(&runs)
}

/// A run of lines: where it begins in each file, and its length.
type Run = ([usize; 3], usize);

impl<'a> Three<'a> {
    fn new(files: [&'a [u8]; 3]) -> Self {
        let mut known: HashMap<&[u8], usize> = HashMap::new();
        let mut seen = Vec::new();
        let mut numbers = [Vec::new(), Vec::new(), Vec::new()];
        let lines = files.map(|file| file.split_inclusive(|byte| *byte == b'\n').collect::<Vec<_>>());
        for (file, lines) in lines.iter().enumerate() {
            for (at, line) in lines.iter().enumerate() {
                let number = *known.entry(line).or_insert_with(|| {
                    seen.push([(0, 0); 3]);
                    seen.len() - 1
                });
                let (times, last) = &mut seen[number][file];
                (*times, *last) = (*times + 1, at);
                numbers[file].push(number);
            }
        }
        Self { lines, numbers, seen }
    }

    /// Where a line stands in a file, when it stands there once and once in base.
    fn once(&self, number: usize, side: usize) -> Option<usize> {
        let seen = &self.seen[number];
        (seen[BASE].0 == 1 && seen[side].0 == 1).then_some(seen[side].1)
    }

    /// The longest run of base of lines that a side has too, but not as ones that stand once in both. None when those that
    /// do have another order there.
    fn longest_other(&self, side: usize) -> Option<usize> {
        let (mut longest, mut length, mut last) = (0, 0, None);
        for number in &self.numbers[BASE] {
            match self.once(*number, side) {
                Some(at) if last.is_some_and(|last| at <= last) => return None,
                Some(at) => (last, length) = (Some(at), 0),
                None if self.seen[*number][side].0 == 0 => length = 0,
                None => length += 1,
            }
            longest = longest.max(length);
        }
        Some(longest)
    }

    /// Runs of at least `least` lines that are the same in each file, and begin and end with one that stands there once.
    fn runs(&self, least: usize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (at, number) in self.numbers[BASE].iter().enumerate() {
            let (Some(one), Some(two)) = (self.once(*number, OURS), self.once(*number, THEIRS)) else {
                continue;
            };
            match runs.last_mut() {
                Some((start, length)) if self.is_same(*start, *length, [at, one, two]) => {
                    *length = at + 1 - start[BASE];
                }
                _ => runs.push(([at, one, two], 1)),
            }
        }
        runs.retain(|(_, length)| *length >= least);
        runs
    }

    /// True when what lies between a run and a line that stands once in each file is the same in each.
    fn is_same(&self, start: [usize; 3], length: usize, next: [usize; 3]) -> bool {
        let gap = |file: usize| self.numbers[file].get(start[file] + length..next[file]);
        let base = gap(BASE);
        base.is_some() && base == gap(OURS) && base == gap(THEIRS)
    }

    fn by_pieces(&self, runs: &[Run]) -> Lines {
        let mut merged = Vec::new();
        let mut from = [0; 3];
        let mut conflict = false;
        let ends = self.lines.each_ref().map(Vec::len);
        for (start, length) in runs.iter().copied().chain([(ends, 0)]) {
            let piece = |file: usize| &self.numbers[file][from[file]..start[file]];
            let (base, ours, theirs) = (piece(BASE), piece(OURS), piece(THEIRS));
            let side = if base == theirs {
                OURS
            } else if base == ours {
                THEIRS
            } else if ours != theirs
                && [ours, theirs]
                    .iter()
                    .all(|side| base.iter().all(|line| !side.contains(line)))
            {
                conflict = true;
                OURS
            } else {
                return Lines::Unsure;
            };
            merged.extend(
                self.lines[side][from[side]..start[side]]
                    .iter()
                    .copied()
                    .flatten(),
            );
            from = start.map(|start| start + length);
            merged.extend(
                self.lines[BASE][start[BASE]..from[BASE]]
                    .iter()
                    .copied()
                    .flatten(),
            );
        }
        if conflict {
            Lines::Conflict
        } else {
            Lines::Merged(merged)
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
        assert_eq!(merge(&text(BASE), &ours, &theirs), Lines::Merged(both));
    }

    #[test]
    fn a_run_goes_on_over_lines_that_stand_there_often() {
        let lines = "a } b { c } d } e { f g".split(' ').collect::<Vec<_>>();
        let with = |changed: &[&str]| {
            let upper = |line: &&str| {
                let upper = line.to_uppercase();
                if changed.contains(line) {
                    upper
                } else {
                    (*line).to_owned()
                }
            };
            let lines: Vec<String> = lines.iter().map(upper).collect();
            text(&lines.iter().map(String::as_str).collect::<Vec<_>>())
        };
        assert_eq!(
            merge(&with(&[]), &with(&["a", "g"]), &with(&["d"])),
            Lines::Merged(with(&["a", "d", "g"]))
        );
    }

    #[test]
    fn the_same_lines_replaced_by_others_conflict() {
        let ours = text(&["a", "b", "c", "ours", "e", "f", "g"]);
        let theirs = text(&["a", "b", "c", "theirs", "theirs", "e", "f", "g"]);
        assert_eq!(merge(&text(BASE), &ours, &theirs), Lines::Conflict);
    }

    #[test]
    fn what_both_changed_partly_alike_is_left_to_git() {
        let ours = text(&["a", "b", "c", "x", "d", "e", "f", "g"]);
        let theirs = text(&["a", "b", "c", "x", "y", "d", "e", "f", "g"]);
        assert_eq!(merge(&text(BASE), &ours, &ours), Lines::Unsure);
        // Nothing of base was replaced, and both added something: whatever git takes for common, more is left.
        assert_eq!(merge(&text(BASE), &ours, &theirs), Lines::Conflict);
        let base = text(&["a", "b", "c", "d", "d2", "e", "f", "g"]);
        let ours = text(&["a", "b", "c", "x", "d2", "e", "f", "g"]);
        assert_eq!(merge(&base, &ours, &theirs), Lines::Unsure);
    }

    #[test]
    fn lines_that_moved_make_it_unsure() {
        let ours = text(&["a", "f", "b", "c", "d", "e", "g"]);
        let theirs = text(&["a", "b", "c", "D", "e", "f", "g"]);
        assert_eq!(merge(&text(BASE), &ours, &theirs), Lines::Unsure);
    }

    #[test]
    fn a_run_no_longer_than_lines_that_stand_there_often_is_not_enough() {
        let base = text(&["{", "}", "a", "b", "{", "}", "c", "{", "}"]);
        let ours = text(&["{", "}", "A", "b", "{", "}", "C", "{", "}"]);
        let theirs = text(&["{", "}", "a", "B", "{", "}", "c", "{", "}"]);
        assert_eq!(merge(&base, &ours, &theirs), Lines::Unsure);
    }
}
