//! The loop: collect messages, let the scheduler decide, record the decision, perform it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::journal::{Record, Sync};
use crate::plan::{LaneId, PlanName};
use crate::schedule::{At, AttemptState, Effect, Ending, Event, Input, PersonFact};

use crate::supervisor::control::merge_request::MergeRequests;
use crate::supervisor::control::socket::Conversations;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::desk::observer::Observer;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::tell::delivery::{brings_mail, deliver};
use crate::supervisor::tell::gates::ToldGates;
use crate::supervisor::tell::notes;
use crate::supervisor::tell::notifier::Notifier;
use crate::supervisor::watch::attached;
use crate::supervisor::watch::conflict_watch::{ConflictWatch, may_move_a_head};
use crate::supervisor::watch::displaced::TargetWatch;
use crate::supervisor::watch::hand_landings::HandLandingsWatch;
use crate::supervisor::watch::live_edit::ManifestWatch;
use crate::supervisor::watch::obstacles::ObstacleWatch;
use crate::supervisor::watch::slow_git::SlowGit;
use crate::supervisor::watch::stray_writes::StrayWrites;
use crate::supervisor::work::land_gate::LandGate;
use crate::supervisor::work::runners::Runners;
use crate::supervisor::work::status_feed::{Reports, note_now};
use crate::supervisor::work::verifying::Verifying;
use crate::supervisor::work::worktree_queue::WorktreeQueue;
use crate::words::complete;

/// The desk, and the parts that work on it.
pub(super) struct Engine<'o> {
    pub(super) desk: Desk,
    pub(super) observer: &'o mut dyn Observer,
    pub(super) inbox: mpsc::UnboundedReceiver<EngineMessage>,
    pub(super) conversations: Conversations,
    pub(super) wake: Option<At>,
    pub(super) ending: Option<Ending>,
    pub(super) interrupts: u32,
    /// True when the landed work fails its verification in a fresh worktree.
    pub(super) red: bool,
    pub(super) requests: MergeRequests,
    pub(super) runners: Runners,
    pub(super) reports: Reports,
    pub(super) worktree_queue: WorktreeQueue,
    pub(super) verifying: Verifying,
    /// The current landing, or the last one.
    pub(super) landing: Option<Arc<LandGate>>,
    pub(super) gates: ToldGates,
    pub(super) notifier: Option<Notifier>,
    pub(super) stray_writes: StrayWrites,
    pub(super) manifest: ManifestWatch,
    pub(super) conflicts: ConflictWatch,
    pub(super) hand_landings: HandLandingsWatch,
    pub(super) target: TargetWatch,
    pub(super) obstacles: ObstacleWatch,
    pub(super) slow_git: SlowGit,
}

impl Engine<'_> {
    /// Runs until nothing is left to do without a person.
    pub(super) async fn run(&mut self) -> Result<Ending, SupervisorError> {
        loop {
            if let Some(ending) = self.ending {
                return Ok(ending);
            }
            let message = match self.wake {
                None => self.inbox.recv().await,
                Some(due) => tokio::select! {
                    message = self.inbox.recv() => message,
                    () = tokio::time::sleep(self.desk.clock.until(due)) => {
                        self.wake = None;
                        Some(EngineMessage::Input(Input::Wake))
                    }
                },
            };
            // The sender lives in this struct, so the channel cannot close.
            let mut messages: Vec<EngineMessage> = message.into_iter().collect();
            while let Ok(more) = self.inbox.try_recv() {
                messages.push(more);
            }
            let mut inputs = Vec::new();
            for message in messages {
                self.translate(message, &mut inputs)?;
            }
            if !inputs.is_empty() {
                self.handle(inputs)?;
            }
        }
    }

    /// Decides, records, announces, performs.
    pub(super) fn handle(&mut self, inputs: Vec<Input>) -> Result<(), SupervisorError> {
        let now = self.desk.clock.now();
        let (mut events, mut effects) = (Vec::new(), Vec::new());
        for input in inputs {
            let mut step = self.desk.scheduler.handle(now, input);
            complete(&mut step.events, &self.desk.scheduler);
            events.extend(step.events);
            effects.extend(step.effects);
        }
        // Recorded before anything is done about it.
        let records = self
            .desk
            .journal
            .append(now, self.desk.run, &events, Sync::Process)?;
        let mark = self.desk.journal.mark();
        let launches = |effect: &Effect| matches!(effect, Effect::Launch(_));
        if effects.iter().any(launches) {
            let (mark, sender) = (mark.clone(), self.desk.sender.clone());
            // Begun now, in parallel to notices and preparations: the start of an agent waits for it on
            // its own thread.
            tokio::task::spawn_blocking(move || {
                if let Err(error) = mark.reach() {
                    let _ = sender.send(EngineMessage::JournalFailed(error));
                }
            });
        }
        self.announce(&records);
        for effect in effects {
            if effect.must_not_repeat() && !launches(&effect) {
                mark.reach()?;
            }
            self.perform(effect)?;
        }
        Ok(())
    }

    /// Informs requests, observers and hooks.
    pub(super) fn announce(&mut self, records: &[Record]) {
        let desk = &self.desk;
        for record in records {
            self.worktree_queue.stop(desk, &record.event);
            self.requests.hear(&record.event);
            match &record.event {
                Event::MergeStarted { .. } | Event::MergeFailed { .. } => self.stray_writes.forget(),
                Event::MergeLanded(landed) => {
                    notes::write(desk, vec![(landed.plan.clone(), landed.commit.clone())]);
                    self.stray_writes.forget();
                    self.stray_writes.look_beside(desk);
                }
                Event::WorktreeCreated { plan, lane, path, .. } => {
                    self.reports
                        .watch(desk, &LaneId::new(plan, *lane), Path::new(path));
                }
                Event::Person(PersonFact::AttachBegan(began)) => {
                    attached::follow(desk, &began.plan, began.pid);
                }
                event => {
                    if let Some(plan) = brings_mail(event) {
                        deliver(desk, plan);
                    }
                }
            }
        }
        if records.iter().any(|record| may_move_a_head(&record.event)) {
            self.conflicts.look(desk);
        }
        self.requests.finish(desk.scheduler.state());
        self.gates.tell(desk, records);
        if let Some(notifier) = &self.notifier {
            notifier.tell(desk, records);
        }
        if !records.is_empty() {
            self.observer.recorded(records, &desk.scheduler);
        }
    }

    /// Reads an agent's reports that nobody has read yet.
    pub(super) fn read_status_now(&mut self, lane: &LaneId) -> Result<(), SupervisorError> {
        let records = note_now(&mut self.desk, lane)?;
        self.announce(&records);
        Ok(())
    }

    /// Reads a person's reports in a plan's own worktree, and in the one that a person has left, while no agent works there.
    pub(super) fn hear_people(&mut self, plan: &PlanName) -> Result<(), SupervisorError> {
        let hands = &self.desk.scheduler.state().plan(plan).hands;
        let there = hands.attached.as_ref().map(|attached| attached.lane);
        let left = hands.left.iter().copied();
        let lanes: BTreeSet<u32> = left.chain(there).chain([0]).collect();
        for lane in lanes {
            let run = self.desk.scheduler.state().plan(plan);
            let attempt = run.attempts.get(&lane);
            let checked = attempt.is_none_or(|attempt| matches!(attempt.state, AttemptState::Checked(..)));
            if run.worktrees.contains_key(&lane) && checked {
                self.read_status_now(&LaneId::new(plan, lane))?;
            }
        }
        Ok(())
    }
}
