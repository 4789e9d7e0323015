//! The barriers between batches, for the strategy `batched`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::{Arrangement, Document, PhaseId, Strategy, TaskId, UnitId};

use crate::graph::order::chosen_strategy::ChosenStrategy;
use crate::graph::order::gate::{Counts, Why};
use crate::graph::order::plan_order::PlanOrder;
use crate::graph::order::unit_draft::edges;

/// Draws the order of tasks under the chosen strategies, with batches of at most `slots` tasks.
pub(in crate::graph) fn draw(
    document: &Document,
    arrangement: &Arrangement,
    chosen: &[ChosenStrategy],
    locks: &BTreeMap<TaskId, Vec<u32>>,
    slots: usize,
) -> PlanOrder {
    let mut order = edges(document, arrangement, chosen);
    if order.strategies.contains(&Strategy::Batched) {
        let lanes = arrangement.lanes.nominal(order.units.len()).min(slots);
        add_batches(document, &mut order, lanes, locks);
    }
    order
}

/// Splits the units into batches of at most `lanes` units that can run side by side. Each batch waits until the one before
/// it has settled. Units that can never start are left out: they are in a cycle, which is reported elsewhere.
///
/// A batch takes, in document order, the units that can start once all earlier batches are done and that share no file with
/// another unit of the batch.
///
/// Phases with another strategy take no part. They count as done as soon as they can start.
fn add_batches(document: &Document, order: &mut PlanOrder, lanes: usize, locks: &BTreeMap<TaskId, Vec<u32>>) {
    let lanes = lanes.max(1);
    let phases = document.phases.iter().zip(&order.strategies);
    let batched = phases.filter(|(_, strategy)| **strategy == Strategy::Batched);
    let batched: BTreeSet<PhaseId> = batched.map(|(phase, _)| phase.id).collect();
    let is_batched: Vec<bool> = order
        .units
        .iter()
        .map(|unit| batched.contains(&unit.id.phase()))
        .collect();
    let mut open = OpenUnits::new(order);
    let mut last: Vec<usize> = Vec::new();
    let mut behind: Vec<Option<usize>> = vec![None; order.units.len()];
    let gates = Arc::make_mut(&mut order.gates);
    loop {
        loop {
            let free = open.startable.iter().copied().filter(|unit| !is_batched[*unit]);
            let free: Vec<usize> = free.collect();
            if free.is_empty() {
                break;
            }
            open.end(&free);
        }
        let mut batch: Vec<usize> = Vec::new();
        let mut held: BTreeSet<u32> = BTreeSet::new();
        for &unit in &open.startable {
            if batch.len() == lanes {
                break;
            }
            let files = match order.units[unit].id {
                UnitId::Task(task) => locks.get(&task).map_or(&[][..], Vec::as_slice),
                UnitId::Phase(_) => &[],
            };
            if files.iter().all(|file| !held.contains(file)) {
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
        }
        open.end(&batch);
        last = batch;
    }
    Arc::make_mut(&mut order.waits).also(&behind);
}

/// The units that are not done and the gates that block them. Each update costs only as much as it changes.
pub(in crate::graph) struct OpenUnits {
    /// Units that no gate blocks any more, in document order.
    pub(in crate::graph) startable: BTreeSet<usize>,
    /// Number of closed gates that block each unit.
    closed: Vec<usize>,
    /// Number of members that each gate still waits for.
    missing: Vec<usize>,
    /// The units that wait at each gate.
    behind: Vec<Vec<usize>>,
    /// The gates that each unit is a member of.
    member_of: Vec<Vec<usize>>,
}

impl OpenUnits {
    pub(in crate::graph) fn new(order: &PlanOrder) -> Self {
        let (units, gates) = (order.units.len(), order.gates.len());
        let is_done = |unit: usize| order.units[unit].ticked;
        let mut open = Self {
            startable: BTreeSet::new(),
            closed: vec![0; units],
            missing: Vec::with_capacity(gates),
            behind: vec![Vec::new(); gates],
            member_of: vec![Vec::new(); units],
        };
        for gate in 0..gates {
            open.missing.push(order.gates.get(gate).missing(is_done));
            for member in order.gates.get(gate).of().filter(|member| !is_done(*member)) {
                open.member_of[member].push(gate);
            }
        }
        for unit in (0..units).filter(|unit| !is_done(*unit)) {
            for gate in order.waits.of(unit).filter(|gate| open.missing[*gate] > 0) {
                open.closed[unit] += 1;
                open.behind[gate].push(unit);
            }
            if open.closed[unit] == 0 {
                open.startable.insert(unit);
            }
        }
        open
    }

    /// Marks the units of a batch as done.
    pub(in crate::graph) fn end(&mut self, batch: &[usize]) {
        for unit in batch {
            self.startable.remove(unit);
            for gate in std::mem::take(&mut self.member_of[*unit]) {
                if self.missing[gate] == 0 {
                    continue;
                }
                self.missing[gate] -= 1;
                if self.missing[gate] > 0 {
                    continue;
                }
                for waiting in std::mem::take(&mut self.behind[gate]) {
                    self.closed[waiting] -= 1;
                    if self.closed[waiting] == 0 {
                        self.startable.insert(waiting);
                    }
                }
            }
        }
    }
}
