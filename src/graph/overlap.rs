//! Plans that touch the same files.

use std::collections::BTreeMap;

use crate::plan::{Overlap, PlanSet};

use super::locks::{FileLocks, covers, is_wide};

/// Two plans that touch the same files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOverlap {
    /// Their places in the manifest, the earlier one first.
    pub plans: (usize, usize),
    /// The files, folders or patterns, as the first of them names them.
    pub files: Vec<String>,
    /// The one that goes first and the one that waits for it, when they go one after the other.
    pub serialized: Option<(usize, usize)>,
}

/// Finds all of them, except between plans that both allow it. What a document names and what the manifest's `touches`
/// names counts alike. `locks` are those of each plan.
pub(super) fn find(set: &PlanSet, locks: &[FileLocks]) -> Vec<PlanOverlap> {
    let mut exact: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut wide: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, plan) in set.plans.iter().enumerate() {
        for file in locks[number].names.iter().chain(&plan.touches) {
            let kind = if is_wide(file) { &mut wide } else { &mut exact };
            let owners = kind.entry(file).or_default();
            if owners.last() != Some(&number) {
                owners.push(number);
            }
        }
    }
    let mut pairs: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    let mut meet = |one: usize, other: usize, file: &str| {
        let both_allow = [one, other]
            .iter()
            .all(|plan| set.plans[*plan].overlap == Overlap::Allow);
        if one != other && !both_allow {
            let files = pairs.entry((one.min(other), one.max(other))).or_default();
            if !files.iter().any(|known| known == file) {
                files.push(file.to_owned());
            }
        }
    };
    for (file, owners) in exact.iter().chain(&wide) {
        for (place, one) in owners.iter().enumerate() {
            for other in &owners[place + 1..] {
                meet(*one, *other, file);
            }
        }
    }
    for (pattern, owners) in &wide {
        let others = exact.iter().chain(&wide);
        for (file, touching) in others.filter(|(file, _)| *file != pattern && covers(pattern, file)) {
            for one in owners {
                for other in touching {
                    meet(*one, *other, file);
                }
            }
        }
    }
    pairs
        .into_iter()
        .map(|(plans, files)| PlanOverlap {
            plans,
            files,
            serialized: None,
        })
        .collect()
}
