//! The order between whole phases.

use std::sync::Arc;

use crate::plan::{Document, UnitId};

use super::gate::{Counts, Gates, Why};
use super::order::{PlanOrder, Unit, first_units};
use super::waits::{UnitWaits, WaitEntry};

/// The order of a document's tasks between whole phases: a phase waits for another when any of its tasks does. What would
/// wait for a phase behind it in the document does not: such phases go in the order of the document.
pub(super) fn by_phase(document: &Document, fine: &PlanOrder) -> PlanOrder {
    let firsts = first_units(document);
    let met = Met::new(&firsts, fine);
    let mut before = Before::new(document.phases.len(), fine);
    let mut drawn = Drawn::new(document.phases.len());
    let units = document.phases.iter().enumerate().map(|(own, phase)| {
        for unit in firsts[own]..firsts[own + 1] {
            before.see(own, unit, fine, &met);
        }
        for other in 0..own {
            if let Some(why) = before.of(own, other) {
                drawn.wait_for(other, why);
            }
        }
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

/// The phases that the members of each gate are in. A gate has members of few phases, and many wait there.
struct Met {
    phases: Vec<u32>,
    ends: Vec<u32>,
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
        met
    }

    fn of(&self, gate: usize) -> &[u32] {
        let begin = gate.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.phases[begin as usize..self.ends[gate] as usize]
    }
}

/// Why the phase at hand waits for the phases in front of it: the first reason that any of its units has. Marks of phases
/// that were at hand before are told by their number, so that nothing is wiped.
struct Before {
    runs: Vec<usize>,
    gates: Vec<usize>,
    phases: Vec<(usize, Why)>,
}

impl Before {
    fn new(phases: usize, fine: &PlanOrder) -> Self {
        Self {
            runs: vec![usize::MAX; fine.waits.run_count()],
            gates: vec![usize::MAX; fine.gates.len()],
            phases: vec![(usize::MAX, Why::PhaseOrder); phases],
        }
    }

    /// Takes in what a unit of phase `own` waits for.
    fn see(&mut self, own: usize, unit: usize, fine: &PlanOrder, met: &Met) {
        for entry in fine.waits.entries(unit) {
            match entry {
                WaitEntry::Gate(gate) => self.meet(own, gate as usize, fine, met),
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
            if other < own && self.phases[other].0 != own {
                self.phases[other] = (own, fine.gates.get(gate).why);
            }
        }
    }

    fn of(&self, own: usize, other: usize) -> Option<Why> {
        let (at, why) = self.phases[other];
        (at == own).then_some(match why {
            // A phase is one unit here, and half of a unit cannot be waited for.
            Why::Threshold(_) => Why::PhaseOrder,
            other => other,
        })
    }
}

/// The gates behind phases. Those of mere order make the chain, each at the place of its phase.
struct Drawn {
    gates: Gates,
    waits: UnitWaits,
    in_order: Vec<bool>,
    others: Vec<Vec<(Why, usize)>>,
    /// Phases behind each other that the unit at hand waits for in order.
    run: std::ops::Range<usize>,
}

impl Drawn {
    fn new(phases: usize) -> Self {
        Self {
            gates: Gates::default(),
            waits: UnitWaits::default(),
            in_order: vec![false; phases],
            others: vec![Vec::new(); phases],
            run: 0..0,
        }
    }

    /// Lets the phase at hand wait for another; phases come in the order of the document.
    fn wait_for(&mut self, other: usize, why: Why) {
        let mut add = || self.gates.add([other], 1, Counts::Done, why);
        if why == Why::PhaseOrder {
            if !std::mem::replace(&mut self.in_order[other], true) {
                self.waits.link_at(other, add());
            }
            if self.run.end != other {
                self.end_run();
                self.run.start = other;
            }
            self.run.end = other + 1;
            return;
        }
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
