//! Plans that touch the same files, one after the other.

use crate::plan::{Overlap, PlanSet};

use super::gate::{Counts, Gate, Why};
use super::network::{Graph, Of};

impl Graph {
    /// Lets plans that touch the same files and ask for it go one after the other, in the order that fits what they wait
    /// for already, else by priority and manifest. Where neither order fits they run side by side, which is a risk that
    /// the overlap names.
    pub(super) fn serialize(&mut self, set: &PlanSet) {
        let wanted = |plan: usize| set.plans[plan].overlap == Overlap::Serialize;
        for found in 0..self.overlaps.len() {
            let (a, b) = self.overlaps[found].plans;
            if !(wanted(a) || wanted(b)) {
                continue;
            }
            let (first, second) = if set.plans[b].priority > set.plans[a].priority {
                (b, a)
            } else {
                (a, b)
            };
            let order = [(first, second), (second, first)]
                .into_iter()
                .find(|(first, second)| !self.reaches(*second, *first));
            let Some((first, second)) = order else {
                continue;
            };
            self.overlaps[found].serialized = Some((first, second));
            let Some(end) = self.place(first, Of::Plan) else {
                continue;
            };
            let gate = self.gates.add([end], 1, Counts::Settled, Why::Overlap);
            self.hang_all(second, gate);
        }
    }

    /// True when the end of plan `to` comes after some work of plan `from`.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let Some(end) = self.place(to, Of::Plan) else {
            return false;
        };
        let mut seen = vec![false; self.nodes.len()];
        let mut stack = vec![end];
        while let Some(node) = stack.pop() {
            if std::mem::replace(&mut seen[node], true) {
                continue;
            }
            if self.nodes[node].plan == from {
                return true;
            }
            stack.extend(self.waits_of(node).flat_map(Gate::of));
        }
        false
    }
}
