//! Batches: the barrier that `batched` asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::{TaskId, UnitId};

use super::gate::{Counts, Why};
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
    let mut behind: Vec<Option<usize>> = vec![None; order.units.len()];
    let gates = Arc::make_mut(&mut order.gates);
    while !open.is_empty() {
        let mut batch: Vec<usize> = Vec::new();
        let mut held: BTreeSet<u32> = BTreeSet::new();
        for &unit in &open {
            if batch.len() == lanes {
                break;
            }
            let mut waits = order.waits.of(unit);
            let starts = waits.all(|gate| gates.get(gate).missing(|member| done[member]) == 0);
            let files = match order.units[unit].id {
                UnitId::Task(task) => locks.get(&task).map_or(&[][..], Vec::as_slice),
                UnitId::Phase(_) => &[],
            };
            if starts && files.iter().all(|file| !held.contains(file)) {
                held.extend(files);
                batch.push(unit);
            }
        }
        if batch.is_empty() {
            break;
        }
        let gate = gates.all(last, Counts::Settled, Why::Batch);
        for unit in &batch {
            behind[*unit] = gate;
            done[*unit] = true;
        }
        open.retain(|unit| !done[*unit]);
        last = batch;
    }
    Arc::make_mut(&mut order.waits).also(&behind);
}
