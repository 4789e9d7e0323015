//! Plans whose work on the same files is in no order.

use std::collections::BTreeMap;

use crate::plan::PlanSet;

use crate::graph::network::node::Of;
use crate::graph::network::series::PlanSeries;
use crate::graph::network::whole::Graph;
use crate::graph::order::glob::covers;

/// Finds plans that may work on the same files at the same time.
pub struct SideBySide<'g> {
    set: &'g PlanSet,
    graph: &'g Graph,
    /// Waits of any part of a plan for any part of another.
    parts: PlanSeries,
    /// Waits of whole plans for whole plans.
    wholes: PlanSeries,
    /// For nodes that were looked at: a bit set of everything that ends before them.
    before: BTreeMap<usize, Vec<u64>>,
}

impl<'g> SideBySide<'g> {
    /// Reads what waits for what.
    pub fn new(set: &'g PlanSet, graph: &'g Graph) -> Self {
        let (mut parts, mut wholes) = (PlanSeries::written(set), PlanSeries::written_of_wholes(set));
        for (plan, turns) in graph.after.iter().enumerate() {
            parts.add(plan, turns.iter().map(|turn| turn.first));
            let whole = turns
                .iter()
                .filter(|turn| turn.of.is_none() && turn.phases.is_empty());
            wholes.add(plan, whole.map(|turn| turn.first));
        }
        Self {
            set,
            graph,
            parts,
            wholes,
            before: BTreeMap::new(),
        }
    }

    /// Returns the plans of which some work on the files can run beside that of at least one other of `plans`.
    pub fn of(&mut self, plans: &[usize], files: &[String]) -> Vec<usize> {
        let mut found = Vec::new();
        for one in plans {
            let mut others = plans.iter().filter(|other| *other != one);
            if others.any(|other| !self.are_in_order(*one, *other, files)) {
                found.push(*one);
            }
        }
        found
    }

    fn are_in_order(&mut self, one: usize, other: usize, files: &[String]) -> bool {
        if self.wholes.waits(one, other) || self.wholes.waits(other, one) {
            return true;
        }
        if !self.parts.waits(one, other) && !self.parts.waits(other, one) {
            return false;
        }
        let (own, others) = (self.touching(one, files), self.touching(other, files));
        own.iter().all(|own| {
            others
                .iter()
                .all(|other| self.comes_before(*own, *other) || self.comes_before(*other, *own))
        })
    }

    /// The nodes of a plan that touch one of the files. `touches` of a plan belongs to all of them.
    fn touching(&self, plan: usize, files: &[String]) -> Vec<usize> {
        let is_meant = |name: &String| files.iter().any(|file| covers(name, file));
        let whole = self.set.plans[plan].touches.iter().any(is_meant);
        let tasks = self.set.plans[plan].document.tasks();
        let tasks = tasks.filter(|task| whole || task.files.iter().any(is_meant));
        let nodes = tasks.filter_map(|task| self.graph.place(plan, Of::Task(task.id)));
        nodes.collect()
    }

    fn comes_before(&mut self, first: usize, second: usize) -> bool {
        let graph = self.graph;
        let before = self.before.entry(second).or_insert_with(|| {
            let mut before = vec![0_u64; graph.nodes.len().div_ceil(64)];
            let mut open = vec![second];
            while let Some(node) = open.pop() {
                // A gate that opens before all of its members end promises the end of none.
                for gate in graph.waits_of(node).filter(|gate| !gate.is_partial()) {
                    for member in gate.of() {
                        let (word, bit) = (&mut before[member / 64], 1 << (member % 64));
                        if *word & bit == 0 {
                            *word |= bit;
                            open.push(member);
                        }
                    }
                }
            }
            before
        });
        before[first / 64] & (1 << (first % 64)) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::network::overlap::plan_overlaps;
    use crate::graph::{Durations, Generated};
    use crate::plan::Overlap;

    /// Two plans of three phases with a task each that touch `x.rs` in some phases, the second with waits of phases.
    fn beside(own: &[usize], other: &[usize], waits: &[(u32, &str)]) -> bool {
        let mut set = Generated {
            plans: 2,
            tasks: 3,
            phase: 1,
            cross: 0.0,
            ..Generated::default()
        }
        .plan_set();
        let first = set.plans[0].name.clone();
        for (plan, touching) in set.plans.iter_mut().zip([own, other]) {
            let mut document = (*plan.document).clone();
            for (number, phase) in document.phases.iter_mut().enumerate() {
                phase.tasks[0].files = match touching.contains(&(number + 1)) {
                    true => vec!["x.rs".to_owned()],
                    false => Vec::new(),
                };
            }
            plan.document = std::sync::Arc::new(document);
            plan.overlap = Overlap::Warn;
        }
        for (phase, on) in waits {
            let on = format!("{first}{on}").parse().unwrap();
            match phase {
                0 => set.plans[1].depends.push(on),
                phase => {
                    let id = crate::plan::PhaseId(*phase);
                    set.plans[1].phases.entry(id).or_default().depends.push(on);
                }
            }
        }
        let graph = Graph::new(&set, &Durations::default());
        let mut beside = SideBySide::new(&set, &graph);
        let groups = plan_overlaps(&set, &graph.locks);
        let [group] = groups.as_slice() else {
            panic!("{groups:?}");
        };
        let found = beside.of(&group.plans, &group.files);
        assert!(found.is_empty() || found == [0, 1], "{found:?}");
        !found.is_empty()
    }

    #[test]
    fn only_work_on_the_files_that_waits_for_each_other_is_in_order() {
        assert!(beside(&[1], &[1], &[]));
        assert!(!beside(&[1, 3], &[1, 2], &[(0, "")]));
        // A wait of a later phase says nothing of the first.
        assert!(beside(&[1], &[1], &[(3, ".1")]));
        assert!(!beside(&[1], &[3], &[(3, ".1")]));
        assert!(!beside(&[1], &[3], &[(2, ".2")]));
        // What the other plan does later on the same file is not waited for.
        assert!(beside(&[1, 3], &[3], &[(3, ".1")]));
        assert!(!beside(&[1, 2], &[2, 3], &[(2, ".2")]));
    }
}
