//! Batches: the barrier that `batched` asks for.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::TaskId;

use super::gate::{Counts, Gate, Why};
use super::order::PlanOrder;

/// Cuts the units into batches of at most `lanes` that could run side by side, and makes each batch wait until the one
/// before has settled. What can never start is left as it is: it lies in a circle, which is reported elsewhere.
///
/// Each batch takes, in document order, what could start when everything in the batches before it is done and that
/// shares no file with another of the batch.
pub(super) fn draw(order: &mut PlanOrder, lanes: usize, locks: &BTreeMap<TaskId, Vec<u32>>) {
    let lanes = lanes.max(1);
    let mut done: Vec<bool> = order.units.iter().map(|unit| unit.ticked).collect();
    let mut open: Vec<usize> = (0..order.units.len()).filter(|unit| !done[*unit]).collect();
    let mut last: Vec<usize> = Vec::new();
    while !open.is_empty() {
        let mut batch: Vec<usize> = Vec::new();
        let mut held: BTreeSet<u32> = BTreeSet::new();
        for &unit in &open {
            if batch.len() == lanes {
                break;
            }
            let starts = order.units[unit]
                .gates
                .iter()
                .all(|gate| order.gates[*gate].missing(|member| done[member]) == 0);
            let files = order.units[unit].tasks.iter().filter_map(|task| locks.get(task));
            let files: Vec<u32> = files.flatten().copied().collect();
            if starts && files.iter().all(|file| !held.contains(file)) {
                held.extend(files);
                batch.push(unit);
            }
        }
        if batch.is_empty() {
            return;
        }
        if !last.is_empty() {
            let need = last.len();
            order.gates.push(Gate {
                of: std::mem::take(&mut last),
                need,
                counts: Counts::Settled,
                why: Why::Batch,
            });
            let gate = order.gates.len() - 1;
            for unit in &batch {
                order.units[*unit].gates.push(gate);
            }
        }
        for unit in &batch {
            done[*unit] = true;
        }
        open.retain(|unit| !done[*unit]);
        last = batch;
    }
}
