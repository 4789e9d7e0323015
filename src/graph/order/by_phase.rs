//! The order between whole phases.

use std::sync::Arc;

use crate::plan::{Document, UnitId};

use crate::graph::order::gate::{Counts, Gates, Why};
use crate::graph::order::plan_order::{PlanOrder, Unit, first_units};
use crate::graph::order::waits::{UnitWaits, WaitEntry};

/// Turns the order of a document's tasks into an order of whole phases: a phase waits for another when one of its tasks
/// does. Waits for a later phase of the document are dropped, so phases keep the order of the document.
pub(in crate::graph) fn by_phase(document: &Document, fine: &PlanOrder) -> PlanOrder {
    let firsts = first_units(document);
    let met = Met::new(&firsts, fine);
    let mut before = Before::new(document.phases.len(), fine);
    let mut drawn = Drawn::new(document.phases.len());
    let units = document.phases.iter().enumerate().map(|(own, phase)| {
        before.begin();
        for unit in firsts[own]..firsts[own + 1] {
            before.see(own, unit, fine, &met);
        }
        let mut next = 0;
        for (other, why) in before.marked() {
            drawn.wait_in_order(next..other.min(before.in_order));
            drawn.wait_for(other, why);
            next = other + 1;
        }
        drawn.wait_in_order(next..before.in_order);
        drawn.end_unit();
        Unit {
            id: UnitId::Phase(phase.id),
            line: phase.line,
            ticked: phase.is_ticked(),
        }
    });
    PlanOrder {
        units: units.collect(),
        gates: Arc::new(drawn.gates),
        waits: Arc::new(drawn.waits),
        strategies: fine.strategies.clone(),
        by_task: false,
    }
}

/// The phases that the members of each gate belong to. A gate has members from few phases, and many units wait at it.
struct Met {
    phases: Vec<u32>,
    ends: Vec<u32>,
    /// By index in the chain: the number of phases, counted from the first, whose gates the chain holds in order up to that
    /// index. Ends where the chain no longer follows this pattern.
    row: Vec<usize>,
}

impl Met {
    fn new(firsts: &[usize], fine: &PlanOrder) -> Self {
        let mut phase_of: Vec<u32> = Vec::with_capacity(fine.units.len());
        for (phase, pair) in firsts.windows(2).enumerate() {
            phase_of.resize(pair[1], phase as u32);
        }
        let mut met = Self {
            phases: Vec::new(),
            ends: Vec::with_capacity(fine.gates.len()),
            row: Vec::new(),
        };
        for gate in fine.gates.iter() {
            let mut last = None;
            for member in gate.of() {
                let phase = phase_of[member];
                if last.replace(phase) != Some(phase) {
                    met.phases.push(phase);
                }
            }
            met.ends.push(met.phases.len() as u32);
        }
        met.row = met.in_a_row(fine);
        met
    }

    /// Follows the chain as long as it has the gates of one phase after another, each time with the whole phase's gate
    /// first.
    fn in_a_row(&self, fine: &PlanOrder) -> Vec<usize> {
        let mut row = Vec::new();
        for gate in fine.waits.chain() {
            let before = row.last().copied().unwrap_or(0);
            let gate = *gate as usize;
            let orders = matches!(fine.gates.get(gate).why, Why::PhaseOrder | Why::Threshold(_));
            match self.of(gate) {
                [phase] if *phase as usize == before && orders => row.push(before + 1),
                [phase] if *phase as usize + 1 == before => row.push(before),
                _ => break,
            }
        }
        row
    }

    fn of(&self, gate: usize) -> &[u32] {
        let begin = gate.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.phases[begin as usize..self.ends[gate] as usize]
    }
}

/// Why the current phase waits for each earlier phase: the first reason that any of its units has. Marks carry the number of
/// the phase that set them, so marks of earlier phases need not be cleared.
struct Before {
    runs: Vec<usize>,
    gates: Vec<usize>,
    phases: Vec<usize>,
    /// Phases with a reason of their own. Phases already waited for in order are not added.
    marked: Vec<(usize, Why)>,
    /// The current phase waits in order for this many phases, counted from the first.
    in_order: usize,
}

impl Before {
    fn new(phases: usize, fine: &PlanOrder) -> Self {
        Self {
            runs: vec![usize::MAX; fine.waits.run_count()],
            gates: vec![usize::MAX; fine.gates.len()],
            phases: vec![usize::MAX; phases],
            marked: Vec::new(),
            in_order: 0,
        }
    }

