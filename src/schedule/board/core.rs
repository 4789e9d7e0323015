//! The shared parts of the policies.
//!
//! Effects that were asked for and not answered are remembered outside the state: after a replay nothing has been asked, so
//! whatever is still missing is asked for again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::ask::Ask;
use super::effect::Effect;
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

/// A report on work that may not begin, with its author and its time. It is recorded once.
pub(in crate::schedule) type RefusedReport =
    (PlanName, Option<AttemptId>, ItemId, TaskState, Option<Timestamp>);

/// The state, and the effects that were asked for. A policy reads it, records events and asks for effects.
#[derive(Debug, Clone)]
pub(in crate::schedule) struct Board {
    pub(in crate::schedule) work: Work,
    pub(in crate::schedule) state: State,
    pub(in crate::schedule) asked: BTreeSet<Ask>,
    pub(in crate::schedule) frontier: Frontier,
    /// Remembered outside the state as what was asked for is: after a replay it is built again from the queue.
    pub(in crate::schedule) train: Train,
    /// When each of the train's verifications under way began.
    pub(in crate::schedule) build_since: BTreeMap<BuildId, At>,
    pub(in crate::schedule) early: Early,
    /// Refused reports that are recorded: author, item and state.
    pub(in crate::schedule) refused: BTreeSet<RefusedReport>,
    /// True when a run goes on while only a person is missing.
    pub(in crate::schedule) stays: bool,
    /// When each attempt was looked at last.
    pub(in crate::schedule) looked: BTreeMap<AttemptId, At>,
    /// Points that are waited for, by the plan that has them.
    pub(in crate::schedule) waited: Vec<Vec<WorkRef>>,
    /// Plans that wait for something of a plan.
    pub(in crate::schedule) waiting: Vec<Vec<usize>>,
    /// What starts from the commit of a point.
    pub(in crate::schedule) behind: BTreeMap<WorkRef, Dependents>,
}

impl Board {
    /// For this work, before any event.
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

    /// Folds an event and marks the plans about which something new can follow from it.
    pub(in crate::schedule) fn apply(&mut self, at: At, event: &Event) {
        let limited = self.state.limits.len();
        self.state.apply(at, event);
        if self.state.limits.len() < limited {
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
            | Event::MergeRequested { .. }
            | Event::TargetChecked(_)
            | Event::AttemptParked(_)
            | Event::RetryRequested { .. } => {
                self.frontier.dirty.extend(0..self.work.plans.len());
                self.frontier.landing = true;
                self.frontier.standing.fill(None);
            }
            // When somebody has held a resource for too long is known from now on.
            Event::AttemptAssigned { .. } if !self.work.patience.is_empty() => {
                self.frontier.dirty.extend(0..self.work.plans.len());
            }
            Event::Warning { .. } | Event::MergeVerified(_) | Event::MergeFlaky(_) => {}
            // What one plan spends may be what another lacks.
            Event::AgentUsage(_) if self.work.budget.is_some() => {
                self.frontier.dirty.extend(0..self.work.plans.len());
            }
            Event::MergeLanded { .. }
            | Event::MergeFound { .. }
            | Event::MergeFailed { .. }
            | Event::MergeStarted { .. }
            | Event::PlanFinished { .. }
            | Event::PlanFailed(_)
            | Event::PlanSkipped { .. }
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
            // What was reported may be open again, and others have to wait for it.
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

    /// Where the plan's units stand.
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
        let run = self.state.run.as_ref();
        run.is_some_and(|run| run.merge_only.is_some())
    }

    pub(in crate::schedule) fn ask(&mut self, ask: Ask, effect: Effect, step: &mut Step) {
        if self.asked.insert(ask) {
            step.effects.push(effect);
        }
    }

    /// Looks at a plan, with what is known about it already.
    pub(in crate::schedule) fn look(&self, number: usize) -> Readiness<'_> {
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        match &self.frontier.standing[number] {
            Some(standing) => Readiness::known(plan, run, &self.state, standing),
            None => Readiness::new(plan, run, &self.state),
        }
    }

    /// What was done is open again: where the units of the plan stand is found out again.
    pub(in crate::schedule) fn forget_standing(&mut self, event: &Event) {
        if let Some(number) = event.plan().and_then(|plan| self.state.number(plan)) {
            self.frontier.standing[number] = None;
        }
    }

    /// Takes in recorded events without deciding anything.
    pub(in crate::schedule) fn replay<'a>(&mut self, events: impl IntoIterator<Item = (At, &'a Event)>) {
        for (at, event) in events {
            self.state.apply(at, event);
        }
        self.frontier = Frontier::unknown(self.work.plans.len());
    }
}

/// True for a fact by which a unit that was done may be open again.
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
