//! The scheduler: `handle(at, input)` takes facts in, decides, and says what to record and what to do.
//!
//! It has no clock and does nothing itself. What it decides is recorded as events too, and state changes through
//! [`State::apply`] alone, so a replay of the recorded events gives the same state, whatever the rules of deciding
//! have become since. Effects that were asked for and not answered are remembered outside the state: after a replay
//! nothing has been asked, so whatever is still missing is asked for again.

use std::collections::BTreeSet;

use crate::plan::{ItemId, PlanName, TaskState, WorkRef};

use super::answers::Ask;
use super::plan_run::Merge;
use super::state::{Phase, State};
use super::work::{PlanWork, Work};
use super::{At, Effect, Event, invariants, landing};

/// What is told to the scheduler.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A fact.
    Event(Event),
    /// What a status file or ticked boxes now say; what is known already changes nothing.
    Reported {
        /// The plan.
        plan: PlanName,
        /// Each task or sub-task with its state and what was said about it.
        items: Vec<(ItemId, TaskState, Option<String>)>,
    },
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
    pub(super) work: Work,
    pub(super) state: State,
    pub(super) asked: BTreeSet<Ask>,
    waited: Vec<WorkRef>,
}

impl Scheduler {
    /// A scheduler for this work, before any event.
    pub fn new(work: Work) -> Self {
        let state = State::new(&work);
        let waited = work.waited_for().into_keys().collect();
        Self {
            work,
            state,
            asked: BTreeSet::new(),
            waited,
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
            self.state.apply(at.max(self.state.now), event);
        }
        current
    }

    /// Takes in what was reported while nobody listened, without deciding anything; what is new is returned, to be
    /// recorded.
    pub fn note(
        &mut self,
        at: At,
        plan: &PlanName,
        items: Vec<(ItemId, TaskState, Option<String>)>,
    ) -> Vec<Event> {
        let mut step = Step::default();
        self.take_report(at.max(self.state.now), plan, items, &mut step);
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
                    self.forget_ask(&event);
                    self.record(at, event.clone(), &mut step);
                    self.react(at, &event, &mut step);
                }
            }
            Input::Reported { plan, items } => self.take_report(at, &plan, items, &mut step),
            // The shell keeps one timer, the earliest that was asked for: when it has rung, later ones are asked for
            // again.
            Input::Wake => self.asked.retain(|ask| !matches!(ask, Ask::Wake(_))),
        }
        if matches!(self.state.phase, Phase::Driving | Phase::Stopping { .. }) {
            self.decide(at, &mut step);
        }
        if cfg!(debug_assertions) {
            invariants::check(&self.work, &self.state);
        }
        step
    }

    pub(super) fn record(&mut self, at: At, event: Event, step: &mut Step) {
        self.state.apply(at, &event);
        step.events.push(event);
    }

    pub(super) fn plan_work(&self, name: &PlanName) -> Option<&PlanWork> {
        self.work.plans.iter().find(|plan| &plan.name == name)
    }

    /// Looks at everything and decides, until nothing new follows.
    fn decide(&mut self, at: At, step: &mut Step) {
        loop {
            let before = step.events.len();
            let stopping = matches!(self.state.phase, Phase::Stopping { .. });
            let merge_only = self
                .state
                .run
                .as_ref()
                .is_some_and(|run| run.merge_only.is_some());
            for index in 0..self.work.plans.len() {
                if merge_only || !self.state.drives(&self.work.plans[index].name) {
                    continue;
                }
                self.close_phases(at, index, step);
                self.finish_attempt(at, index, step);
                if !stopping {
                    self.skip_if_hopeless(at, index, step);
                    self.verify_or_finish(at, index, step);
                }
            }
            if !merge_only {
                self.pin_what_is_waited_for(step);
            }
            if !stopping {
                self.land(at, step);
                if !merge_only {
                    self.start_agents(at, step);
                    self.make_worktrees(at, step);
                }
            }
            if step.events.len() == before {
                break;
            }
        }
        self.stop_agents(step);
        self.wake_or_end(at, step);
    }

    /// Pins every point that some plan waits for, as soon as it is reached.
    fn pin_what_is_waited_for(&mut self, step: &mut Step) {
        let due: Vec<WorkRef> = self
            .waited
            .iter()
            .filter(|work| {
                let run = self.state.plan(&work.plan);
                run.has_reached(work.point)
                    && !run.pins.contains_key(&work.point)
                    && !run.pins_refused.contains_key(&work.point)
                    && run.worktree.is_some()
            })
            .cloned()
            .collect();
        for WorkRef { plan, point } in due {
            self.ask(Ask::Pin(plan.clone(), point), Effect::Pin { plan, point }, step);
        }
    }

    fn land(&mut self, at: At, step: &mut Step) {
        // A merge that was under way when the supervisor died is taken up again first.
        if let Some(plan) = self.state.merging().cloned() {
            let into = match &self.state.plan(&plan).merge {
                Merge::Running(into) => into.clone(),
                Merge::Idle | Merge::Wanted(_) => None,
            };
            self.ask(Ask::Merge(plan.clone()), Effect::Merge { plan, into }, step);
            return;
        }
        match landing::next_step(&self.work, &self.state) {
            Some(landing::Step::Merge(plan, into)) => {
                self.record(at, Event::MergeStarted { plan: plan.clone() }, step);
                self.ask(Ask::Merge(plan.clone()), Effect::Merge { plan, into }, step);
            }
            Some(landing::Step::Refuse(plan, why)) => self.record(at, Event::MergeFailed { plan, why }, step),
            None => {}
        }
    }

    pub(super) fn ask(&mut self, ask: Ask, effect: Effect, step: &mut Step) {
        if self.asked.insert(ask) {
            step.effects.push(effect);
        }
    }
}
