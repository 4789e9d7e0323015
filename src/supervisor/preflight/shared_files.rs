//! Plans that touch the same files, for `orch preview` and `orch up`.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::graph::{Graph, PlanSeries, plan_overlaps};
use crate::plan::{Lint, LintId, LintPlace, Plan, PlanName, PlanSet, first_of};

/// How many files of an overlap are named.
const FILES: usize = 3;

/// How many plans of an overlap are named.
const PLANS: usize = 8;

/// Plans that touch the same files.
#[derive(Debug, Clone, Serialize)]
pub struct SharedFiles {
    /// The plans; in running order, when they run one after the other.
    pub plans: Vec<PlanName>,
    /// The files that all of them touch.
    pub files: Vec<String>,
    /// True when they run one after the other because they touch the same files.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_order: bool,
}

impl SharedFiles {
    /// The lint for plans that run at the same time; `None` where they do not.
    pub(super) fn lint(&self) -> Option<Lint> {
        let files = first_of(&self.files, FILES, ", ");
        let lint = match self.plans.as_slice() {
            _ if self.in_order => return None,
            [one, other] => Lint::new(
                LintId::Overlap,
                LintPlace::Pair(one.clone(), other.clone()),
                format!("both touch {files}, and run side by side: a conflict when they land"),
            ),
            all => Lint::of(
                LintId::Overlap,
                first_of(all, PLANS, ", "),
                format!("all touch {files}, and run side by side: conflicts when they land"),
            ),
        };
        Some(lint.hint("let one depend on the other, or set `overlap = \"serialize\"` on one of them"))
    }
}

/// Open plans that touch the same files and do not depend on each other anyway.
pub(crate) fn shared_files(
    set: &PlanSet,
    graph: &Graph,
    is_open: impl Fn(&Plan) -> bool,
) -> Vec<SharedFiles> {
    let mut series = PlanSeries::new(set, graph);
    let mut found = Vec::new();
    for mut group in plan_overlaps(set, &graph.locks) {
        group.plans.retain(|plan| is_open(&set.plans[*plan]));
        let beside = series.side_by_side(&group.plans);
        let members: BTreeSet<usize> = group.plans.iter().copied().collect();
        let firsts = |plan: usize| graph.after[plan].iter().filter(|first| members.contains(first));
        let all_firsts: BTreeSet<usize> = members.iter().flat_map(|plan| firsts(*plan)).copied().collect();
        let mut in_turn: Vec<(usize, usize)> = members
            .iter()
            .map(|plan| (firsts(*plan).count(), *plan))
            .collect();
        in_turn.retain(|(before, plan)| *before > 0 || all_firsts.contains(plan));
        in_turn.sort_unstable();
        let in_turn = in_turn.into_iter().map(|(_, plan)| plan).collect();
        for (plans, in_order) in [(beside, false), (in_turn, true)] {
            if plans.len() > 1 {
                found.push(SharedFiles {
                    plans: plans.iter().map(|plan| set.plans[*plan].name.clone()).collect(),
                    files: group.files.clone(),
                    in_order,
                });
            }
        }
    }
    found
}
