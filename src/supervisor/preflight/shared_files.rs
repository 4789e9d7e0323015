//! Plans that touch the same files, for `orch preview` and `orch up`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::graph::{FileTurn, Graph, SideBySide, plan_overlaps};
use crate::plan::{Lint, LintId, LintPlace, PhaseId, Plan, PlanName, PlanSet, Point, WorkRef, first_of};

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
    /// What runs one after the other, in that order, where single phases do: phases and whole plans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<WorkRef>,
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
    let mut side_by_side = SideBySide::new(set, graph);
    let mut found = Vec::new();
    for mut group in plan_overlaps(set, &graph.locks) {
        group.plans.retain(|plan| is_open(&set.plans[*plan]));
        let beside = side_by_side.of(&group.plans, &group.files);
        let members: BTreeSet<usize> = group.plans.iter().copied().collect();
        let turns = Turns::new(graph, &members, &group.files);
        let in_turn = turns.in_order();
        let phases = in_turn.iter().flat_map(|plan| turns.points(set, *plan));
        let mut phases: Vec<WorkRef> = phases.collect();
        if phases.iter().all(|on| on.point == Point::Plan) {
            phases.clear();
        }
        for (plans, phases, in_order) in [(beside, Vec::new(), false), (in_turn, phases, true)] {
            if plans.len() > 1 {
                found.push(SharedFiles {
                    plans: plans.iter().map(|plan| set.plans[*plan].name.clone()).collect(),
                    files: group.files.clone(),
                    in_order,
                    phases,
                });
            }
        }
    }
    found
}

/// The order of work that touches some files, by plan.
struct Turns<'g> {
    /// What each plan comes after, for the plans that touch the files.
    of: BTreeMap<usize, Vec<&'g FileTurn>>,
}

impl<'g> Turns<'g> {
    fn new(graph: &'g Graph, members: &BTreeSet<usize>, files: &[String]) -> Self {
        let counts = |turn: &&FileTurn| {
            members.contains(&turn.first) && turn.files.iter().any(|file| files.contains(file))
        };
        let of = members
            .iter()
            .map(|plan| (*plan, graph.after[*plan].iter().filter(counts).collect()));
        Self { of: of.collect() }
    }

    /// Returns the plans in running order, without plans that wait for none of the others and that none waits for.
    fn in_order(&self) -> Vec<usize> {
        let firsts =
            |turns: &[&FileTurn]| -> BTreeSet<usize> { turns.iter().map(|turn| turn.first).collect() };
        let all_firsts: BTreeSet<usize> = self.of.values().flat_map(|turns| firsts(turns)).collect();
        let counted = self.of.iter().map(|(plan, turns)| (firsts(turns).len(), *plan));
        let mut in_turn: Vec<(usize, usize)> = counted
            .filter(|(before, plan)| *before > 0 || all_firsts.contains(plan))
            .collect();
        in_turn.sort_unstable();
        in_turn.into_iter().map(|(_, plan)| plan).collect()
    }

    /// Returns what waits or is waited for in a plan: its phases, or the plan as a whole.
    fn points(&self, set: &PlanSet, plan: usize) -> Vec<WorkRef> {
        let waiting = self.of[&plan].iter().map(|turn| turn.of);
        let firsts = self.of.values().flatten().filter(|turn| turn.first == plan);
        let firsts = firsts.flat_map(|turn| {
            let whole = turn.phases.is_empty().then_some(None);
            turn.phases.iter().copied().map(Some).chain(whole)
        });
        let points: BTreeSet<Option<PhaseId>> = waiting.chain(firsts).collect();
        let name = &set.plans[plan].name;
        if points.contains(&None) {
            return vec![WorkRef::whole(name)];
        }
        let points = points.into_iter().flatten().map(Point::Phase);
        points.map(|point| WorkRef::at(name, point)).collect()
    }
}
