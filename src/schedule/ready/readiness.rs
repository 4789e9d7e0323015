//! Which units of a plan are ready, which will never begin, and what the others wait for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::freeze::{self, Freeze};
use super::{file_turns, undeclared_files};
use crate::graph::{Counts, Gate};
use crate::plan::{AgentName, Dependency, Point, UnitId};

use super::by_hand::is_finished_by_hand;
use super::dispatch;
use super::standing::Standing;
use super::wait::{Cause, Wait};
use crate::schedule::event::at::At;
use crate::schedule::state::known::State;
use crate::schedule::state::person::stand_in::agent_of;
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, UnitWork};

/// The readiness of one plan's units at one moment.
#[derive(Debug)]
pub struct Readiness<'a> {
    plan: &'a PlanWork,
    run: &'a PlanRun,
    state: &'a State,
    standing: Cow<'a, Standing>,
}

impl<'a> Readiness<'a> {
    /// Examines the plan.
    pub fn new(plan: &'a PlanWork, run: &'a PlanRun, state: &'a State) -> Self {
        Self {
            standing: Cow::Owned(Standing::new(plan, run)),
            plan,
            run,
            state,
        }
    }

    /// Examines a plan whose standing is known.
    pub(in crate::schedule) fn known(
        plan: &'a PlanWork,
        run: &'a PlanRun,
        state: &'a State,
        standing: &'a Standing,
    ) -> Self {
        Self {
            standing: Cow::Borrowed(standing),
            plan,
            run,
            state,
        }
    }

    /// True when the unit still has to be done.
    pub fn is_open(&self, unit: usize) -> bool {
        !self.standing.settled[unit]
    }

    /// True when every unit is done.
    pub fn all_done(&self) -> bool {
        self.standing.undone == 0
    }

