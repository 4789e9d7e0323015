//! Tasks that a document has under other ids than it had: what was said of them would count for others.

use std::collections::BTreeMap;

use super::{Document, TaskId};

/// A task that stands under another id than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its title, which is the same.
    pub title: String,
    /// What it was.
    pub was: TaskId,
    /// What it is.
    pub is: TaskId,
    /// Its line now, from 1.
    pub line: usize,
}

/// Finds tasks, by their titles, under ids that were those of others or of none. A title that stands in one of the documents
/// more than once tells nothing.
pub fn moved(old: &Document, new: &Document) -> Vec<Moved> {
    let (before, now) = (by_title(old), by_title(new));
    let both = before.iter().filter_map(|(title, was)| {
        let (was, is) = (was.as_ref()?.id, now.get(title)?.as_ref()?);
        let moved = || Moved {
            title: (*title).to_owned(),
            was,
            is: is.id,
            line: is.line,
        };
        (was != is.id).then(moved)
    });
    both.collect()
}

/// The task of each title; none where several have it.
fn by_title(document: &Document) -> BTreeMap<&str, Option<&super::Task>> {
    let mut tasks = BTreeMap::new();
    for task in document.tasks() {
        let only = tasks.entry(task.title.as_str()).or_insert(Some(task));
        *only = only.filter(|only| only.id == task.id);
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::markdown::read_document;

    fn moves(old: &str, new: &str) -> Vec<String> {
        let of = |boxes: &str| read_document(&format!("# P\n\n## Phase 1: A\n\n{boxes}")).0;
        let all = moved(&of(old), &of(new));
        all.iter()
            .map(|moved| format!("{} {}>{}", moved.title, moved.was, moved.is))
            .collect()
    }

    #[test]
    fn a_box_put_before_others_without_numbers_moves_them() {
        let old = "- [ ] one\n- [ ] two\n";
        assert_eq!(
            moves(old, &format!("- [ ] new\n{old}")),
            ["one 1.1>1.2", "two 1.2>1.3"]
        );
        assert_eq!(moves(old, "- [ ] two\n"), ["two 1.2>1.1"]);
        assert!(moves(old, &format!("{old}- [ ] new\n")).is_empty());
        assert!(moves(old, "- [ ] 1.3 new\n- [ ] 1.1 one\n- [ ] 1.2 two\n").is_empty());
    }

    #[test]
    fn another_wording_moves_nothing_and_neither_do_titles_that_are_there_twice() {
        assert!(moves("- [ ] one\n- [ ] two\n", "- [ ] first\n- [ ] two\n").is_empty());
        assert!(moves("- [ ] test\n- [ ] test\n", "- [ ] new\n- [ ] test\n- [ ] test\n").is_empty());
    }
}
