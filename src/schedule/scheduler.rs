//! The scheduler: `handle(at, input)` takes facts in, decides, and says what to record and what to do.
//!
//! It has no clock and does nothing itself. What it decides is recorded as events too, and state changes through
//! [`State::apply`] alone, so a replay of the recorded events gives the same state, whatever the rules of deciding
//! have become since. Effects that were asked for and not answered are remembered outside the state: after a replay
//! nothing has been asked, so whatever is still missing is asked for again.

use std::collections::BTreeSet;

use crate::plan::{AttemptId, ItemId, PlanName, Point, TaskState, WorkRef};

use super::judge::{Verdict, judge};
use super::plan_run::{Merge, Outcome, PlanRun, Stage, Verify};
use super::state::{Phase, State};
use super::work::{PlanWork, Work};
use super::{
    At, Effect, Ending, Event, Hold, LaunchTrouble, MergeTrouble, backoff, dispatch, invariants, landing,
};

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

/// An effect that was asked for and not answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Ask {
    Worktree(PlanName),
    Launch(AttemptId),
    Stop(AttemptId, bool),
    Check(AttemptId),
    Verify(PlanName),
    StopVerification(PlanName),
    Pin(PlanName, Point),
    Merge(PlanName),
    Wake(At),
    End,
}

/// The deterministic core.
#[derive(Debug, Clone)]
pub struct Scheduler {
    work: Work,
    state: State,
    asked: BTreeSet<Ask>,
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

