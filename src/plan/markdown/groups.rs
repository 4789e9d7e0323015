//! Execution notes: which tasks are sequential, and which phases are parallel.

use super::draft::ExecutionNote;
use crate::plan::{PhaseId, TaskId};

/// What an execution note says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupNote {
    /// `Tasks 3.1-3.4 are [SEQUENTIAL]`: the ranges, and the list as written.
    Sequential(Vec<(TaskId, TaskId)>, String),
    /// `Phases 2-3 are [PARALLEL]`: the ranges.
    Parallel(Vec<(PhaseId, PhaseId)>),
}

/// The groups that a note names. A list has numbers and ranges with commas between them. Between phases, `and` works like a
/// comma.
pub(super) fn groups(note: &ExecutionNote) -> Vec<GroupNote> {
    let mut found = Vec::new();
    for (mark, word) in [("[SEQUENTIAL]", "task"), ("[PARALLEL]", "phase")] {
        let mut from = 0;
        for (at, _) in note.text.match_indices(mark) {
            let before = &note.text[from..at];
            from = at + mark.len();
            let Some(list) = list_before(before, word) else {
                continue;
            };
            let group = if word == "task" {
                let tidy: String = list
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .replace(" - ", "-");
                ranges(&tidy, |id| id.parse().ok()).map(|ranges| GroupNote::Sequential(ranges, tidy))
            } else {
                let list = list.replace(" and ", ",").replace('&', ",");
                ranges(&list, |id| id.parse().ok().map(PhaseId)).map(GroupNote::Parallel)
            };
            found.extend(group);
        }
    }
    found
}

/// The text between the last `Tasks` or `Phases` and the `are` before the mark.
fn list_before<'t>(before: &'t str, word: &str) -> Option<&'t str> {
    let folded = before.to_ascii_lowercase();
    let at = folded.rfind(word)? + word.len();
    let rest = before.get(at..)?;
    let rest = rest.strip_prefix(['s', 'S']).unwrap_or(rest);
    let list = rest.trim().trim_end_matches('*').trim_end();
    let verb = [" are", " is", ":"]
        .iter()
        .find_map(|verb| list.strip_suffix(verb));
    Some(verb.unwrap_or(list).trim())
}

fn ranges<T: Copy>(list: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<(T, T)>> {
    let range = |part: &str| match part.split_once('-') {
        Some((from, to)) => Some((parse(from.trim())?, parse(to.trim())?)),
        None => parse(part.trim()).map(|only| (only, only)),
    };
    list.split(',').map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<GroupNote> {
        groups(&ExecutionNote {
            text: text.to_owned(),
            line: 1,
        })
    }

    #[test]
    fn tasks_are_grouped_as_written() {
        let task = TaskId::new;
        assert_eq!(
            read("**Execution Note:** Tasks 3.1-3.4 are [SEQUENTIAL] - why"),
            [GroupNote::Sequential(
                vec![(task(3, 1), task(3, 4))],
                "3.1-3.4".to_owned()
            )]
        );
        assert_eq!(
            read("Tasks 1.1, 1.3 are [SEQUENTIAL]"),
            [GroupNote::Sequential(
                vec![(task(1, 1), task(1, 1)), (task(1, 3), task(1, 3))],
                "1.1, 1.3".to_owned()
            )]
        );
    }

    #[test]
    fn phases_are_listed_or_ranged() {
        let phase = |n| (PhaseId(n), PhaseId(n));
        assert_eq!(
            read("Phases 2-3 are [PARALLEL]"),
            [GroupNote::Parallel(vec![(PhaseId(2), PhaseId(3))])]
        );
        assert_eq!(
            read("Phases 1, 3, 5 are [PARALLEL]"),
            [GroupNote::Parallel(vec![phase(1), phase(3), phase(5)])]
        );
        assert_eq!(
            read("Phases 1 and 3 are [PARALLEL]"),
            [GroupNote::Parallel(vec![phase(1), phase(3)])]
        );
    }

    #[test]
    fn prose_is_no_group() {
        for text in [
            "Tasks 1.1, 1.3 all modify x",
            "Uses [SEQUENTIAL]",
            "Tasks that are [SEQUENTIAL]",
            "Phases 2-3 are [SEQUENTIAL]",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
