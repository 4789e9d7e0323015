//! The scheduler: `handle(at, input)` takes facts in, decides, and says what to record and what to do.
//!
//! It has no clock and does nothing itself. What it decides is recorded as events too, and state changes through
//! [`State::apply`] alone, so a replay of the recorded events gives the same state, whatever the rules of deciding
//! have become since. Effects that were asked for and not answered are remembered outside the state: after a replay
//! nothing has been asked, so whatever is still missing is asked for again.

use std::collections::{BTreeMap, BTreeSet};

use super::ending::{stop_agents, stop_unwanted, stop_unwanted_verification, wake_or_end};
use crate::plan::{AttemptId, CommitId, Document, ItemId, PhaseId, PlanName, Statement};
use crate::schedule::attempts::budget::stop_broke;
use crate::schedule::attempts::closing::{close_phases, leave_out};
use crate::schedule::attempts::completion::{finish_attempts, react, verify_or_finish};
use crate::schedule::attempts::integrating::integrate;
use crate::schedule::attempts::losing::skip_hopeless;
use crate::schedule::attempts::stall::{take_signs, watch};
use crate::schedule::attempts::starting::{look_at_machine, make_worktrees, refresh, start_agents};
use crate::schedule::attempts::taking_over::take_over_limited;
use crate::schedule::board::answers::{forget_ask, is_current};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
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
use crate::schedule::ready::invariants;
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
    /// The statements of a status file or ticked boxes; known statements change nothing.
    Reported {
        /// The plan.
        plan: PlanName,
        /// The worktree in which it was said; 0 is the plan's own.
        lane: u32,
        /// The statement on each task or sub-task.
        said: Vec<Statement>,
        /// Where the worktree stands.
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
    /// Where branches stand.
    Heads(Heads),
    /// The verdict on branches that were tried together.
    Union(BuildId, UnionSaid),
    /// How hard the machine is at work.
    Machine(Machine),
    /// Nothing happened but time.
    Wake,
}

/// The deterministic core: one input in, events and effects out.
#[derive(Debug, Clone)]
pub struct Scheduler {
    pub(in crate::schedule) board: Board,
}

impl Scheduler {
    /// A scheduler for this work, before any event.
    pub fn new(work: Work) -> Self {
        Self {
            board: Board::new(work),
        }
    }

    /// Whether the run goes on while only a person is missing; without a word it ends then.
    pub fn stay(&mut self, stays: bool) {
        self.board.stays = stays;
    }

    /// What is to be scheduled.
    pub fn work(&self) -> &Work {
        &self.board.work
    }

    /// What is known.
    pub fn state(&self) -> &State {
        &self.board.state
    }

    /// Takes in how hard the machine is at work, for those who only look.
    pub fn see_machine(&mut self, machine: Machine) {
        self.board.work.machine = machine;
    }

    /// Where the train goes, when not to the run's target, and where each plan on its way stands.
    pub fn train_places(&self) -> (Option<String>, Vec<TrainPlace>) {
        train_places(&self.board)
    }

    /// Takes in recorded events without deciding anything.
    pub fn replay<'a>(&mut self, events: impl IntoIterator<Item = (At, &'a Event)>) {
        self.board.replay(events);
    }

    /// Lets time pass without deciding anything, for readers.
    pub fn observe(&mut self, now: At) {
        self.board.state.now = self.board.state.now.max(now);
    }

    /// Takes in one fact that was missed, without deciding anything. True when it is news, and to be recorded; a fact
    /// that nobody waits for changes nothing.
    #[must_use]
    pub fn take(&mut self, at: At, event: &Event) -> bool {
        let current = is_current(&self.board, event);
        if current {
            self.board.apply(at.max(self.board.state.now), event);
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
        let at = at.max(self.board.state.now);
        take_report(&mut self.board, at, plan, heard, &mut step);
        step.events
    }

    /// What opens again plans, phases and units that were done when tasks or VERIFY blocks were added to them. To be asked
    /// once the plans of a run are known; not decided, but found.
    ///
    /// `before` gives the document of a plan as the last run read it: of parts of a task nobody need have said anything.
    pub fn added<'a>(&self, before: &dyn Fn(&PlanName) -> Option<&'a Document>) -> Vec<Event> {
        added(&self.board, before)
    }

    /// Boxes that are ticked now and were not when the documents were looked at last, by plan. Of plans that have not begun,
    /// all that are ticked.
    pub fn new_ticks(&self) -> BTreeMap<PlanName, BTreeSet<ItemId>> {
        new_ticks(&self.board)
    }

    /// Takes in the boxes that were ticked in documents of plans that have begun, since these were looked at last; to be asked
    /// once the plans of a run are known. `brought` are those that came with a landing: no person has ticked these.
    pub fn note_ticks(&mut self, at: At, brought: &BTreeMap<PlanName, BTreeSet<ItemId>>) -> Vec<Event> {
        note_ticks(&mut self.board, at, brought)
    }

    /// The first phases of a plan that a merge up to a phase would be about; none while the commit is being looked for.
    ///
    /// # Errors
    ///
    /// Why there are none that could land.
    pub fn first_phases(&self, plan: &PlanName, up_to: PhaseId) -> Result<Option<Prefix>, MergeTrouble> {
        first_phases(&self.board, plan, up_to)
    }

    /// Takes one input in and decides what follows.
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
            // The shell keeps one timer, the earliest that was asked for: when it has rung, later ones are asked for
            // again.
            Input::Wake => self.board.asked.retain(|ask| !matches!(ask, Ask::Wake(_))),
        }
        if matches!(
            self.board.state.phase,
            RunPhase::Driving | RunPhase::Stopping { .. }
        ) {
            self.decide(at, &mut step);
        }
        if cfg!(debug_assertions) {
            invariants::check(&self.board.work, &self.board.state);
            let events = step
                .events
                .iter()
                .filter_map(|event| self.board.state.number(event.plan()?));
            for number in events.collect::<BTreeSet<usize>>() {
                let now = || Standing::new(&self.board.work.plans[number], &self.board.state.plans[number]);
                let kept = self.board.frontier.standing[number].as_ref();
                assert!(
                    kept.is_none_or(|kept| kept.is_like(&now())),
                    "{}: the index of units is out of step with the state",
                    self.board.work.plans[number].name
                );
            }
        }
        step
    }

    /// Looks at every plan about which something is new, until nothing new follows.
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

    /// Everything that follows for one plan from what is new about it or about what it waits for.
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
            // After it, so that a verification that began before a restart can be stopped.
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
