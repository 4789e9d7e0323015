//! The shared parts of the policies.
//!
//! Requested effects without an answer are kept outside the state. After a replay nothing counts as requested, so everything
//! that is still missing is requested again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::ask::Ask;
use super::effect::Effect;
use super::orch_message::Wording;
use super::step::Step;
use crate::plan::{AttemptId, ItemId, PlanName, TaskState, WorkRef};
use crate::schedule::event::about::PinRefusal;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::merge_facts::Pinned;
use crate::schedule::event::person::person_fact::PersonFact;
use crate::schedule::ready::frontier::Frontier;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::ready::standing::Standing;
use crate::schedule::state::known::State;
use crate::schedule::train::early::Early;
use crate::schedule::train::{BuildId, Train};
use crate::schedule::work::behind::Dependents;
use crate::schedule::work::plans::{PlanWork, Work};

/// A report on work that may not start yet, with its author and time. It is recorded only once.
pub(in crate::schedule) type RefusedReport =
    (PlanName, Option<AttemptId>, ItemId, TaskState, Option<Timestamp>);

/// The state, and the requested effects. A policy reads the board, records events and requests effects.
#[derive(Debug, Clone)]
pub(in crate::schedule) struct Board {
    pub(in crate::schedule) work: Work,
    pub(in crate::schedule) state: State,
    pub(in crate::schedule) asked: BTreeSet<Ask>,
    pub(in crate::schedule) frontier: Frontier,
    /// Kept outside the state, like the requested effects. After a replay it is rebuilt from the queue.
    pub(in crate::schedule) train: Train,
    /// When each running verification of the train started.
    pub(in crate::schedule) build_since: BTreeMap<BuildId, At>,
    pub(in crate::schedule) early: Early,
    /// Refused reports that are already recorded.
    pub(in crate::schedule) refused: BTreeSet<RefusedReport>,
    /// The words for messages that `orch` writes. Without them such messages have no text.
    pub(in crate::schedule) wording: Wording,
    /// True when the run continues while it waits only for a person.
    pub(in crate::schedule) stays: bool,
    /// When each attempt was last examined.
    pub(in crate::schedule) looked: BTreeMap<AttemptId, At>,
    /// Points that other plans wait for, by the plan they belong to.
    pub(in crate::schedule) waited: Vec<Vec<WorkRef>>,
    /// For each plan, the plans that wait for something in it.
    pub(in crate::schedule) waiting: Vec<Vec<usize>>,
    /// The work that starts from the commit of each point.
    pub(in crate::schedule) behind: BTreeMap<WorkRef, Dependents>,
}

