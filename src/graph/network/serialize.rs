//! Runs work of different plans that touches the same files one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::{Overlap, PhaseId, Plan, PlanSet};

use crate::graph::network::file_turn::FileTurn;
use crate::graph::network::node::Of;
use crate::graph::network::overlap::plan_overlaps;
use crate::graph::network::series::PlanSeries;
use crate::graph::network::whole::Graph;
use crate::graph::order::gate::{Counts, Why};
use crate::graph::order::glob::{covers, is_wide};

/// The phases of a plan that touch a file; empty for the plan as a whole.
type Touching = BTreeSet<PhaseId>;

/// What must come first in one plan, and the files.
#[derive(Default)]
struct Before<'s> {
    whole: bool,
    phases: Touching,
    files: BTreeSet<&'s str>,
}

/// Orders work that touches the same files if at least one of the two plans has `overlap = "serialize"`: the phases that name
/// the files, or the whole plan where all phases or its `touches` name them. The order follows existing dependencies, then priority,
/// then the manifest, and is the same for all files of two plans; so no two plans wait for each other. Plans that wait for
/// parts of each other anyway still run side by side; the reported overlap names that risk.
pub(in crate::graph) fn serialize(graph: &mut Graph, set: &PlanSet) {
    let wanted = |plan: usize| set.plans[plan].overlap == Overlap::Serialize;
    graph.after = vec![Vec::new(); set.plans.len()];
    if !(0..set.plans.len()).any(wanted) {
        return;
    }
    let mut roots: Vec<usize> = (0..set.plans.len()).collect();
    roots.sort_by_key(|plan| std::cmp::Reverse(set.plans[*plan].priority));
    let ranks = PlanSeries::written(set).ranks(&roots);
    let named: Vec<NamedFiles<'_>> = set.plans.iter().map(NamedFiles::new).collect();
    let groups = plan_overlaps(set, &graph.locks);
    let mut turns: BTreeMap<(usize, Option<PhaseId>), BTreeMap<usize, Before<'_>>> = BTreeMap::new();
    for group in &groups {
        let mut plans = group.plans.clone();
        plans.sort_by_key(|plan| ranks[*plan]);
        // Files that the same phases touch are handled together. There are few such sets.
        let mut alike: BTreeMap<Vec<Touching>, Vec<&str>> = BTreeMap::new();
        for file in &group.files {
            let touching = plans.iter().map(|plan| named[*plan].touching(file)).collect();
            alike.entry(touching).or_default().push(file);
        }
        for (touching, files) in &alike {
            for (place, second) in plans.iter().enumerate() {
                let firsts = plans[..place].iter().zip(touching);
                let firsts = firsts.filter(|(first, _)| {
                    ranks[**first] != ranks[*second] && (wanted(**first) || wanted(*second))
                });
                for (first, phases) in firsts {
                    let whole = touching[place].is_empty().then_some(None);
                    for of in touching[place].iter().copied().map(Some).chain(whole) {
                        let before = turns.entry((*second, of)).or_default().entry(*first).or_default();
                        before.whole |= phases.is_empty();
                        before.phases.extend(phases);
                        before.files.extend(files);
                    }
                }
            }
        }
    }
    let (mut phases, mut files) = (BTreeSet::new(), BTreeSet::new());
    for ((second, of), firsts) in turns {
        let as_a_whole = |turn: &FileTurn| turn.of.is_none() && turn.phases.is_empty();
        let known = graph.after[second].iter().filter(|turn| as_a_whole(turn));
        let known: BTreeSet<usize> = known.map(|turn| turn.first).collect();
        let firsts = firsts.into_iter().filter(|(first, _)| !known.contains(first));
        let firsts = firsts.map(|(first, before)| {
            let own = before.phases.into_iter().filter(|_| !before.whole);
            FileTurn {
                of,
                first,
                phases: shared(&mut phases, own.collect()),
                files: shared(&mut files, before.files.into_iter().map(str::to_owned).collect()),
            }
        });
        let firsts: Vec<FileTurn> = firsts.collect();
        hang(graph, second, of, &firsts);
        graph.after[second].extend(firsts);
    }
}

