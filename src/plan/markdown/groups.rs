//! Execution notes: which tasks are sequential, and which phases are parallel.

use super::draft::ExecutionNote;
use crate::plan::{PhaseId, TaskId};

/// What an execution note says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupNote {
    /// `Tasks 3.1-3.4 are [SEQUENTIAL]`: the ranges, and the list as written.
    Tasks(GroupKind, Vec<(TaskId, TaskId)>, String),
    /// `Phases 2-3 are [PARALLEL]`: the ranges.
    Phases(Vec<(PhaseId, PhaseId)>),
}

/// What the tasks of a group are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupKind {
    /// One after the other.
    Sequential,
    /// Without dependencies on each other.
    Parallel,
}

/// The groups that a note names. A list has numbers and ranges with commas between them; in a parallel list also `and`.
pub(super) fn groups(note: &ExecutionNote) -> Vec<GroupNote> {
    let mut found = Vec::new();
    for (mark, word) in [
        (GroupKind::Sequential, "[SEQUENTIAL]"),
        (GroupKind::Parallel, "[PARALLEL]"),
    ] {
        let mut from = 0;
        for (at, _) in note.text.match_indices(word) {
            let before = &note.text[from..at];
            from = at + word.len();
            let tasks = list_before(before, "task").and_then(|list| {
                let tidy: Vec<&str> = list.split_whitespace().collect();
                let tidy = tidy.join(" ").replace(" - ", "-");
                let list = match mark {
                    GroupKind::Sequential => tidy.clone(),
                    GroupKind::Parallel => without_and(&tidy),
                };
                Some(GroupNote::Tasks(mark, ranges(&list, |id| id.parse().ok())?, tidy))
            });
            // The phases of a document are sequential anyway.
            let phases = || {
                let list = list_before(before, "phase").filter(|_| mark == GroupKind::Parallel)?;
                ranges(&without_and(list), |id| id.parse().ok().map(PhaseId)).map(GroupNote::Phases)
            };
            found.extend(tasks.or_else(phases));
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

/// A list with commas in place of `and`.
fn without_and(list: &str) -> String {
    list.replace(", and ", ",")
        .replace(" and ", ",")
        .replace('&', ",")
}

fn ranges<T: Copy>(list: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<(T, T)>> {
    let list = list.replace(" to ", "-").replace(" through ", "-");
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
            [GroupNote::Tasks(
                GroupKind::Sequential,
                vec![(task(3, 1), task(3, 4))],
                "3.1-3.4".to_owned()
            )]
        );
        assert_eq!(
            read("Tasks 1.1, 1.3 are [SEQUENTIAL]"),
            [GroupNote::Tasks(
                GroupKind::Sequential,
                vec![(task(1, 1), task(1, 1)), (task(1, 3), task(1, 3))],
                "1.1, 1.3".to_owned()
            )]
        );
    }

    #[test]
    fn parallel_tasks_are_grouped_in_every_way_of_writing_a_list() {
        let task = TaskId::new;
        let range = vec![(task(1, 1), task(1, 3))];
        let each: Vec<_> = (1..=3).map(|n| (task(1, n), task(1, n))).collect();
        for (list, found) in [
            ("1.1-1.3", &range),
            ("1.1 - 1.3", &range),
            ("1.1 to 1.3", &range),
            ("1.1 through 1.3", &range),
            ("1.1, 1.2 and 1.3", &each),
            ("1.1, 1.2, and 1.3", &each),
            ("1.1, 1.2 & 1.3", &each),
        ] {
            let text = format!("**Execution Note:** Tasks {list} are [PARALLEL]");
            let label = list.replace(" - ", "-");
            let group = GroupNote::Tasks(GroupKind::Parallel, found.clone(), label);
            assert_eq!(read(&text), [group], "{list}");
        }
        let sequential = GroupNote::Tasks(GroupKind::Sequential, range.clone(), "1.1 to 1.3".to_owned());
        assert_eq!(read("Tasks 1.1 to 1.3 are [SEQUENTIAL]"), [sequential]);
        assert_eq!(
            read("Tasks in Phases 2-3 are [PARALLEL]"),
            [GroupNote::Phases(vec![(PhaseId(2), PhaseId(3))])]
        );
    }

    #[test]
    fn phases_are_listed_or_ranged() {
        let phase = |n| (PhaseId(n), PhaseId(n));
        assert_eq!(
            read("Phases 2-3 are [PARALLEL]"),
            [GroupNote::Phases(vec![(PhaseId(2), PhaseId(3))])]
        );
        assert_eq!(
            read("Phases 1, 3, 5 are [PARALLEL]"),
            [GroupNote::Phases(vec![phase(1), phase(3), phase(5)])]
        );
        assert_eq!(
            read("Phases 1 and 3 are [PARALLEL]"),
            [GroupNote::Phases(vec![phase(1), phase(3)])]
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