    /// Takes in one fact that was missed, without deciding anything; the caller records it. A fact that nobody waits
    /// for changes nothing.
    pub fn take(&mut self, at: At, event: &Event) {
        if self.is_current(event) {
            self.state.apply(at.max(self.state.now), event);
        }
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

    fn record(&mut self, at: At, event: Event, step: &mut Step) {
        self.state.apply(at, &event);
        step.events.push(event);
    }

    /// False for an answer that nobody waits for: a stale attempt's, or one that was given before.
    fn is_current(&self, event: &Event) -> bool {
        let stage = |plan: &PlanName, attempt: &AttemptId| {
            let current = self.state.plan(plan).attempt.as_ref();
            current
                .filter(|current| &current.id == attempt)
                .map(|current| &current.stage)
        };
        match event {
            Event::AgentStarted { plan, attempt, .. } | Event::AgentRefused { plan, attempt, .. } => {
                stage(plan, attempt) == Some(&Stage::Assigned)
            }
            Event::AgentEnded { plan, attempt, .. } => stage(plan, attempt).is_some_and(Stage::holds_slot),
            Event::AttemptChecked { plan, attempt, .. } => {
                matches!(stage(plan, attempt), Some(Stage::Ended(_)))
            }
            Event::WorktreeCreated { plan, .. } | Event::WorktreeRefused { plan, .. } => {
                self.state.plans.contains_key(plan) && self.state.plan(plan).worktree.is_none()
            }
            Event::VerifyPassed { plan, .. }
            | Event::VerifyFailed { plan, .. }
            | Event::VerifyStopped { plan } => self.state.plan(plan).verify == Verify::Running,
            Event::Pinned { plan, point, .. } => {
                self.state.plans.contains_key(plan) && !self.state.plan(plan).pins.contains_key(point)
            }
            Event::MergeLanded { plan, .. } | Event::MergeFailed { plan, .. } => {
                matches!(self.state.plan(plan).merge, Merge::Running(_))
            }
            _ => true,
        }
    }

    fn forget_ask(&mut self, event: &Event) {
        let answered = match event {
            Event::WorktreeCreated { plan, .. } | Event::WorktreeRefused { plan, .. } => {
                Ask::Worktree(plan.clone())
            }
            Event::AgentStarted { attempt, .. } | Event::AgentRefused { attempt, .. } => {
                Ask::Launch(attempt.clone())
            }
            Event::AttemptChecked { attempt, .. } => Ask::Check(attempt.clone()),
            Event::VerifyPassed { plan, .. }
            | Event::VerifyFailed { plan, .. }
            | Event::VerifyStopped { plan } => {
                self.asked.remove(&Ask::StopVerification(plan.clone()));
                Ask::Verify(plan.clone())
            }
            Event::Pinned { plan, point, .. } | Event::PinRefused { plan, point, .. } => {
                Ask::Pin(plan.clone(), *point)
            }
            Event::MergeLanded { plan, .. } | Event::MergeFailed { plan, .. } => {
                self.asked.remove(&Ask::StopVerification(plan.clone()));
                Ask::Merge(plan.clone())
            }
            Event::AgentEnded { attempt, .. } => {
                self.asked.remove(&Ask::Launch(attempt.clone()));
                self.asked.remove(&Ask::Stop(attempt.clone(), false));
                Ask::Stop(attempt.clone(), true)
            }
            _ => return,
        };
        self.asked.remove(&answered);
    }

    /// What follows at once from a fact about one plan, before the plans are looked at as a whole.
    fn react(&mut self, at: At, event: &Event, step: &mut Step) {
        match event {
            Event::AgentRefused { plan, attempt, why } => {
                let (why, end) = match why {
                    LaunchTrouble::Conflict { with, files } => {
                        let hold = Hold::Conflict {
                            with: with.clone(),
                            files: files.clone(),
                        };
                        (
                            format!("it conflicts with {with}: {}", files.join(", ")),
                            Some(hold),
                        )
                    }
                    LaunchTrouble::Refused { why } => (why.clone(), Some(Hold::Refused { why: why.clone() })),
                    LaunchTrouble::Failed { why } => (why.clone(), None),
                };
                match end {
                    Some(hold) => {
                        self.fail_attempt(at, plan, attempt, &why, false, None, step);
                        let held = Event::PlanHeld {
                            plan: plan.clone(),
                            why: hold,
                        };
                        self.record(at, held, step);
                    }
                    None => self.retry_or_give_up(at, plan, attempt, &why, true, false, step),
                }
            }
            Event::VerifyFailed { plan, why } => {
                if let Some(work) = self.plan_work(plan) {
                    let failures = self.state.plan(plan).failures;
                    if failures > work.attempts.retries {
                        let held = Event::PlanHeld {
                            plan: plan.clone(),
                            why: Hold::Verification { why: why.clone() },
                        };
                        self.record(at, held, step);
                    }
                }
            }
            _ => {}
        }
    }

    fn take_report(
        &mut self,
        at: At,
        plan: &PlanName,
        items: Vec<(ItemId, TaskState, Option<String>)>,
        step: &mut Step,
    ) {
        let Some(work) = self.plan_work(plan) else {
            return;
        };
        let known: BTreeSet<_> = work.tasks().collect();
        for (task, state, note) in items {
            let before = self.state.plan(plan).item_state(&task);
            if !known.contains(&task.task) || !is_news(before, state) {
                continue;
            }
            let plan = plan.clone();
            let event = match state {
                TaskState::Running => Event::TaskStarted { plan, task },
                TaskState::Done => Event::TaskDone { plan, task, note },
                TaskState::Failed => Event::TaskFailed { plan, task, note },
                TaskState::Skipped => Event::TaskSkipped { plan, task, note },
                TaskState::Pending | TaskState::Ready => continue,
            };
            self.record(at, event, step);
        }
    }

    fn plan_work(&self, name: &PlanName) -> Option<&PlanWork> {
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
                    self.make_worktrees(step);
                }
            }
            if step.events.len() == before {
                break;
            }
        }
        self.stop_agents(step);
        self.wake_or_end(at, step);
    }

    /// Records phases whose tasks are all settled, in order.
    fn close_phases(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let run = self.state.plan(&plan.name);
        if run.phases_done.len() == plan.phases.len() {
            return;
        }
        let mut done = Vec::new();
        let mut earlier_done = true;
        for phase in &plan.phases {
            if run.phases_done.contains_key(&phase.id) {
                continue;
            }
            let settled = phase
                .tasks
                .iter()
                .all(|(task, _)| run.is_item_settled(&(*task).into()));
            // A phase without tasks has nothing to report: it is done with all that stands before it.
            if settled && (!phase.tasks.is_empty() || (earlier_done && !done.is_empty())) {
                done.push(phase.id);
            } else {
                earlier_done = false;
            }
        }
        let name = plan.name.clone();
        for phase in done {
            let event = Event::PhaseDone {
                plan: name.clone(),
                phase,
            };
            self.record(at, event, step);
        }
    }

    fn finish_attempt(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let name = plan.name.clone();
        let run = self.state.plan(&name);
        let Some(attempt) = &run.attempt else {
            return;
        };
        if matches!(attempt.stage, Stage::Ended(_)) {
            let check = Effect::Check {
                plan: name,
                attempt: attempt.id.clone(),
                since: attempt.head.clone(),
            };
            let ask = Ask::Check(attempt.id.clone());
            self.ask(ask, check, step);
            return;
        }
        let Some(verdict) = judge(plan, run, attempt) else {
            return;
        };
        let (id, phases) = (attempt.id.clone(), attempt.phases.clone());
        match verdict {
            Verdict::Done(unreported) => {
                for task in unreported {
                    let done = Event::TaskDone {
                        plan: name.clone(),
                        task: task.into(),
                        note: None,
                    };
                    self.record(at, done, step);
                }
                let done = Event::LegDone {
                    plan: name,
                    attempt: id,
                    phases,
                };
                self.record(at, done, step);
            }
            Verdict::Incomplete {
                why,
                counted,
                hopeless,
            } => {
                self.retry_or_give_up(at, &name, &id, &why, counted, hopeless, step);
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact of its own about one failure"
    )]
    fn retry_or_give_up(
        &mut self,
        at: At,
        plan: &PlanName,
        attempt: &AttemptId,
        why: &str,
        counted: bool,
        hopeless: bool,
        step: &mut Step,
    ) {
        let Some(work) = self.plan_work(plan) else {
            return;
        };
        let policy = work.attempts.clone();
        let run = self.state.plan(plan);
        let failures = run.failures + u32::from(counted);
        let give_up = hopeless || failures > policy.retries;
        let repair = run.attempt.as_ref().is_some_and(|current| current.repair);
        let delay = (!give_up).then(|| {
            let delay = if counted {
                backoff::delay(policy.backoff, failures, attempt)
            } else {
                Default::default()
            };
            u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
        });
        let tries = run.tries;
        self.fail_attempt(at, plan, attempt, why, counted, delay, step);
        if give_up {
            let why = if hopeless || tries <= 1 {
                why.to_owned()
            } else {
                format!("{why} (attempt {tries}, no retries left)")
            };
            let plan = plan.clone();
            let event = if repair {
                Event::PlanHeld {
                    plan,
                    why: Hold::Verification { why },
                }
            } else {
                Event::PlanFailed { plan, why }
            };
            self.record(at, event, step);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact of its own about one failure"
    )]
    fn fail_attempt(
        &mut self,
        at: At,
        plan: &PlanName,
        attempt: &AttemptId,
        why: &str,
        counted: bool,
        retry_in_ms: Option<u64>,
        step: &mut Step,
    ) {
        let failed = Event::AttemptFailed {
            plan: plan.clone(),
            attempt: attempt.clone(),
            why: why.to_owned(),
            retry_in_ms,
            counted,
        };
        self.record(at, failed, step);
    }

    /// A plan that waits for what will not come is skipped, naming the cause.
    fn skip_if_hopeless(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let run = self.state.plan(&plan.name);
        if !run.is_open() || run.attempt.is_some() {
            return;
        }
        let open = plan
            .phases
            .iter()
            .filter(|phase| !run.phases_done.contains_key(&phase.id));
        let mut depends = plan.depends.iter().chain(open.flat_map(|phase| &phase.depends));
        let Some(lost) = depends.find(|dependency| self.state.is_hopeless(dependency)) else {
            return;
        };
        let cause = lost.on.plan.clone();
        let what = match self.state.plan(&cause).outcome {
            Some(Outcome::Skipped(_)) => "was skipped",
            _ => "failed",
        };
        let skipped = Event::PlanSkipped {
            plan: plan.name.clone(),
            why: format!("it depends on {lost}, and {cause} {what}"),
            cause,
        };
        self.record(at, skipped, step);
    }

    fn verify_or_finish(&mut self, at: At, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let name = plan.name.clone();
        let run = self.state.plan(&name);
        let all_done = plan
            .phases
            .iter()
            .all(|phase| run.phases_done.contains_key(&phase.id));
        if !all_done || !run.is_open() || run.attempt.is_some() || run.worktree.is_none() {
            return;
        }
        match (&run.verify, plan.verify) {
            (Verify::Open, true) => {
                self.record(at, Event::VerifyStarted { plan: name.clone() }, step);
                self.ask(Ask::Verify(name.clone()), Effect::Verify { plan: name }, step);
            }
            // After a restart: it was begun, and nobody knows how it ended.
            (Verify::Running, true) => {
                self.ask(Ask::Verify(name.clone()), Effect::Verify { plan: name }, step);
            }
            (Verify::Failed, true) => {}
            (Verify::Passed(_), _) | (_, false) => {
                self.record(at, Event::PlanFinished { plan: name }, step);
            }
        }
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

    /// Gives free slots to ready plans in order.
    fn start_agents(&mut self, at: At, step: &mut Step) {
        let mut room = dispatch::Room::left(&self.work, &self.state);
        // An attempt that was assigned before a restart and never started is started now.
        let unstarted: Vec<PlanName> = self
            .state
            .plans
            .iter()
            .filter(|(_, run)| run.attempt.as_ref().is_some_and(|a| a.stage == Stage::Assigned))
            .map(|(name, _)| name.clone())
            .collect();
        for name in unstarted {
            self.launch(&name, step);
        }
        if room.slots == 0 {
            return;
        }
        let mut ready: Vec<(dispatch::Place, usize)> = Vec::new();
        for (index, plan) in self.work.plans.iter().enumerate() {
            let run = self.state.plan(&plan.name);
            if self.is_startable(plan, run, at) {
                ready.push((dispatch::place(index, plan, run), index));
            }
        }
        ready.sort();
        for (_, index) in ready {
            let plan = &self.work.plans[index];
            let run = self.state.plan(&plan.name);
            let leg = dispatch::leg(plan, run, &self.state);
            let Some(first) = leg.first() else {
                continue;
            };
            if room.refusal(&self.work, first).is_some() {
                continue;
            }
            room.take(first);
            let name = plan.name.clone();
            let sequence = u32::try_from(run.history.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            let assigned = Event::AttemptAssigned {
                plan: name.clone(),
                attempt: AttemptId::new(&name, sequence),
                number: run.tries + 1,
                agent: first.agent.clone(),
                phases: leg.iter().map(|phase| phase.id).collect(),
            };
            self.record(at, assigned, step);
            self.launch(&name, step);
        }
    }

    fn is_startable(&self, plan: &PlanWork, run: &PlanRun, at: At) -> bool {
        let has_work = dispatch::next_phase(plan, run).is_some() || run.verify == Verify::Failed;
        self.state.drives(&plan.name)
            && run.is_open()
            && run.attempt.is_none()
            && run.worktree.is_some()
            && run.retry_at.is_none_or(|due| due <= at)
            && run.verify != Verify::Running
            && has_work
            && dispatch::waits_for(plan, run, &self.state).is_empty()
    }

    fn launch(&mut self, name: &PlanName, step: &mut Step) {
        let Some(plan) = self.plan_work(name) else {
            return;
        };
        let run = self.state.plan(name);
        let Some(attempt) = &run.attempt else {
            return;
        };
        let leg: Vec<_> = attempt.phases.iter().filter_map(|id| plan.phase(*id)).collect();
        let launch = super::Launch {
            plan: name.clone(),
            attempt: attempt.id.clone(),
            number: attempt.number,
            agent: attempt.agent.clone(),
            phases: attempt.phases.clone(),
            timeout: leg.first().map_or(plan.attempts.timeout, |phase| phase.timeout),
            carry: dispatch::carried(plan, &leg, &self.state),
            after: run
                .history
                .iter()
                .rev()
                .nth(1)
                .map(|record| record.id.clone())
                .zip(run.last_failure.clone()),
        };
        let ask = Ask::Launch(attempt.id.clone());
        self.ask(ask, Effect::Launch(launch), step);
    }

    /// Worktrees are made before they are needed: for as many plans ahead as there are slots.
    fn make_worktrees(&mut self, step: &mut Step) {
        let Some(base) = self.state.run.as_ref().map(|run| run.base.clone()) else {
            return;
        };
        let mut waiting = 0;
        let mut ready: Vec<(bool, dispatch::Place, usize)> = Vec::new();
        for (index, plan) in self.work.plans.iter().enumerate() {
            let run = self.state.plan(&plan.name);
            if !run.is_open() || !self.state.drives(&plan.name) {
                continue;
            }
            match &run.worktree {
                Some(_) => {
                    waiting += usize::from(run.attempt.is_none() && run.history.is_empty());
                }
                None => {
                    let blocked = !dispatch::waits_for(plan, run, &self.state).is_empty();
                    ready.push((blocked, dispatch::place(index, plan, run), index));
                }
            }
        }
        // What could start now comes before what still waits. Two rounds of slots lie ready, so that neither a short
        // plan nor a gate that opens waits for a checkout.
        ready.sort();
        let ahead = self.work.slots.saturating_mul(2);
        for (_, _, index) in ready.into_iter().take(ahead.saturating_sub(waiting)) {
            let plan = self.work.plans[index].name.clone();
            let make = Effect::MakeWorktree {
                plan: plan.clone(),
                base: base.clone(),
            };
            self.ask(Ask::Worktree(plan), make, step);
        }
    }

    fn stop_agents(&mut self, step: &mut Step) {
        let Phase::Stopping { now } = self.state.phase else {
            return;
        };
        let running: Vec<AttemptId> = self
            .state
            .plans
            .values()
            .filter_map(|run| run.attempt.as_ref())
            .filter(|attempt| attempt.stage == Stage::Running)
            .map(|attempt| attempt.id.clone())
            .collect();
        for attempt in running {
            let stop = Effect::Stop {
                attempt: attempt.clone(),
                now,
            };
            self.ask(Ask::Stop(attempt, now), stop, step);
        }
        let verifying =
            |run: &PlanRun| run.verify == Verify::Running || matches!(run.merge, Merge::Running(_));
        let verified = self.state.plans.iter().filter(|(_, run)| verifying(run));
        for plan in verified.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            let stop = Effect::StopVerification { plan: plan.clone() };
            self.ask(Ask::StopVerification(plan), stop, step);
        }
    }

    /// Sets the timer for the next retry, or ends when nothing can happen any more without a person.
    fn wake_or_end(&mut self, at: At, step: &mut Step) {
        let stopping = matches!(self.state.phase, Phase::Stopping { .. });
        let merge_only = self
            .state
            .run
            .as_ref()
            .is_some_and(|run| run.merge_only.is_some());
        let driven = || {
            self.state
                .plans
                .iter()
                .filter(|(name, _)| self.state.drives(name))
        };
        let busy = !merge_only && driven().any(|(_, run)| run.attempt.is_some());
        let timer = driven()
            .filter(|(_, run)| run.is_open())
            .filter_map(|(_, run)| run.retry_at)
            .min();
        if let Some(due) = timer.filter(|due| *due > at && !stopping && !merge_only) {
            self.ask(Ask::Wake(due), Effect::Wake { at: due }, step);
            return;
        }
        let waiting = self
            .asked
            .iter()
            .any(|ask| !matches!(ask, Ask::Wake(_) | Ask::End | Ask::StopVerification(_)));
        if busy || waiting {
            return;
        }
        let settled = self.work.plans.iter().all(|plan| {
            let run = self.state.plan(&plan.name);
            !self.state.drives(&plan.name)
                || matches!(
                    run.outcome,
                    Some(Outcome::Finished | Outcome::Failed(_) | Outcome::Skipped(_))
                )
        });
        let (event, ending) = if stopping {
            let why = "a person asked to stop".to_owned();
            (Event::RunStopped { why, resume: true }, Ending::Interrupted)
        } else if merge_only {
            let why = "nothing is left to merge".to_owned();
            (Event::RunStopped { why, resume: true }, Ending::Settled)
        } else if settled {
            let troubled = driven().any(|(_, run)| {
                !matches!(run.outcome, Some(Outcome::Finished)) || is_trouble(run.merge_trouble.as_ref())
            });
            let ending = if troubled {
                Ending::NeedsPerson
            } else {
                Ending::Settled
            };
            (Event::RunSettled {}, ending)
        } else {
            let why = "what is left needs a person".to_owned();
            (Event::RunStopped { why, resume: false }, Ending::NeedsPerson)
        };
        if self.asked.insert(Ask::End) {
            self.state.apply(at, &event);
            step.events.push(event);
            step.effects.push(Effect::End(ending));
        }
    }

    fn ask(&mut self, ask: Ask, effect: Effect, step: &mut Step) {
        if self.asked.insert(ask) {
            step.effects.push(effect);
        }
    }
}

fn is_trouble(trouble: Option<&MergeTrouble>) -> bool {
    match trouble {
        Some(
            MergeTrouble::Conflict { .. } | MergeTrouble::Verification { .. } | MergeTrouble::Refused { .. },
        ) => true,
        Some(MergeTrouble::Waits { .. } | MergeTrouble::NotFinished { .. }) | None => false,
    }
}

/// A report changes what is known when it says more: nothing takes back that a task is done but the word that it
/// failed, since marking work done that is not is the greater harm.
fn is_news(before: TaskState, now: TaskState) -> bool {
    match (before, now) {
        (_, TaskState::Pending | TaskState::Ready) => false,
        (TaskState::Done | TaskState::Skipped, TaskState::Running) => false,
        (TaskState::Done, TaskState::Skipped) => false,
        (before, now) => before != now,
    }
}
