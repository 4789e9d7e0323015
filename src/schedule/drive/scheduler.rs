//! The scheduler: `handle(at, input)` takes facts in, decides, and says what to record and what to do.
//!
//! It has no clock and does nothing itself. What it decides is recorded as events too, and state changes through
//! [`State::apply`] alone, so a replay of the recorded events gives the same state, whatever the rules of deciding
//! have become since. Effects that were asked for and not answered are remembered outside the state: after a replay
//! nothing has been asked, so whatever is still missing is asked for again.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{AttemptId, CommitId, PlanName, Statement, WorkRef};

use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::event::about::PinRefusal;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::merge_facts::Pinned;
use crate::schedule::event::notice::Signs;
use crate::schedule::judge::by_hand::takes_units_back;
use crate::schedule::judge::reporting::{Heard, Refused};
use crate::schedule::ready::frontier::Frontier;
use crate::schedule::ready::invariants;
use crate::schedule::ready::lanes::Machine;
use crate::schedule::ready::standing::Standing;
use crate::schedule::state::known::{Phase, State};
use crate::schedule::train::early::Early;
use crate::schedule::train::early::{Heads, UnionSaid};
use crate::schedule::train::{Answer, Train, TrialId};
use crate::schedule::work::behind::Behind;
use crate::schedule::work::plans::{PlanWork, Work};

/// What is told to the scheduler.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A fact.
    Event(Event),
    /// What a status file or ticked boxes now say; what is known already changes nothing.
    Reported {
        /// The plan.
        plan: PlanName,
        /// The worktree in which it was said; 0 is the plan's own.
        lane: u32,
        /// What is said of each task or sub-task.
        said: Vec<Statement>,
        /// Where the worktree stands.
        head: Option<CommitId>,
    },
    /// What a look at an attempt found.
    Signs {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// The signs of life.
        signs: Signs,
    },
    /// What came of something that the merge train asked for.
    Train(Answer),
    /// Where branches stand.
    Heads(Heads),
    /// What came of branches that were tried together.
    Union(TrialId, UnionSaid),
    /// How hard the machine is at work.
    Machine(Machine),
    /// Nothing happened but time.
    Wake,
}

/// What follows from an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// Facts to record, in order, before any effect is performed.
    pub events: Vec<Event>,
    /// What to do.
    pub effects: Vec<Effect>,
}

/// The deterministic core.
#[derive(Debug, Clone)]
pub struct Scheduler {
    pub(in crate::schedule) work: Work,
    pub(in crate::schedule) state: State,
    pub(in crate::schedule) asked: BTreeSet<Ask>,
    pub(in crate::schedule) frontier: Frontier,
    pub(in crate::schedule) machine: Machine,
    /// Remembered outside the state as what was asked for is: after a replay it is built again from the queue.
    pub(in crate::schedule) train: Train,
    pub(in crate::schedule) early: Early,
    /// What was said of work that might not begin, and told of: by whom it was said, of what, and what.
    pub(in crate::schedule) refused: BTreeSet<Refused>,
    /// When each attempt was looked at last.
    pub(in crate::schedule) looked: BTreeMap<AttemptId, At>,
    /// Points that are waited for, by the plan that has them.
    pub(in crate::schedule) waited: Vec<Vec<WorkRef>>,
    /// Plans that wait for something of a plan.
    waiting: Vec<Vec<usize>>,
    /// What starts from the commit of a point.
    pub(in crate::schedule) behind: BTreeMap<WorkRef, Behind>,
}

