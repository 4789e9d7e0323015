//! The standing of a plan's units. It is kept from event to event, so that a large plan need not be scanned at each event.
//!
//! The standing says nothing that the state does not say. It is made from the state, follows the state event by event, and may be
//! dropped at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::graph::Counts;
use crate::plan::{PhaseId, TaskState, UnitId};

use crate::schedule::event::about::WorkSkip;
use crate::schedule::event::fact::Event;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// The standing of one plan's units and gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::schedule) struct Standing {
    pub done: Vec<bool>,
    pub settled: Vec<bool>,
    /// How many units are not done.
    pub undone: usize,
    /// How many more members each gate needs.
    missing: Vec<usize>,
    /// How many gates of each unit are closed.
    closed: Vec<usize>,
    /// Units that are not settled and whose gates are all open.
    pub open: BTreeSet<usize>,
    /// How many units of each phase are not done.
    left: Vec<usize>,
    /// Phases, by index, whose units are all done and whose end has not been recorded yet.
    pub closable: Vec<usize>,
    /// True when an event may have brought the end of a phase or of work.
    pub news: bool,
    /// True when tasks were reported needless.
    pub skips: bool,
    pub shape: Arc<Shape>,
}

/// The constant facts about a plan's units: the gates of each, and other frequent look-ups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::schedule) struct Shape {
    /// The gates of which each unit is a member.
    member_of: Vec<Vec<u32>>,
    /// The units that wait at each gate.
    waiting_at: Vec<Vec<u32>>,
    /// Units that depend on other plans.
    pub outside: Vec<usize>,
    /// The phase, by index, that each unit has to be done for.
    phase_of: Vec<Option<usize>>,
}

impl Shape {
    pub fn new(plan: &PlanWork) -> Self {
        let mut shape = Self {
            member_of: vec![Vec::new(); plan.units.len()],
            waiting_at: vec![Vec::new(); plan.gates.len()],
            ..Self::default()
        };
        for (number, gate) in plan.gates.iter().enumerate() {
            for member in gate.of() {
                shape.member_of[member].push(number as u32);
            }
        }
        for (place, unit) in plan.units.iter().enumerate() {
            for gate in plan.waits.of(place) {
                shape.waiting_at[gate].push(place as u32);
            }
            if !unit.depends.is_empty() {
                shape.outside.push(place);
            }
        }
        let phases = plan.phases.iter().enumerate();
        let places: BTreeMap<PhaseId, usize> = phases.map(|(place, phase)| (phase.id, place)).collect();
        let units = plan.units.iter();
        let phase_of = units.map(|unit| {
            places
                .get(&unit.id.phase())
                .copied()
                .filter(|_| !plan.is_background(unit.id))
        });
        shape.phase_of = phase_of.collect();
        shape
    }
}

impl Standing {
    /// The standing of all units now.
    pub fn new(plan: &PlanWork, run: &PlanRun) -> Self {
        let done: Vec<bool> = plan.units.iter().map(|unit| run.is_unit_done(unit.id)).collect();
        let settled = plan.units.iter().map(|unit| run.is_unit_settled(unit.id));
        let settled: Vec<bool> = settled.collect();
        let gates = plan.gates.iter();
        let missing = gates.map(|gate| {
            gate.missing(|member| match gate.counts {
                Counts::Done => done[member],
                Counts::Settled => settled[member],
            })
        });
        let missing: Vec<usize> = missing.collect();
        let units = 0..plan.units.len();
        let closed = units.map(|unit| plan.waits.of(unit).filter(|gate| missing[*gate] > 0).count());
        let closed: Vec<usize> = closed.collect();
        let shape = Shape::new(plan);
        let (mut left, mut members) = (vec![0; plan.phases.len()], vec![0; plan.phases.len()]);
        for (unit, phase) in shape.phase_of.iter().enumerate() {
            if let Some(phase) = *phase {
                members[phase] += 1;
                left[phase] += usize::from(!done[unit]);
            }
        }
        let phases = 0..plan.phases.len();
        Self {
            closable: phases
                .filter(|phase| left[*phase] == 0 && members[*phase] > 0)
                .collect(),
            left,
            news: true,
            skips: run.items.values().any(|item| item.state == TaskState::Skipped),
            shape: Arc::new(shape),
            undone: done.iter().filter(|done| !**done).count(),
            open: (0..done.len())
                .filter(|unit| !settled[*unit] && closed[*unit] == 0)
                .collect(),
            done,
            settled,
            missing,
            closed,
        }
    }