/// Returns the known list that is equal. Many plans may touch the same files, and each waits for all before it.
fn shared<T: Ord>(known: &mut BTreeSet<Arc<[T]>>, list: Arc<[T]>) -> Arc<[T]> {
    if let Some(known) = known.get(&list) {
        return Arc::clone(known);
    }
    known.insert(Arc::clone(&list));
    list
}

/// Makes a phase or a whole plan wait for the ends of all work that comes first.
fn hang(graph: &mut Graph, plan: usize, of: Option<PhaseId>, firsts: &[FileTurn]) {
    let mut ends: Vec<usize> = Vec::new();
    for turn in firsts {
        match &*turn.phases {
            [] => ends.extend(graph.place(turn.first, Of::Plan)),
            phases => ends.extend(
                phases
                    .iter()
                    .filter_map(|phase| graph.place(turn.first, Of::Phase(*phase))),
            ),
        }
    }
    let Some(gate) = graph.gates.all(ends, Counts::Settled, Why::Overlap) else {
        return;
    };
    match of {
        None => graph.hang_all(plan, gate),
        Some(phase) => {
            let phases = graph.places[plan].phases.iter();
            let place = phases.into_iter().position(|known| known.id == phase);
            place
                .into_iter()
                .for_each(|place| graph.hang_phase(plan, place, gate));
        }
    }
}

/// The files that a plan names.
struct NamedFiles<'p> {
    plan: &'p Plan,
    /// The phases whose tasks name each file, folder or pattern.
    phases: BTreeMap<&'p str, Touching>,
    /// The folders and patterns among them.
    wide: Vec<&'p str>,
}

impl<'p> NamedFiles<'p> {
    fn new(plan: &'p Plan) -> Self {
        let mut phases: BTreeMap<&str, Touching> = BTreeMap::new();
        for task in plan.document.tasks() {
            for file in &task.files {
                phases.entry(file).or_default().insert(task.id.phase);
            }
        }
        let wide = phases.keys().copied().filter(|name| is_wide(name)).collect();
        Self { plan, phases, wide }
    }