    /// The indices of units that still have to be done.
    pub fn open(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.plan.units.len()).filter(|unit| self.is_open(*unit))
    }

    fn counts(&self, gate: Gate<'_>) -> &[bool] {
        match gate.counts {
            Counts::Done => &self.standing.done,
            Counts::Settled => &self.standing.settled,
        }
    }

    /// True when the plan as a whole waits for nothing but limits, files and retries.
    fn plan_is_free(&self) -> bool {
        dispatch::is_free(self.plan, &self.plan.depends, &self.plan.after, self.state)
            && self.run.failed_check().is_none()
            && !self.run.cancelling.contains(&Point::Plan)
    }

    /// True when the unit waits for nothing of other plans, besides what the whole plan waits for.
    fn is_free(&self, unit: &UnitWork) -> bool {
        dispatch::is_free(self.plan, &unit.depends, &unit.after, self.state)
    }

    /// The conflicts of other plans that keep the unit from beginning.
    fn freezes(&self, unit: &'a UnitWork) -> impl Iterator<Item = Freeze<'a>> {
        freeze::of_unit(self.plan, self.run, self.state, unit)
    }

    /// The gate that a person has to approve before the unit begins.
    fn gate_of(&self, unit: UnitId) -> Option<Point> {
        let points = [Point::Plan, Point::Phase(unit.phase())];
        let gate = |point: &Point| self.plan.has_gate(*point) && !self.run.approved.contains(point);
        points.into_iter().find(gate)
    }

    /// True when no person holds the unit back.
    pub(in crate::schedule) fn is_free_of_people(&self, unit: UnitId) -> bool {
        self.run.pause_of(unit).is_none() && self.gate_of(unit).is_none()
    }

    /// The indices of the units that could begin at `at` if there were capacity, in document order. After a failed verification
    /// of the plan, only the first unit of the last work: an agent goes through that again.
    pub fn ready(&self, at: At) -> Vec<usize> {
        let due = |retry: Option<At>| retry.is_none_or(|due| due <= at);
        match self.run.verify {
            Verify::Running => return Vec::new(),
            Verify::Failed if self.run.paused.contains_key(&Point::Plan) => return Vec::new(),
            Verify::Failed => {
                let free = self.run.attempts.is_empty() && due(self.run.repair.retry_at);
                let first = self.repair_stage().into_iter().next().filter(|_| free);
                let first = first.filter(|unit| self.is_served(agent_of(self.run, unit), at));
                return first
                    .and_then(|unit| self.plan.unit_place(unit.id))
                    .into_iter()
                    .collect();
            }
            Verify::Open | Verify::Passed(_) => {}
        }
        if !self.plan.by_units() && !self.run.attempts.is_empty() {
            return Vec::new();
        }
        if self.open().next().is_none() || !self.plan_is_free() {
            return Vec::new();
        }
        let held = self.held_files();
        let worked: Vec<UnitId> = self
            .run
            .attempts
            .values()
            .flat_map(|attempt| &attempt.units)
            .copied()
            .collect();
        let shares = |work: &UnitWork| {
            let others = worked.iter().filter_map(|id| self.plan.unit(*id));
            // As long as no undeclared file is known, the declared files are enough.
            self.plan.by_units()
                && !self.run.found.is_empty()
                && others
                    .into_iter()
                    .any(|other| !undeclared_files::shared(self.run, self.plan, work, other).is_empty())
        };
        let startable = |unit: &usize| {
            let work = &self.plan.units[*unit];
            let tries = self.run.tries_of(Some(work.id), false);
            due(tries.retry_at)
                && self.is_served(agent_of(self.run, work), at)
                && work.locks.iter().all(|file| !held.contains(file))
                && self.freezes(work).next().is_none()
                && !shares(work)
                && !worked.contains(&work.id)
                && !(self.plan.by_units() && is_finished_by_hand(self.plan, self.run, work.id))
                && self.run.pause_of(work.id).is_none()
                && !self.run.is_being_cancelled(work.id)
                && self.gate_of(work.id).is_none()
                && self.is_free(work)
        };
        let ready = self.standing.open.iter().copied().filter(startable);
        if self.plan.by_units() {
            ready.collect()
        } else {
            // One agent goes through the document in order, and passes over units that cannot begin.
            ready.take(1).collect()
        }
    }

    /// True when no limit keeps the agent from working on the plan.
    fn is_served(&self, agent: &AgentName, at: At) -> bool {
        self.run.parking(agent, at).is_none() && self.state.closed_until(agent).is_none()
    }

    /// The files that units at work touch.
    fn held_files(&self) -> BTreeSet<u32> {
        let working = self.run.attempts.values().flat_map(|attempt| &attempt.units);
        let units = working.filter_map(|id| self.plan.unit(*id));
        units.flat_map(|unit| unit.locks.iter().copied()).collect()
    }

    /// The units of an attempt that starts with `first`. In plan dispatch, these are all units that one agent can work through
    /// from there without waiting for another plan, and without a change of agent, resources or time limit. Otherwise it is only
    /// that unit.
    pub fn stage(&self, first: usize) -> Vec<&'a UnitWork> {
        if self.run.verify == Verify::Failed {
            return self.repair_stage();
        }
        let mut stage = vec![&self.plan.units[first]];
        if self.plan.by_units() {
            return stage;
        }
        let mut done = self.standing.done.clone();
        done[first] = true;
        let mut chain_open = 0;
        for place in (first + 1)..self.plan.units.len() {
            if self.standing.done[place] {
                continue;
            }
            // The verification of the last phase has to end first.
            if stage
                .last()
                .is_some_and(|last| self.plan.is_verified(self.run, last.id.phase()))
            {
                break;
            }
            let unit = &self.plan.units[place];
            let same = unit.agent == stage[0].agent
                && unit.uses == stage[0].uses
                && unit.timeout == stage[0].timeout
                && unit.job == stage[0].job;
            let is_open = |gate| self.plan.gates.get(gate).missing(|member| done[member]) == 0;
            let follows = self.plan.waits.all_open(place, &mut chain_open, is_open);
            let held = self.run.pause_of(unit.id).is_some() || self.gate_of(unit.id).is_some();
            let frozen = self.freezes(unit).next().is_some();
            if held || frozen || !same || !follows || !self.is_free(unit) {
                break;
            }
            done[place] = true;
            stage.push(unit);
        }
        stage
    }

    /// The open units for which `joins` is true and that could be worked on one after the other, whatever their agents.
    pub(in crate::schedule) fn chain(&self, joins: impl Fn(&UnitWork) -> bool) -> Vec<UnitId> {
        let mut chain = Vec::new();
        if !self.plan_is_free() {
            return chain;
        }
        let mut done = self.standing.done.clone();
        let mut settled = self.standing.settled.clone();
        let mut chain_open = 0;
        for place in self.open() {
            let unit = &self.plan.units[place];
            let is_open = |gate| {
                let gate = self.plan.gates.get(gate);
                let is_done = gate.counts == Counts::Done;
                gate.missing(|member| if is_done { done[member] } else { settled[member] }) == 0
            };
            let follows = self.plan.waits.all_open(place, &mut chain_open, is_open);
            let met = self.is_free(unit);
            let free = self.is_free_of_people(unit.id) && !self.run.is_worked_on(unit.id);
            if follows && met && free && joins(unit) {
                (done[place], settled[place]) = (true, true);
                chain.push(unit.id);
            }
        }
        chain
    }

    fn repair_stage(&self) -> Vec<&'a UnitWork> {
        let last = self
            .run
            .work_attempts()
            .next_back()
            .map(|record| record.units.as_slice());
        let again: Vec<&UnitWork> = last
            .unwrap_or_default()
            .iter()
            .filter_map(|id| self.plan.unit(*id))
            .collect();
        if again.is_empty() {
            self.plan.units.iter().collect()
        } else {
            again
        }
    }

    /// Everything that stands between an open unit and its start, besides limits and delays.
    pub fn waits(&self, unit: usize) -> Vec<Wait<'a>> {
        let work = &self.plan.units[unit];
        let mut waits: Vec<Wait<'a>> = Vec::new();
        if let Some(check) = self.run.failed_check() {
            waits.push(Wait::FailedCheck(check));
        }
        waits.extend(self.run.pause_of(work.id).map(Wait::Pause));
        waits.extend(self.gate_of(work.id).map(Wait::Approval));
        for gate in self.plan.gates_at(unit) {
            let ended = self.counts(gate);
            if gate.missing(|member| ended[member]) > 0 {
                let missing = gate.of().filter(|member| !ended[*member]);
                let missing = missing.map(|member| self.plan.units[member].id);
                waits.push(Wait::Gate(gate, missing.collect()));
            }
        }
        let depends = self.plan.depends.iter().chain(&work.depends);
        for dependency in depends.filter(|d| !dispatch::is_met(self.plan, d, self.state)) {
            waits.push(Wait::Plan(dependency));
        }
        for after in [&self.plan.after, &work.after] {
            let open = file_turns::open(self.plan, after, self.state);
            waits.extend(open.map(|(on, files)| Wait::Overlap(on, files)));
        }
        waits.extend(self.freezes(work).map(Wait::Conflict));
        let working = self.run.attempts.values().flat_map(|attempt| &attempt.units);
        let others = working.filter(|id| self.plan.by_units() && **id != work.id);
        for other in others.filter_map(|id| self.plan.unit(*id)) {
            let names = undeclared_files::shared(self.run, self.plan, work, other);
            if !names.is_empty() {
                waits.push(Wait::Files(other.id, names));
            }
        }
        waits
    }

    /// True when a dependency of the plan, or of one of its units, will not be satisfied.
    pub(in crate::schedule) fn is_lost_elsewhere(&self) -> bool {
        let outside = self.standing.shape.outside.iter();
        let own = outside.flat_map(|unit| &self.plan.units[*unit].depends);
        let mut all = self.plan.depends.iter().chain(own);
        all.any(|dependency| self.state.is_hopeless(dependency))
    }

    /// The open units that will never begin because what they wait for is lost, each with the root cause.
    pub fn hopeless(&self) -> Vec<(UnitId, Cause<'a>)> {
        self.behind(false)
    }

    /// True when every open unit waits for work that is lost or needs a person.
    pub fn is_stalled(&self) -> bool {
        self.behind(true).len() == self.open().count()
    }

    /// The open units behind lost work. With `held`, work that needs a person counts as lost too, and units that are stalled
    /// behind such work do not count as ending.
    fn behind(&self, held: bool) -> Vec<(UnitId, Cause<'a>)> {
        let is_hopeless = |dependency: &&Dependency| self.state.is_hopeless(dependency);
        let whole = self.plan.depends.iter().find(is_hopeless);
        let mut causes: Vec<Option<Cause<'a>>> = self
            .plan
            .units
            .iter()
            .map(|unit| {
                let lost = self.run.lost.get(&unit.id).filter(|lost| held || lost.is_final());
                lost.map(|_| Cause::Unit(unit.id))
            })
            .collect();
        let mut hopeless: Vec<(UnitId, Cause<'a>)> = Vec::new();
        loop {
            let before = hopeless.len();
            let gates: Vec<Option<Cause<'a>>> = self
                .plan
                .gates
                .iter()
                .map(|gate| self.lost_gate(gate, &causes, held))
                .collect();
            for place in self.open() {
                let unit = &self.plan.units[place];
                if causes[place].is_some() || self.run.is_worked_on(unit.id) {
                    continue;
                }
                let own = unit.depends.iter().find(is_hopeless);
                let outside = whole.or(own).map(Cause::Plan);
                let inside = || self.plan.waits.of(place).find_map(|gate| gates[gate]);
                if let Some(cause) = outside.or_else(inside) {
                    causes[place] = Some(cause);
                    hopeless.push((unit.id, cause));
                }
            }
            if hopeless.len() == before {
                return hopeless;
            }
        }
    }

    /// The reason why a gate can no longer open, `None` when it can. At a gate that waits only for the end of its members, lost
    /// units have ended, and units that are skipped because of lost units are about to end. Units that are stalled behind work
    /// that needs a person have not ended.
    fn lost_gate(&self, gate: Gate<'_>, causes: &[Option<Cause<'a>>], held: bool) -> Option<Cause<'a>> {
        let closed = |member: usize| match gate.counts {
            Counts::Done => causes[member].filter(|_| !self.standing.done[member]),
            Counts::Settled => causes[member].filter(|_| held && !self.standing.settled[member]),
        };
        let left = gate.of().filter(|member| closed(*member).is_none()).count();
        let first = gate.of().find_map(closed);
        first.filter(|_| left < gate.need)
    }
}
