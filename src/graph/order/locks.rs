//! Tasks of a plan that must not run side by side because they touch the same files.

use std::collections::BTreeMap;

use crate::graph::order::glob::{covers, is_wide, literal_head};
use crate::plan::{Document, TaskId};

/// The files of a plan's tasks as numbers. Two tasks touch a common file exactly when they share a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileLocks {
    /// The numbers of each task that names files. Numbers above those of `names` stand for a name and a folder or pattern that
    /// covers it.
    pub of: BTreeMap<TaskId, Vec<u32>>,
    /// The file, folder or pattern behind each number.
    pub names: Vec<String>,
}

impl FileLocks {
    /// Reads the files of all tasks.
    pub fn new(document: &Document) -> Self {
        let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
        let mut names: Vec<String> = Vec::new();
        for file in document.tasks().flat_map(|task| &task.files) {
            numbers.entry(file).or_insert_with(|| {
                names.push(file.clone());
                (names.len() - 1) as u32
            });
        }
        if names.is_empty() {
            return Self::default();
        }
        // Whoever names a file and whoever names a pattern that covers it share a number of their own. Tasks that name different
        // files under a pattern do not.
        let mut shared: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
        let mut next = names.len() as u32;
        for (wide, own) in numbers.iter().filter(|(name, _)| is_wide(name)) {
            let head = literal_head(wide);
            let near = numbers
                .range(head..)
                .take_while(|(name, _)| name.starts_with(head));
            for (name, other) in near.filter(|(name, _)| *name != wide && covers(wide, name)) {
                // Two patterns with the same literal head meet twice.
                if is_wide(name) && literal_head(name) == head && name < wide {
                    continue;
                }
                shared[*own as usize].push(next);
                shared[*other as usize].push(next);
                next += 1;
            }
        }
        let mut of: BTreeMap<TaskId, Vec<u32>> = BTreeMap::new();
        for task in document.tasks().filter(|task| !task.files.is_empty()) {
            let own = task.files.iter().filter_map(|file| numbers.get(file.as_str()));
            let own = own.flat_map(|number| std::iter::once(number).chain(&shared[*number as usize]));
            let mut own: Vec<u32> = own.copied().collect();
            own.sort_unstable();
            own.dedup();
            of.insert(task.id, own);
        }
        Self { of, names }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::markdown::read_document;

    #[test]
    fn a_pattern_is_a_claim_on_what_it_matches_and_joins_nothing_else() {
        let text = "## Phase 1: x\n- [ ] 1.1 a (touches: src/*.rs)\n- [ ] 1.2 b (touches: src/a.rs)\n- [ ] 1.3 c (touches: src/b.rs)\n\
                    - [ ] 1.4 d (touches: src/db/x.rs)\n- [ ] 1.5 e (touches: src/**)\n- [ ] 1.6 f (touches: docs/)\n\
                    - [ ] 1.7 g (touches: src/*.rs)\n";
        let locks = FileLocks::new(&read_document(text).0);
        let wait = |one: u32, other: u32| {
            let of = |number| &locks.of[&TaskId::new(1, number)];
            of(one).iter().any(|number| of(other).contains(number))
        };
        let pairs = (1..=7).flat_map(|one| (one + 1..=7).map(move |other| (one, other)));
        let waiting: Vec<(u32, u32)> = pairs.filter(|(one, other)| wait(*one, *other)).collect();
        assert_eq!(
            waiting,
            [
                (1, 2),
                (1, 3),
                (1, 5),
                (1, 7),
                (2, 5),
                (2, 7),
                (3, 5),
                (3, 7),
                (4, 5),
                (5, 7)
            ]
        );
    }
}