    /// Returns the phases that touch a file which the plan touches. None when all of them do, or when `touches` names it: such
    /// a name is without phases, unless a task names the very same.
    fn touching(&self, file: &str) -> Touching {
        let own = self.phases.get(file);
        let mut touches = self.plan.touches.iter();
        let as_a_whole = |name: &String| match name == file {
            true => own.is_none(),
            false => is_wide(name) && covers(name, file),
        };
        if touches.any(as_a_whole) {
            return Touching::new();
        }
        let around = self.wide.iter().filter(|name| covers(name, file));
        let around = around.flat_map(|name| &self.phases[*name]);
        let phases: Touching = own.into_iter().flatten().chain(around).copied().collect();
        match phases.len() == self.plan.document.phases.len() {
            true => Touching::new(),
            false => phases,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Durations, Generated, SideBySide};
    use crate::plan::Priority;

    fn serialized(count: usize, edit: impl Fn(&mut PlanSet)) -> (Graph, PlanSet) {
        let mut set = Generated {
            plans: count,
            tasks: 2,
            cross: 0.0,
            ..Generated::default()
        }
        .plan_set();
        for plan in &mut set.plans {
            plan.touches = vec!["src/a.rs".to_owned(), "docs/".to_owned()];
            plan.overlap = Overlap::Serialize;
        }
        edit(&mut set);
        (Graph::new(&set, &Durations::default()), set)
    }

    /// The plans that each plan comes after.
    fn firsts(graph: &Graph) -> Vec<Vec<usize>> {
        let all = graph.after.iter();
        all.map(|turns| turns.iter().map(|turn| turn.first).collect())
            .collect()
    }

    #[test]
    fn plans_go_by_what_they_wait_for_then_by_priority_then_by_the_manifest() {
        let (graph, _) = serialized(4, |set| {
            let urgent = Priority(1000);
            set.plans[2].priority = urgent;
            // The urgent plan waits for the last plan.
            let last = format!("{}", set.plans[3].name).parse().unwrap();
            set.plans[2].depends = vec![last];
        });
        assert_eq!(firsts(&graph), [vec![2, 3], vec![0, 2, 3], vec![3], vec![]]);
    }

    #[test]
    fn only_plans_that_ask_for_it_go_one_after_the_other_and_mutual_ones_do_not() {
        let (graph, set) = serialized(4, |set| {
            for plan in &mut set.plans[..3] {
                plan.overlap = Overlap::Warn;
            }
        });
        assert_eq!(firsts(&graph), [vec![], vec![], vec![], vec![0, 1, 2]]);
        let mut beside = SideBySide::new(&set, &graph);
        let files = ["src/a.rs".to_owned()];
        assert_eq!(beside.of(&[0, 1, 2, 3], &files), [0, 1, 2]);
        assert_eq!(beside.of(&[2, 3], &files), [] as [usize; 0]);
        let (graph, _) = serialized(2, |set| {
            for (one, other) in [(0, 1), (1, 0)] {
                let point = format!("{}.1", set.plans[other].name).parse().unwrap();
                set.plans[one].depends = vec![point];
            }
        });
        assert!(graph.after.iter().all(Vec::is_empty));
    }

    /// Two plans of three phases with a task each, which name these files and have these `touches`.
    fn phases(named: [[&str; 3]; 2], touches: [&[&str]; 2]) -> Vec<(Option<u32>, Vec<u32>, String)> {
        let mut set = Generated {
            plans: 2,
            tasks: 3,
            phase: 1,
            cross: 0.0,
            ..Generated::default()
        }
        .plan_set();
        for ((plan, files), touches) in set.plans.iter_mut().zip(named).zip(touches) {
            plan.touches = touches.iter().map(|file| (*file).to_owned()).collect();
            let mut document = (*plan.document).clone();
            for (phase, files) in document.phases.iter_mut().zip(files) {
                phase.tasks[0].files = files.split_whitespace().map(str::to_owned).collect();
            }
            plan.document = Arc::new(document);
        }
        set.plans[1].overlap = Overlap::Serialize;
        let graph = Graph::new(&set, &Durations::default());
        assert!(graph.after[0].is_empty());
        let turns = graph.after[1].iter().map(|turn| {
            let firsts = turn.phases.iter().map(|phase| phase.0).collect();
            (turn.of.map(|phase| phase.0), firsts, turn.files.join(" "))
        });
        turns.collect()
    }

    #[test]
    fn only_the_phases_that_touch_a_file_wait_and_are_waited_for() {
        let turn = |of: Option<u32>, firsts: &[u32], files: &str| (of, firsts.to_vec(), files.to_owned());
        assert_eq!(
            phases([["a.rs", "", "a.rs b.rs"], ["", "b.rs", "a.rs"]], [&[], &[]]),
            [turn(Some(2), &[3], "b.rs"), turn(Some(3), &[1, 3], "a.rs")]
        );
        // A folder covers the files in it, and a phase waits once for all its files.
        assert_eq!(
            phases(
                [["src/", "src/a.rs", ""], ["", "src/a.rs src/b.rs", ""]],
                [&[], &[]]
            ),
            [turn(Some(2), &[1, 2], "src/a.rs src/b.rs")]
        );
        // A plan that names a file only as a whole goes first or last as a whole.
        assert_eq!(
            phases([["", "a.rs", ""], ["", "", ""]], [&[], &["a.rs"]]),
            [turn(None, &[2], "a.rs")]
        );
        assert_eq!(
            phases([["", "", ""], ["", "a.rs", ""]], [&["*.rs"], &["a.rs"]]),
            [turn(Some(2), &[], "a.rs")]
        );
        // So does one all of whose phases touch it.
        assert_eq!(
            phases([["a.rs", "a.rs", "a.rs"], ["", "a.rs", ""]], [&[], &[]]),
            [turn(Some(2), &[], "a.rs")]
        );
    }

    #[test]
    fn a_thousand_plans_of_the_same_files_need_a_gate_each() {
        let gates = |overlap| {
            let (graph, _) = serialized(1000, |set| {
                set.plans.iter_mut().for_each(|plan| plan.overlap = overlap)
            });
            graph.gates.len()
        };
        assert_eq!(gates(Overlap::Serialize), gates(Overlap::Warn) + 999);
    }
}