    /// Moves on to the next phase.
    fn begin(&mut self) {
        self.marked.clear();
        self.in_order = 0;
    }

    /// Adds the gates of a unit of phase `own`.
    fn see(&mut self, own: usize, unit: usize, fine: &PlanOrder, met: &Met) {
        for entry in fine.waits.entries(unit) {
            match entry {
                WaitEntry::Gate(gate) => self.meet(own, gate as usize, fine, met),
                WaitEntry::Run { from: 0, to, .. } if met.row.len() >= to as usize && to > 0 => {
                    self.in_order = self.in_order.max(met.row[to as usize - 1].min(own));
                }
                WaitEntry::Run { from, to, run } => {
                    if std::mem::replace(&mut self.runs[run as usize], own) != own {
                        for gate in &fine.waits.chain()[from as usize..to as usize] {
                            self.meet(own, *gate as usize, fine, met);
                        }
                    }
                }
            }
        }
    }

    fn meet(&mut self, own: usize, gate: usize, fine: &PlanOrder, met: &Met) {
        if std::mem::replace(&mut self.gates[gate], own) == own {
            return;
        }
        for other in met.of(gate).iter().map(|other| *other as usize) {
            if other < own && other >= self.in_order && self.phases[other] != own {
                self.phases[other] = own;
                self.marked.push((other, fine.gates.get(gate).why));
            }
        }
    }

    /// Returns the phases with a reason of their own, in document order.
    fn marked(&mut self) -> Vec<(usize, Why)> {
        let mut marked = std::mem::take(&mut self.marked);
        marked.sort_unstable_by_key(|(other, _)| *other);
        let whole = marked.into_iter().map(|(other, why)| match why {
            // A phase is one unit here, and nothing can wait for half of a unit.
            Why::Threshold(_) => (other, Why::PhaseOrder),
            why => (other, why),
        });
        whole.collect()
    }
}

/// The gates behind phases. Gates for plain phase order form the chain, each at the index of its phase.
struct Drawn {
    gates: Gates,
    waits: UnitWaits,
    in_order: Vec<bool>,
    /// This many phases, counted from the first, have a gate for plain phase order.
    all_to: usize,
    others: Vec<Vec<(Why, usize)>>,
    /// Consecutive phases that the current unit waits for in order.
    run: std::ops::Range<usize>,
}

impl Drawn {
    fn new(phases: usize) -> Self {
        Self {
            gates: Gates::default(),
            waits: UnitWaits::default(),
            in_order: vec![false; phases],
            all_to: 0,
            others: vec![Vec::new(); phases],
            run: 0..0,
        }
    }

    /// Makes the current phase wait for `others` in order. Calls come in document order.
    fn wait_in_order(&mut self, others: std::ops::Range<usize>) {
        if others.is_empty() {
            return;
        }
        for other in others.start.max(self.all_to)..others.end {
            if !std::mem::replace(&mut self.in_order[other], true) {
                let gate = self.gates.add([other], 1, Counts::Done, Why::PhaseOrder);
                self.waits.link_at(other, gate);
            }
        }
        if others.start <= self.all_to {
            self.all_to = self.all_to.max(others.end);
        }
        if self.run.end != others.start {
            self.end_run();
            self.run.start = others.start;
        }
        self.run.end = others.end;
    }

    /// Makes the current phase wait for another phase. Calls come in document order.
    fn wait_for(&mut self, other: usize, why: Why) {
        if why == Why::PhaseOrder {
            return self.wait_in_order(other..other + 1);
        }
        let mut add = || self.gates.add([other], 1, Counts::Done, why);
        let drawn = &mut self.others[other];
        let known = drawn.iter().find(|(known, _)| *known == why);
        let gate = match known {
            Some((_, gate)) => *gate,
            None => {
                let gate = add();
                drawn.push((why, gate));
                gate
            }
        };
        self.end_run();
        self.waits.at(gate);
    }

    fn end_run(&mut self) {
        let run = std::mem::replace(&mut self.run, 0..0);
        if !run.is_empty() {
            let run = self.waits.run(run);
            self.waits.behind(run);
        }
    }

    fn end_unit(&mut self) {
        self.end_run();
        self.waits.next_unit();
    }
}