impl Board {
    /// Creates the board for this work, before any event.
    pub(in crate::schedule) fn new(work: Work) -> Self {
        let state = State::new(&work);
        let mut waited = vec![Vec::new(); work.plans.len()];
        let mut waiting: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); work.plans.len()];
        for (point, plans) in work.waited_for() {
            let Some(on) = state.number(&point.plan) else {
                continue;
            };
            waiting[on].extend(plans.iter().filter_map(|plan| state.number(plan)));
            waited[on].push(point);
        }
        Self {
            frontier: Frontier::unknown(work.plans.len()),
            behind: Dependents::of_all(&work),
            train: Train::new(work.train),
            build_since: BTreeMap::new(),
            early: Early::default(),
            work,
            state,
            asked: BTreeSet::new(),
            wording: |_| String::new(),
            stays: false,
            refused: BTreeSet::new(),
            looked: BTreeMap::new(),
            waited,
            waiting: waiting
                .into_iter()
                .map(|plans| plans.into_iter().collect())
                .collect(),
        }
    }

    pub(in crate::schedule) fn record(&mut self, at: At, event: Event, step: &mut Step) {
        self.apply(at, &event);
        step.events.push(event);
    }

    /// Applies an event to the state and marks the plans for which the event may have consequences.
    pub(in crate::schedule) fn apply(&mut self, at: At, event: &Event) {
        let limited = self.state.limits.len();
        let conflict = self.conflict_in(event);
        self.state.apply(at, event);
        // Other plans may not begin work in the files of a conflict.
        if self.state.limits.len() < limited || self.conflict_in(event) != conflict {
            self.frontier.dirty.extend(0..self.work.plans.len());
        }
        if let Event::Pinned(Pinned { plan, point, .. }) | Event::PinRefused(PinRefusal { plan, point, .. }) =
            event
            && let Some(number) = self.state.number(plan)
        {
            self.frontier.pinning.remove(&(number, *point));
            self.frontier.landing = true;
        }
        match event {
            Event::RunStarted { .. }
            | Event::RunStopping { .. }
            | Event::RunStopped { .. }
            | Event::RunSettled {}
            | Event::RunWidth(_)
            | Event::MergeRequested { .. }
            | Event::TargetChecked(_)
            | Event::AttemptParked(_)
            | Event::RetryRequested { .. } => {
                self.frontier.dirty.extend(0..self.work.plans.len());
                self.frontier.landing = true;
                self.frontier.standing.fill(None);
            }
            // From now on it is known when the resource will have been held for too long.
            Event::AttemptAssigned { .. } if !self.work.patience.is_empty() => {
                self.frontier.dirty.extend(0..self.work.plans.len());
            }
            Event::Warning { .. } | Event::MergeVerified(_) | Event::MergeFlaky(_) => {}
            // Money that one plan spends is missing from the others' budget.
            Event::AgentUsage(_) if self.work.budget.is_some() => {
                self.frontier.dirty.extend(0..self.work.plans.len());
            }
            Event::MergeLanded { .. }
            | Event::MergeFound { .. }
            | Event::MergeFailed { .. }
            | Event::MergeStarted { .. }
            | Event::PlanFinished { .. }
            | Event::PlanFailed(_)
            | Event::PlanSkipped(_)
            | Event::PlanHeld { .. }
            | Event::PlanCancelled { .. }
            | Event::Paused(_)
            | Event::Resumed(_)
            | Event::Person(
                PersonFact::AttachBegan(_)
                | PersonFact::AttachEnded(_)
                | PersonFact::ReviewApproved(_)
                | PersonFact::ReviewReturned(_)
                | PersonFact::SetBack(_),
            )
            | Event::Resolve(_) => {
                (self.frontier.landing, self.frontier.resolving) = (true, true);
                self.touch(event, true);
            }
            // Reported work may be open again, and other plans have to wait for it.
            Event::TaskFailed(_) | Event::AttemptFailed { .. } | Event::AttemptChecked { .. } => {
                self.frontier.landing = true;
                self.touch(event, true);
            }
            Event::TaskStarted(_)
            | Event::TaskDone { .. }
            | Event::TaskSkipped { .. }
            | Event::PhaseDone { .. }
            | Event::PhaseVerify(_)
            | Event::StageDone { .. }
            | Event::Pinned { .. }
            | Event::PinRefused { .. }
            | Event::WorkAdded(_)
            | Event::WorkLeftOut { .. }
            | Event::WorkFailed { .. }
            | Event::WorkCancelled { .. }
            | Event::WorkSkipped { .. } => self.touch(event, true),
            _ => self.touch(event, false),
        }
        if takes_units_back(event) {
            self.forget_standing(event);
        }
    }

    /// Returns the files of the conflict of the event's plan.
    fn conflict_in(&self, event: &Event) -> Option<Vec<String>> {
        let number = event.plan().and_then(|plan| self.state.number(plan))?;
        let (_, files) = self.state.plans[number].open_conflict()?;
        Some(files.to_vec())
    }

    /// Returns the standing of the plan's units.
    pub(in crate::schedule) fn standing(&mut self, plan: usize) -> &mut Standing {
        let (work, run) = (&self.work.plans[plan], &self.state.plans[plan]);
        self.frontier.standing[plan].get_or_insert_with(|| Standing::new(work, run))
    }

    pub(in crate::schedule) fn touch(&mut self, event: &Event, others: bool) {
        if let Some(number) = event.plan().and_then(|plan| self.state.number(plan)) {
            if let Some(standing) = &mut self.frontier.standing[number] {
                standing.follow(&self.work.plans[number], event);
            }
            self.frontier.dirty.insert(number);
            if others {
                self.frontier.dirty.extend(&self.waiting[number]);
            }
        }
    }

    pub(in crate::schedule) fn plan_work(&self, name: &PlanName) -> Option<&PlanWork> {
        self.work.plans.get(self.state.number(name)?)
    }

    pub(in crate::schedule) fn is_merge_only(&self) -> bool {
        self.state.is_merge_only()
    }

    pub(in crate::schedule) fn ask(&mut self, ask: Ask, effect: Effect, step: &mut Step) {
        if self.asked.insert(ask) {
            step.effects.push(effect);
        }
    }

    /// Returns the readiness of a plan, using its standing if that is already known.
    pub(in crate::schedule) fn look(&self, number: usize) -> Readiness<'_> {
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        match &self.frontier.standing[number] {
            Some(standing) => Readiness::known(plan, run, &self.state, standing),
            None => Readiness::new(plan, run, &self.state),
        }
    }

    /// Discards the standing of the plan's units, because done work is open again.
    pub(in crate::schedule) fn forget_standing(&mut self, event: &Event) {
        if let Some(number) = event.plan().and_then(|plan| self.state.number(plan)) {
            self.frontier.standing[number] = None;
        }
    }

    /// Applies recorded events without making any decision.
    pub(in crate::schedule) fn replay<'a>(&mut self, events: impl IntoIterator<Item = (At, &'a Event)>) {
        for (at, event) in events {
            self.state.apply(at, event);
        }
        self.frontier = Frontier::unknown(self.work.plans.len());
    }
}

/// Returns true for an event that may open a done unit again.
fn takes_units_back(event: &Event) -> bool {
    match event {
        Event::AttemptChecked { evidence, .. } => !evidence.gone.is_empty(),
        other => matches!(
            other,
            Event::AttemptFailed { .. }
                | Event::TaskFailed(_)
                | Event::WorkAdded(_)
                | Event::Person(PersonFact::SetBack(_))
        ),
    }
}