impl Scheduler {
    /// A scheduler for this work, before any event.
    pub fn new(work: Work) -> Self {
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
            behind: Behind::of_all(&work),
            train: Train::new(work.train),
            early: Early::default(),
            work,
            state,
            asked: BTreeSet::new(),
            machine: Machine::default(),
            refused: BTreeSet::new(),
            looked: BTreeMap::new(),
            waited,
            waiting: waiting
                .into_iter()
                .map(|plans| plans.into_iter().collect())
                .collect(),
        }
    }

    /// What is to be scheduled.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// What is known.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Takes in recorded events without deciding anything.
    pub fn replay<'a>(&mut self, events: impl IntoIterator<Item = (At, &'a Event)>) {
        for (at, event) in events {
            self.state.apply(at, event);
        }
        self.frontier = Frontier::unknown(self.work.plans.len());
    }

    /// Lets time pass without deciding anything, for those who only look.
    pub fn observe(&mut self, now: At) {
        self.state.now = self.state.now.max(now);
    }

    /// Takes in one fact that was missed, without deciding anything. True when it is news, and to be recorded; a fact
    /// that nobody waits for changes nothing.
    #[must_use]
    pub fn take(&mut self, at: At, event: &Event) -> bool {
        let current = self.is_current(event);
        if current {
            self.apply(at.max(self.state.now), event);
        }
        current
    }

    /// Takes in what was reported while nobody listened, without deciding anything; what is new is returned, to be
    /// recorded.
    pub fn note(
        &mut self,
        at: At,
        plan: &PlanName,
        lane: u32,
        said: Vec<Statement>,
        head: Option<CommitId>,
    ) -> Vec<Event> {
        let mut step = Step::default();
        let heard = Heard { lane, head, said };
        self.take_report(at.max(self.state.now), plan, heard, &mut step);
        step.events
    }

    /// Takes one input in and decides what follows.
    pub fn handle(&mut self, at: At, input: Input) -> Step {
        let at = at.max(self.state.now);
        self.state.now = at;
        let mut step = Step::default();
        match input {
            Input::Event(event) => {
                if self.is_current(&event) {
                    let event = self.with_its_reason(event);
                    let parked = self.parked_resolver(at, &event);
                    self.forget_ask(&event);
                    self.record(at, event.clone(), &mut step);
                    self.react(at, &event, &mut step);
                    if let Some(parked) = parked {
                        self.record(at, parked, &mut step);
                    }
                }
            }
            Input::Reported {
                plan,
                lane,
                said,
                head,
            } => self.take_report(at, &plan, Heard { lane, head, said }, &mut step),
            Input::Signs { plan, attempt, signs } => self.take_signs(at, &plan, &attempt, &signs, &mut step),
            Input::Train(answer) => self.take_answer(at, answer, &mut step),
            Input::Heads(heads) => self.look_at_heads(heads),
            Input::Union(trial, said) => self.take_union(at, trial, said, &mut step),
            Input::Machine(machine) => self.look_at_machine(machine),
            // The shell keeps one timer, the earliest that was asked for: when it has rung, later ones are asked for
            // again.
            Input::Wake => self.asked.retain(|ask| !matches!(ask, Ask::Wake(_))),
        }
        if matches!(self.state.phase, Phase::Driving | Phase::Stopping { .. }) {
            self.decide(at, &mut step);
        }
        if cfg!(debug_assertions) {
            invariants::check(&self.work, &self.state);
            let events = step
                .events
                .iter()
                .filter_map(|event| self.state.number(event.plan()?));
            for number in events.collect::<BTreeSet<usize>>() {
                let now = || Standing::new(&self.work.plans[number], &self.state.plans[number]);
                let kept = self.frontier.standing[number].as_ref();
                assert!(
                    kept.is_none_or(|kept| kept.is_like(&now())),
                    "{}: the index of units is out of step with the state",
                    self.work.plans[number].name
                );
            }
        }
        step
    }

    pub(in crate::schedule) fn record(&mut self, at: At, event: Event, step: &mut Step) {
        self.apply(at, &event);
        step.events.push(event);
    }

    /// Folds an event and marks the plans about which something new can follow from it.
    fn apply(&mut self, at: At, event: &Event) {
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
            Event::Warning { .. } | Event::MergeVerified(_) | Event::MergeFlaky(_) => {}
            // What one plan spends may be what another lacks.
            Event::AgentTold(_) if self.work.budget.is_some() => {
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
            | Event::Paused { .. }
            | Event::Resumed(_)
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
            | Event::LegDone { .. }
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

    fn touch(&mut self, event: &Event, others: bool) {
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

    /// Looks at every plan about which something is new, until nothing new follows.
    fn decide(&mut self, at: At, step: &mut Step) {
        let stopping = matches!(self.state.phase, Phase::Stopping { .. });
        let merge_only = self.is_merge_only();
        self.frontier.ring(at);
        loop {
            while let Some(plan) = self.frontier.dirty.pop_first() {
                if merge_only || !self.state.drives(&self.work.plans[plan].name) {
                    continue;
                }
                self.look_at_plan(at, plan, stopping, step);
            }
            if !stopping {
                self.land(at, step);
                self.start_resolvers(at, step);
                self.stop_unwanted_resolvers(step);
                if !merge_only {
                    self.start_agents(at, step);
                }
            }
            if self.frontier.dirty.is_empty() {
                break;
            }
        }
        if !stopping && !merge_only {
            self.make_worktrees(step);
        }
        self.try_unions(step, stopping || merge_only);
        self.stop_agents(at, step);
        self.watch_resolvers(at, step);
        self.wake_or_end(at, step);
    }

    /// Everything that follows for one plan from what is new about it or about what it waits for.
    fn look_at_plan(&mut self, at: At, plan: usize, stopping: bool, step: &mut Step) {
        if std::mem::take(&mut self.standing(plan).news) {
            self.leave_out(at, plan, step);
            self.close_phases(at, plan, step);
        }
        self.finish_attempts(at, plan, step);
        self.integrate(plan, step);
        self.take_work_by_hand(at, plan, step);
        self.stop_unwanted(at, plan, step);
        self.stop_broke(at, plan, step);
        if !stopping {
            self.lose_hope(at, plan, step);
            self.verify_or_finish(at, plan, step);
            // After it, so that one that was begun before a restart is there to be stopped.
            self.stop_unwanted_verification(plan, step);
        }
        self.pin_what_is_waited_for(plan, step);
        let alarms = [self.watch(at, plan, step), self.escalate(at, plan, step)];
        let alarm = alarms.into_iter().flatten().min().filter(|_| !stopping);
        self.frontier.alarms.set(plan, alarm);
        self.refresh(at, plan);
    }

    pub(in crate::schedule) fn ask(&mut self, ask: Ask, effect: Effect, step: &mut Step) {
        if self.asked.insert(ask) {
            step.effects.push(effect);
        }
    }
}
