//! The scheduler: `handle(at, input)` takes a fact, decides, and returns what to record and what to do.
//!
//! The scheduler has no clock and performs nothing itself. Its decisions are recorded as events too, and state changes only
//! through [`State::apply`]. So a replay of the recorded events gives the same state, even if the rules for decisions have
//! changed since. Requested effects without an answer are kept outside the state. After a replay nothing counts as
//! requested, so everything that is still missing is requested again.

use std::collections::{BTreeMap, BTreeSet};

use super::capacity::{change_width, look_at_machine};
use super::ending::{stop_agents, stop_unwanted, stop_unwanted_verification, wake_or_end};
use crate::plan::{AttemptId, CommitId, Document, ItemId, PhaseId, PlanName, Statement};
use crate::schedule::attempts::budget::stop_broke;
use crate::schedule::attempts::closing::{close_phases, leave_out};
use crate::schedule::attempts::completion::{finish_attempts, react, verify_or_finish};
use crate::schedule::attempts::integrating::integrate;
use crate::schedule::attempts::losing::skip_hopeless;
use crate::schedule::attempts::stall::{take_signs, watch};
use crate::schedule::attempts::starting::{make_worktrees, refresh, start_agents};
use crate::schedule::attempts::taking_over::take_over_limited;
use crate::schedule::board::answers::{forget_ask, is_current};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::orch_message::Wording;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::merge_facts::Prefix;
use crate::schedule::event::notice::Signs;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::explain::escalating::escalate;
use crate::schedule::judge::added::added;
use crate::schedule::judge::by_hand::take_work_by_hand;
use crate::schedule::judge::reporting::{Heard, take_report};
use crate::schedule::judge::ticks::{new_ticks, note_ticks};
use crate::schedule::merge::merging::{first_phases, land, take_answer, train_places};
use crate::schedule::merge::pinning::pin_what_is_waited_for;
use crate::schedule::merge::resolver::start_resolvers;
use crate::schedule::merge::resolver_watch::{
    parked_resolver, stop_unwanted_resolvers, watch_resolvers, with_its_reason,
};
use crate::schedule::merge::unions::{look_at_heads, take_union, try_unions};
use crate::schedule::ready::invariants::{self, BrokenRule};
use crate::schedule::ready::standing::Standing;
use crate::schedule::state::known::{RunPhase, State};
use crate::schedule::train::early::{Heads, UnionSaid};
use crate::schedule::train::{BuildId, TrainAnswer, TrainPlace};
use crate::schedule::work::machine::Machine;
use crate::schedule::work::plans::Work;

/// An input of the scheduler.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A fact.
    Event(Event),
    /// Reports from a status file or ticked boxes. Known reports change nothing.
    Reported {
        /// The plan.
        plan: PlanName,
        /// Lane of the worktree that the reports came from; 0 is the plan's own.
        lane: u32,
        /// The report on each task or sub-task.
        said: Vec<Statement>,
        /// The worktree's commit.
        head: Option<CommitId>,
    },
    /// The signs of life of an attempt.
    Signs {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// The signs of life.
        signs: Signs,
    },
    /// The answer to an order of the merge train.
    Train(TrainAnswer),
    /// The tips of branches.
    Heads(Heads),
    /// The verdict on branches that were merged and verified together.
    Union(BuildId, UnionSaid),
    /// The machine's current load.
    Machine(Machine),
    /// Nothing happened except that time passed.
    Wake,
}

/// The deterministic core: takes one input, returns events and effects.
#[derive(Debug, Clone)]
pub struct Scheduler {
    pub(in crate::schedule) board: Board,
}

impl Scheduler {
    /// Creates a scheduler for this work, before any event.
    pub fn new(work: Work) -> Self {
        Self {
            board: Board::new(work),
        }
    }

    /// Sets the words for messages that `orch` writes to agents.
    pub fn word_messages(&mut self, wording: Wording) {
        self.board.wording = wording;
    }

    /// Sets whether the run continues while it waits only for a person. By default it ends.
    pub fn stay(&mut self, stays: bool) {
        self.board.stays = stays;
    }

