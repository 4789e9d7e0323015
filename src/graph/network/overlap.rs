//! Plans that touch the same files. Files named in a document and files in the manifest's `touches` count alike.

use std::collections::BTreeMap;

use crate::plan::{Overlap, PlanSet};

use crate::graph::order::glob::{covers, is_wide, literal_head};
use crate::graph::order::locks::FileLocks;

/// A set of plans that touch the same files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOverlap {
    /// Indexes of the plans in the manifest, in manifest order. Each plan touches each of the files.
    pub plans: Vec<usize>,
    /// The files, folders or patterns.
    pub files: Vec<String>,
}

/// Finds all overlaps, one per set of plans. `locks` has the files of each plan, by index in the manifest. Skips sets in which every plan allows overlaps.
pub fn plan_overlaps(set: &PlanSet, locks: &[FileLocks]) -> Vec<PlanOverlap> {
    let mut owners: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, plan) in set.plans.iter().enumerate() {
        for file in locks[number].names.iter().chain(&plan.touches) {
            let of = owners.entry(file).or_default();
            if of.last() != Some(&number) {
                of.push(number);
            }
        }
    }
    // Group names by their owners and by the folders and patterns that cover them. There are few such groups.
    let mut wide: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pattern in owners.keys().filter(|name| is_wide(name)) {
        let head = literal_head(pattern);
        let near = owners.range(head..).map(|(name, _)| *name);
        for name in near.take_while(|name| name.starts_with(head)) {
            if name != *pattern && covers(pattern, name) {
                wide.entry(name).or_default().push(pattern);
            }
        }
    }
    let mut kinds: BTreeMap<(&[usize], &[&str]), Vec<&str>> = BTreeMap::new();
    for (name, own) in &owners {
        let around = wide.get(name).map(Vec::as_slice).unwrap_or_default();
        kinds.entry((own, around)).or_default().push(name);
    }
    let mut groups: BTreeMap<Vec<usize>, Vec<String>> = BTreeMap::new();
    for ((own, around), files) in kinds {
        let others = around.iter().flat_map(|pattern| &owners[pattern]);
        let mut plans: Vec<usize> = own.iter().chain(others).copied().collect();
        plans.sort_unstable();
        plans.dedup();
        let is_allowed = |plan: &usize| set.plans[*plan].overlap == Overlap::Allow;
        if plans.len() > 1 && !plans.iter().all(is_allowed) {
            let group = groups.entry(plans).or_default();
            group.extend(files.into_iter().map(str::to_owned));
        }
    }
    let groups = groups.into_iter();
    groups
        .map(|(plans, mut files)| {
            files.sort_unstable();
            PlanOverlap { plans, files }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Generated;

    fn groups(plans: &[(&[&str], Overlap)]) -> Vec<(Vec<usize>, String)> {
        let mut set = Generated {
            plans: plans.len(),
            tasks: plans.len(),
            ..Generated::default()
        }
        .plan_set();
        for (plan, (touches, overlap)) in set.plans.iter_mut().zip(plans) {
            plan.touches = touches.iter().map(|file| (*file).to_owned()).collect();
            plan.overlap = *overlap;
        }
        let locks = set.plans.iter().map(|plan| FileLocks::new(&plan.document));
        let locks: Vec<FileLocks> = locks.collect();
        let found = plan_overlaps(&set, &locks);
        found
            .into_iter()
            .map(|group| (group.plans, group.files.join(" ")))
            .collect()
    }

    #[test]
    fn files_are_grouped_by_the_plans_that_touch_them() {
        let warn = Overlap::Warn;
        assert_eq!(
            groups(&[
                (&["src/a.rs", "b.rs", "own.rs"], warn),
                (&["src/a.rs", "b.rs"], warn),
                (&["b.rs", "docs/x.md"], warn),
                (&["docs/"], warn),
                (&["x/*.toml"], warn),
            ]),
            [
                (vec![0, 1], "src/a.rs".to_owned()),
                (vec![0, 1, 2], "b.rs".to_owned()),
                (vec![2, 3], "docs/x.md".to_owned()),
            ]
        );
        // Folders and patterns overlap with the files in them. Patterns that may overlap count as overlapping.
        assert_eq!(
            groups(&[
                (&["src/**"], warn),
                (&["src/auth/*.rs"], warn),
                (&["src/auth/a.rs"], warn)
            ]),
            [
                (vec![0, 1], "src/auth/*.rs".to_owned()),
                (vec![0, 1, 2], "src/auth/a.rs".to_owned()),
            ]
        );
        let (warn, allow) = (Overlap::Warn, Overlap::Allow);
        assert_eq!(groups(&[(&["a.rs"], allow), (&["a.rs"], allow)]), []);
        assert_eq!(groups(&[(&["a.rs"], allow), (&["a.rs"], warn)]).len(), 1);
    }
}
