//! Plans that touch the same files.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Overlap, PlanName, PlanSet};

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
    /// True when one of them waits for the other or for a part of it, directly or through others: whoever wrote that knows
    /// that they meet.
    pub waits: bool,
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
    if pairs.is_empty() {
        return Vec::new();
    }
    let waits = PlanWaits::new(set);
    pairs
        .into_iter()
        .map(|(plans, files)| PlanOverlap {
            waits: waits.between(plans.0, plans.1) || waits.between(plans.1, plans.0),
            plans,
            files,
            serialized: None,
        })
        .collect()
}

/// Which plans each plan waits for, by their places in the manifest.
struct PlanWaits(Vec<Vec<usize>>);

impl PlanWaits {
    fn new(set: &PlanSet) -> Self {
        let numbers: BTreeMap<&PlanName, usize> = set
            .plans
            .iter()
            .enumerate()
            .map(|(number, plan)| (&plan.name, number))
            .collect();
        let waits = set.plans.iter().map(|plan| {
            let phases = plan.document.phases.iter();
            let phases = phases.flat_map(|phase| plan.phase_waits(phase.id));
            let all = plan.depends.iter().cloned().chain(phases);
            let mut on: Vec<usize> = all
                .filter_map(|wait| numbers.get(&wait.on.plan).copied())
                .collect();
            on.sort_unstable();
            on.dedup();
            on
        });
        Self(waits.collect())
    }

    /// True when the one waits for the other, directly or through others.
    fn between(&self, one: usize, other: usize) -> bool {
        let mut seen = BTreeSet::from([one]);
        let mut open = vec![one];
        while let Some(plan) = open.pop() {
            if plan == other {
                return true;
            }
            open.extend(self.0[plan].iter().filter(|on| seen.insert(**on)));
        }
        false
    }
}
