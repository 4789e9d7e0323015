//! Merging the lines of a file that both sides changed, when git's own result is certain: by one line that separates
//! the changes of the two sides, or otherwise by comparing the files as git does (`hunks`), which takes longer.
//!
//! One separating line is enough when one side changed only lines before it, the other side changed only lines after
//! it, and the line occurs once in each of the three files. The reason: git compares by histogram
//! (`xdiff/xhistogram.c`), which takes the longest run of equal lines among those with the rarest line, and then
//! continues to the left and to the right of the run. The run through the separating line has a line that occurs once,
//! so no run is rarer. A run that would match lines on one side of the separating line with lines on its other side
//! would lie, in one of the two files, wholly within the unchanged lines beyond it. So such a run is shorter than the
//! run through the separating line, which includes all these unchanged lines. The separating line is therefore matched
//! with itself, and where nothing changed beyond it, no difference is found. Changes that slide along equal lines stop
//! at the separating line, because no other line is equal to it. So all changes of one side end before the line, and
//! those of the other side begin after it. They do not touch, and git takes both.

use memchr::memmem;

use super::hunks::{self, LineMerge};

/// Git takes files with a zero byte in this many first bytes for binary.
const SNIFFED: usize = 8_000;

/// Merges two changed versions of a file. No two of the three texts are equal.
pub(in crate::git::merging) fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> LineMerge {
    if [base, ours, theirs].iter().any(|text| is_binary(text)) {
        return LineMerge::Unsure;
    }
    let (one, two) = (TextChange::between(base, ours), TextChange::between(base, theirs));
    if let Some(at) = anchor(base, ours, theirs, one.end, two.start) {
        // `at` is a position in base. In ours, the same line has the same distance from the end.
        let head = ours.len() - (base.len() - at);
        return LineMerge::Merged([&ours[..head], &theirs[at..]].concat());
    }
    if let Some(at) = anchor(base, theirs, ours, two.end, one.start) {
        let head = theirs.len() - (base.len() - at);
        return LineMerge::Merged([&theirs[..head], &ours[at..]].concat());
    }
    hunks::merge(base, ours, theirs)
}

fn is_binary(text: &[u8]) -> bool {
    memchr::memchr(0, &text[..text.len().min(SNIFFED)]).is_some()
}

/// The bytes of base, in whole lines, between the common beginning and the common end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TextChange {
    start: usize,
    end: usize,
}

impl TextChange {
    fn between(base: &[u8], side: &[u8]) -> Self {
        let shorter = base.len().min(side.len());
        let same = common(base.chunks(CHUNK).zip(side.chunks(CHUNK)), |one, two| {
            one.iter().zip(two).take_while(|(one, two)| one == two).count()
        });
        // Back to the beginning of the line.
        let start = line_start(base, same);
        let rest = shorter - start;
        let (one, two) = (&base[base.len() - rest..], &side[side.len() - rest..]);
        let tail = common(one.rchunks(CHUNK).zip(two.rchunks(CHUNK)), |one, two| {
            let both = one.iter().rev().zip(two.iter().rev());
            both.take_while(|(one, two)| one == two).count()
        });
        let (mut end, other) = (base.len() - tail, side.len() - tail);
        // On to the beginning of a line in both texts.
        if !(starts_line(base, end) && starts_line(side, other)) {
            end = memchr::memchr(b'\n', &base[end..]).map_or(base.len(), |at| end + at + 1);
        }
        Self { start, end }
    }
}

/// How many bytes are compared at once.
const CHUNK: usize = 64;

/// How many bytes pairs of pieces have in common from the beginning. `within` counts them in the first pair that
/// differs.
fn common<'a>(
    pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    within: impl Fn(&'a [u8], &'a [u8]) -> usize,
) -> usize {
    let mut same = 0;
    for (one, two) in pairs {
        if one != two {
            return same + within(one, two);
        }
        same += one.len();
    }
    same
}

fn starts_line(text: &[u8], at: usize) -> bool {
    at == 0 || text[at - 1] == b'\n'
}

fn line_start(text: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)
}

/// The position of a line of base that lies from `from` on, ends before `to`, and occurs once in all three texts.
fn anchor(base: &[u8], ours: &[u8], theirs: &[u8], from: usize, to: usize) -> Option<usize> {
    /// After this many lines that occur more than once, the search ends.
    const TRIES: usize = 16;
    let mut at = from;
    for _ in 0..TRIES {
        if at >= to {
            return None;
        }
        let next = at + memchr::memchr(b'\n', &base[at..to])? + 1;
        let line = &base[at..next];
        if [base, ours, theirs].iter().all(|text| stands_once(text, line)) {
            return Some(at);
        }
        at = next;
    }
    None
}