    /// Returns the work to schedule.
    pub fn work(&self) -> &Work {
        &self.board.work
    }

    /// Returns the current state.
    pub fn state(&self) -> &State {
        &self.board.state
    }

    /// Sets the machine's load without deciding anything, for readers.
    pub fn see_machine(&mut self, machine: Machine) {
        self.board.work.machine = machine;
    }

    /// Returns the train's target if it is not the run's, and the place of each plan in the train.
    pub fn train_places(&self) -> (Option<String>, Vec<TrainPlace>) {
        train_places(&self.board)
    }

    /// Applies recorded events without deciding anything.
    pub fn replay<'a>(&mut self, events: impl IntoIterator<Item = (At, &'a Event)>) {
        self.board.replay(events);
    }

    /// Lets time pass without deciding anything, for readers.
    pub fn observe(&mut self, now: At) {
        self.board.state.now = self.board.state.now.max(now);
    }

    /// Applies a fact that was missed, without deciding anything. Returns true when the fact is new and must be recorded. A
    /// fact that nothing waits for changes nothing.
    #[must_use]
    pub fn take(&mut self, at: At, event: &Event) -> bool {
        let current = is_current(&self.board, event);
        if current {
            self.board.apply(at.max(self.board.state.now), event);
        }
        current
    }

    /// Applies reports that arrived while no supervisor ran, without deciding anything. Returns the new events, which must
    /// be recorded.
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
        let at = at.max(self.board.state.now);
        take_report(&mut self.board, at, plan, heard, &mut step);
        step.events
    }

    /// Returns the events that reopen done plans, phases and units after tasks or VERIFY blocks were added to them. Call
    /// this once the plans of a run are known. The events are findings, not decisions.
    ///
    /// `before` returns the document of a plan as the last run read it. It is needed because the parts of a task may never
    /// have been reported.
    pub fn added<'a>(&self, before: &dyn Fn(&PlanName) -> Option<&'a Document>) -> Vec<Event> {
        added(&self.board, before)
    }

    /// Returns, by plan, the boxes that were ticked since the documents were last read. For plans that have not started,
    /// returns all ticked boxes.
    pub fn new_ticks(&self) -> BTreeMap<PlanName, BTreeSet<ItemId>> {
        new_ticks(&self.board)
    }

    /// Records the boxes that were ticked in documents of started plans since these were last read. Call this once the plans
    /// of a run are known. `brought` are boxes that a landing ticked: no person ticked these.
    pub fn note_ticks(&mut self, at: At, brought: &BTreeMap<PlanName, BTreeSet<ItemId>>) -> Vec<Event> {
        note_ticks(&mut self.board, at, brought)
    }

    /// Returns the first phases of a plan that a merge up to a phase would land, or `None` while their commit is being
    /// determined.
    ///
    /// # Errors
    ///
    /// Returns an error when no phases can land, and why.
    pub fn first_phases(&self, plan: &PlanName, up_to: PhaseId) -> Result<Option<Prefix>, MergeTrouble> {
        first_phases(&self.board, plan, up_to)
    }

    /// Takes one input and decides what follows.
    pub fn handle(&mut self, at: At, input: Input) -> Step {
        let at = at.max(self.board.state.now);
        self.board.state.now = at;
        let mut step = Step::default();
        match input {
            Input::Event(event) => {
                if is_current(&self.board, &event) {
                    let event = with_its_reason(&self.board, event);
                    let parked = parked_resolver(&self.board, at, &event);
                    forget_ask(&mut self.board, &event);
                    self.board.record(at, event.clone(), &mut step);
                    react(&mut self.board, at, &event, &mut step);
                    if let Some(parked) = parked {
                        self.board.record(at, parked, &mut step);
                    }
                }
            }
            Input::Reported {
                plan,
                lane,
                said,
                head,
            } => take_report(&mut self.board, at, &plan, Heard { lane, head, said }, &mut step),
            Input::Signs { plan, attempt, signs } => {
                take_signs(&mut self.board, at, &plan, &attempt, &signs, &mut step)
            }
            Input::Train(answer) => take_answer(&mut self.board, at, answer, &mut step),
            Input::Heads(heads) => look_at_heads(&mut self.board, heads),
            Input::Union(build, said) => take_union(&mut self.board, at, build, said, &mut step),
            Input::Machine(machine) => look_at_machine(&mut self.board, machine),
            // The shell keeps only one timer, the earliest requested. When it has fired, later ones are requested again.
            Input::Wake => self.board.asked.retain(|ask| !matches!(ask, Ask::Wake(_))),
        }
        if matches!(
            self.board.state.phase,
            RunPhase::Driving | RunPhase::Stopping { .. }
        ) {
            self.decide(at, &mut step);
        }
        if cfg!(debug_assertions) {
            invariants::check(&self.board.work, &self.board.state).expect("the rules of the schedule hold");
            let events = step
                .events
                .iter()
                .filter_map(|event| self.board.state.number(event.plan()?));
            for number in events.collect::<BTreeSet<usize>>() {
                let now = || Standing::new(&self.board.work.plans[number], &self.board.state.plans[number]);
                let kept = self.board.frontier.standing[number].as_ref();
                if kept.is_some_and(|kept| !kept.is_like(&now())) {
                    let broken = BrokenRule::UnitIndex(self.board.work.plans[number].name.clone());
                    panic!("{broken:?}");
                }
            }
        }
        step
    }

    /// Examines every plan with news until no more news follow.
    fn decide(&mut self, at: At, step: &mut Step) {
        let stopping = matches!(self.board.state.phase, RunPhase::Stopping { .. });
        let merge_only = self.board.is_merge_only();
        self.board.frontier.ring(at);
        loop {
            while let Some(plan) = self.board.frontier.dirty.pop_first() {
                if merge_only || !self.board.state.drives(&self.board.work.plans[plan].name) {
                    continue;
                }
                self.look_at_plan(at, plan, stopping, step);
            }
            if !stopping {
                land(&mut self.board, at, step);
                start_resolvers(&mut self.board, at, step);
                stop_unwanted_resolvers(&mut self.board, step);
                if !merge_only {
                    change_width(&mut self.board, at, step);
                    start_agents(&mut self.board, at, step);
                }
            }
            if self.board.frontier.dirty.is_empty() {
                break;
            }
        }
        if !stopping && !merge_only {
            make_worktrees(&mut self.board, step);
        }
        try_unions(&mut self.board, step, stopping || merge_only);
        stop_agents(&mut self.board, at, step);
        watch_resolvers(&mut self.board, at, step);
        wake_or_end(&mut self.board, at, step);
    }

    /// Applies all policies to one plan that has news, or whose dependencies have news.
    fn look_at_plan(&mut self, at: At, plan: usize, stopping: bool, step: &mut Step) {
        if std::mem::take(&mut self.board.standing(plan).news) {
            leave_out(&mut self.board, at, plan, step);
            close_phases(&mut self.board, at, plan, step);
        }
        finish_attempts(&mut self.board, at, plan, step);
        integrate(&mut self.board, plan, step);
        take_work_by_hand(&mut self.board, at, plan, step);
        stop_unwanted(&mut self.board, at, plan, step);
        stop_broke(&mut self.board, at, plan, step);
        if !stopping {
            skip_hopeless(&mut self.board, at, plan, step);
            verify_or_finish(&mut self.board, at, plan, step);
            // This comes last, so that a verification from before a restart can be stopped.
            stop_unwanted_verification(&mut self.board, plan, step);
        }
        take_over_limited(&mut self.board, at, plan, step);
        pin_what_is_waited_for(&mut self.board, plan, step);
        let alarms = [
            watch(&mut self.board, at, plan, step),
            escalate(&mut self.board, at, plan, step),
        ];
        let alarm = alarms.into_iter().flatten().min().filter(|_| !stopping);
        self.board.frontier.alarms.set(plan, alarm);
        refresh(&mut self.board, at, plan);
    }
}
