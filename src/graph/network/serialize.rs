//! Runs plans that touch the same files one after the other.

use std::collections::BTreeSet;

use crate::plan::{Overlap, PlanSet};

use crate::graph::network::node::Of;
use crate::graph::network::overlap::plan_overlaps;
use crate::graph::network::series::PlanSeries;
use crate::graph::network::whole::Graph;
use crate::graph::order::gate::{Counts, Why};

/// Orders plans that touch the same files if at least one of them has `overlap = "serialize"`. The order follows
/// existing dependencies, then priority, then the manifest. Plans that wait for parts of each other still run side by
/// side; the reported overlap names that risk.
pub(in crate::graph) fn serialize(graph: &mut Graph, set: &PlanSet) {
    let wanted = |plan: usize| set.plans[plan].overlap == Overlap::Serialize;
    graph.after = vec![Vec::new(); set.plans.len()];
    if !(0..set.plans.len()).any(wanted) {
        return;
    }
    let mut roots: Vec<usize> = (0..set.plans.len()).collect();
    roots.sort_by_key(|plan| std::cmp::Reverse(set.plans[*plan].priority));
    let ranks = PlanSeries::written(set).ranks(&roots);
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); set.plans.len()];
    for mut group in plan_overlaps(set, &graph.locks) {
        group.plans.sort_by_key(|plan| ranks[*plan]);
        for (place, second) in group.plans.iter().enumerate() {
            let firsts = group.plans[..place]
                .iter()
                .filter(|first| ranks[**first] != ranks[*second] && (wanted(**first) || wanted(*second)));
            after[*second].extend(firsts);
        }
    }
    for (second, firsts) in after.into_iter().enumerate() {
        let ends = firsts.iter().filter_map(|first| graph.place(*first, Of::Plan));
        let ends: Vec<usize> = ends.collect();
        if let Some(gate) = graph.gates.all(ends, Counts::Settled, Why::Overlap) {
            graph.hang_all(second, gate);
        }
        graph.after[second] = firsts.into_iter().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Durations, Generated};
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

    #[test]
    fn plans_go_by_what_they_wait_for_then_by_priority_then_by_the_manifest() {
        let (graph, _) = serialized(4, |set| {
            let urgent = Priority(1000);
            set.plans[2].priority = urgent;
            // The urgent plan waits for the last plan.
            let last = format!("{}", set.plans[3].name).parse().unwrap();
            set.plans[2].depends = vec![last];
        });
        assert_eq!(graph.after, [vec![2, 3], vec![0, 2, 3], vec![3], vec![]]);
    }

    #[test]
    fn only_plans_that_ask_for_it_go_one_after_the_other_and_mutual_ones_do_not() {
        let (graph, set) = serialized(4, |set| {
            for plan in &mut set.plans[..3] {
                plan.overlap = Overlap::Warn;
            }
        });
        assert_eq!(graph.after, [vec![], vec![], vec![], vec![0, 1, 2]]);
        let mut series = PlanSeries::new(&set, &graph);
        assert_eq!(series.side_by_side(&[0, 1, 2, 3]), [0, 1, 2]);
        assert_eq!(series.side_by_side(&[2, 3]), [] as [usize; 0]);
        let (graph, _) = serialized(2, |set| {
            for (one, other) in [(0, 1), (1, 0)] {
                let point = format!("{}.1", set.plans[other].name).parse().unwrap();
                set.plans[one].depends = vec![point];
            }
        });
        assert!(graph.after.iter().all(Vec::is_empty));
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