fn stands_once(text: &[u8], line: &[u8]) -> bool {
    let mut places = memmem::find_iter(text, line).filter(|at| starts_line(text, *at));
    places.next().is_some() && places.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Rng;

    fn text(lines: &[&str]) -> Vec<u8> {
        lines
            .iter()
            .flat_map(|line| [line.as_bytes(), b"\n"].concat())
            .collect()
    }

    #[test]
    fn changes_on_both_sides_of_a_line_of_its_own_merge() {
        let base = text(&["a", "b", "c"]);
        let both = LineMerge::Merged(text(&["A", "b", "C"]));
        let (first, last) = (text(&["A", "b", "c"]), text(&["a", "b", "C"]));
        assert_eq!(merge(&base, &first, &last), both);
        assert_eq!(merge(&base, &last, &first), both);
    }

    #[test]
    fn lines_that_come_and_go_are_counted() {
        let base = text(&["a", "b", "c", "d", "e"]);
        let more = text(&["x", "y", "a", "b", "c", "d", "e"]);
        let less = text(&["a", "b", "c"]);
        assert_eq!(
            merge(&base, &more, &less),
            LineMerge::Merged(text(&["x", "y", "a", "b", "c"]))
        );
        assert_eq!(
            merge(&base, &less, &more),
            LineMerge::Merged(text(&["x", "y", "a", "b", "c"]))
        );
    }

    #[test]
    fn without_a_line_that_stands_there_once_between_them_changes_that_touch_conflict() {
        let base = text(&["a", "", "c"]);
        assert_eq!(
            merge(&base, &text(&["A", "", "c", ""]), &text(&["a", "", "C"])),
            LineMerge::Conflict
        );
    }

    #[test]
    fn an_end_without_a_newline_is_a_line() {
        let (base, ours) = (b"a\nb\nc".to_vec(), b"A\nb\nc".to_vec());
        assert_eq!(
            merge(&base, &ours, b"a\nb\nc\n"),
            LineMerge::Merged(b"A\nb\nc\n".to_vec())
        );
    }

    #[test]
    fn binary_files_are_left_to_git() {
        assert_eq!(
            merge(b"a\nb\n\0\n", b"A\nb\n\0\n", b"a\nb\n\0\nc\n"),
            LineMerge::Unsure
        );
    }

    /// A file in which some lines occur often, and versions of it with a few changes.
    fn draw(rng: &mut Rng) -> [Vec<String>; 3] {
        let often = ["{", "}", "", "else"];
        let line = |rng: &mut Rng, own: &str| match rng.below(5) {
            often_one @ 0..4 if rng.below(2) == 0 => often[often_one].to_owned(),
            _ => format!("{own}{}", rng.below(1000)),
        };
        let base: Vec<String> = (0..4 + rng.below(36)).map(|_| line(rng, "base")).collect();
        let mut side = |own: &str| {
            let mut lines = base.clone();
            for _ in 0..1 + rng.below(3) {
                let at = rng.below(lines.len() + 1);
                match rng.below(5) {
                    0 => lines.insert(at, line(rng, own)),
                    1 if at < lines.len() => drop(lines.remove(at)),
                    2 if at < lines.len() => {
                        let moved = lines.remove(at);
                        lines.insert(rng.below(lines.len() + 1), moved);
                    }
                    3 if at < lines.len() => lines.insert(at, lines[at].clone()),
                    _ if at < lines.len() => lines[at] = line(rng, own),
                    _ => {}
                }
            }
            lines
        };
        let (ours, theirs) = (side("ours"), side("theirs"));
        [base, ours, theirs]
    }

    #[test]
    fn what_is_merged_is_what_git_merges() {
        let asked = std::env::var("ORCH_LINES")
            .ok()
            .and_then(|text| text.parse().ok());
        let dir = tempfile::tempdir().unwrap();
        let files = ["ours", "base", "theirs"].map(|name| dir.path().join(name));
        let (mut certain, mut conflicts) = (0, 0);
        for seed in 0..asked.unwrap_or(300) {
            let drawn = draw(&mut Rng::new(seed));
            let [base, ours, theirs] = drawn.map(|lines| {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                text(&lines)
            });
            if base == ours || base == theirs || ours == theirs {
                continue;
            }
            let said = merge(&base, &ours, &theirs);
            if said == LineMerge::Unsure {
                continue;
            }
            for (file, bytes) in files.iter().zip([&ours, &base, &theirs]) {
                std::fs::write(file, bytes).unwrap();
            }
            let git = std::process::Command::new("git")
                .args(["merge-file", "-p", "-q", "--diff-algorithm=histogram"])
                .args(&files)
                .output()
                .unwrap();
            if String::from_utf8_lossy(&git.stderr).contains("diff-algorithm") {
                println!("this git takes no algorithm for `merge-file`: nothing is compared");
                return;
            }
            match said {
                LineMerge::Merged(merged) => {
                    assert!(git.status.success(), "seed {seed}: git finds a conflict");
                    assert_eq!(
                        String::from_utf8_lossy(&merged),
                        String::from_utf8_lossy(&git.stdout),
                        "seed {seed}"
                    );
                    certain += 1;
                }
                LineMerge::Conflict => {
                    assert!(!git.status.success(), "seed {seed}: git merges it");
                    conflicts += 1;
                }
                LineMerge::Unsure => {}
            }
        }
        println!("{certain} files merged as git does, {conflicts} conflicts as git finds");
        assert!(certain > 0 && conflicts > 0);
    }
}