    /// True when both say the same about units and gates.
    pub fn is_like(&self, other: &Self) -> bool {
        self.done == other.done
            && self.settled == other.settled
            && self.undone == other.undone
            && self.missing == other.missing
            && self.closed == other.closed
            && self.open == other.open
            && self.left == other.left
    }

    /// True when a gate of this unit is closed, even if the unit was worked on before.
    pub fn waits(&self, unit: usize) -> bool {
        self.closed[unit] > 0
    }

    /// Follows one event of the plan.
    pub fn follow(&mut self, plan: &PlanWork, event: &Event) {
        match event {
            Event::StageDone { units, .. } => {
                for unit in units {
                    self.end(plan, *unit, true);
                }
            }
            Event::WorkLeftOut(about) => self.end(plan, about.unit, true),
            Event::WorkCancelled(about) => self.end(plan, about.unit, false),
            Event::WorkFailed { unit, .. } | Event::WorkSkipped(WorkSkip { unit, .. }) => {
                self.end(plan, *unit, false)
            }
            Event::TaskSkipped { .. } => self.skips = true,
            Event::AgentStarted(_)
            | Event::AgentSubmitted(_)
            | Event::AgentSilent(_)
            | Event::AgentHeard(_)
            | Event::AgentUsage(_)
            | Event::AgentEnded { .. }
            | Event::AttemptAssigned { .. }
            | Event::AttemptChecked { .. }
            | Event::WorkMerged { .. }
            | Event::WorktreeCreated { .. }
            | Event::WorktreeWaits(_)
            | Event::AgentStalled(_)
            | Event::AgentStirred(_)
            | Event::StallActed(_)
            | Event::ReportLate(_)
            | Event::MessageSent(_)
            | Event::QuestionAsked(_)
            | Event::QuestionAnswered(_)
            | Event::Escalated(_)
            | Event::ConflictForeseen(_)
            | Event::ConflictGone(_)
            | Event::UnionRed(_)
            | Event::UnionGreen(_)
            | Event::Pinned { .. } => return,
            _ => {}
        }
        self.news = true;
    }

    fn end(&mut self, plan: &PlanWork, unit: UnitId, well: bool) {
        let shape = Arc::clone(&self.shape);
        let Some(place) = plan.unit_place(unit) else {
            return;
        };
        let settles = !std::mem::replace(&mut self.settled[place], true);
        let succeeds = well && !std::mem::replace(&mut self.done[place], true);
        self.undone -= usize::from(succeeds);
        self.open.remove(&place);
        if let Some(phase) = shape.phase_of[place].filter(|_| succeeds) {
            self.left[phase] -= 1;
            if self.left[phase] == 0 {
                self.closable.push(phase);
            }
        }
        for gate in &shape.member_of[place] {
            let gate = *gate as usize;
            let counts = match plan.gates.get(gate).counts {
                Counts::Done => succeeds,
                Counts::Settled => settles,
            };
            if !counts || self.missing[gate] == 0 {
                continue;
            }
            self.missing[gate] -= 1;
            if self.missing[gate] == 0 {
                for waiter in &shape.waiting_at[gate] {
                    let waiter = *waiter as usize;
                    self.closed[waiter] -= 1;
                    if self.closed[waiter] == 0 && !self.settled[waiter] {
                        self.open.insert(waiter);
                    }
                }
            }
        }
    }
}
