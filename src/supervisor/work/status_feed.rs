//! Agents' reports, from their folders to the scheduler.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tokio::sync::mpsc;

use crate::git::head_of;
use crate::journal::{Record, Sync};
use crate::plan::{AttemptId, LaneId, PlanName};
use crate::schedule::{Event, Input};
use crate::status::{self, OutboxLine, Watcher};

use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::{EngineMessage, LaneReading};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::committed_document;

/// The reports read so far, so that each is handled once.
pub struct Reports {
    watcher: Watcher,
    /// The warnings, by plan.
    warnings: BTreeMap<PlanName, Vec<String>>,
    /// Ids of messages from outboxes that were already sent.
    posted: BTreeSet<String>,
}

impl Reports {
    /// A feed that watches nothing yet. Hints are sent as messages.
    pub fn new(sender: mpsc::UnboundedSender<EngineMessage>) -> Self {
        Self {
            watcher: Watcher::new(move |lane| {
                let _ = sender.send(EngineMessage::StatusHint(lane));
            }),
            warnings: BTreeMap::new(),
            posted: BTreeSet::new(),
        }
    }

    /// Watches the files in which an agent in a worktree reports.
    pub fn watch(&self, desk: &Desk, lane: &LaneId, worktree: &Path) {
        self.watcher.watch(lane, worktree);
        let file = desk
            .project
            .plan(&lane.plan)
            .and_then(|known| known.file.as_deref());
        // An uncommitted document is not in the worktree, so there is nothing to watch.
        if let Some(document) = committed_document(&desk.project, file, worktree)
            && document.is_file()
        {
            self.watcher.watch_document(lane, &document);
        }
    }

    /// Watches every worktree in which an agent is at work.
    pub fn watch_all(&self, desk: &Desk) {
        let open = desk.scheduler.state().open_attempts();
        let lanes: Vec<LaneId> = open.map(|(plan, lane, _)| LaneId::new(plan, lane)).collect();
        for lane in lanes {
            let worktree = desk.worktree(&lane);
            self.watch(desk, &lane, &worktree);
            read_later(desk, lane);
        }
    }

    /// The new messages in a worktree's outbox.
    pub fn unsent(&mut self, worktree: &Path) -> Vec<OutboxLine> {
        let mut waiting = status::outbox(worktree);
        // Messages that are being removed may still be there.
        waiting.retain(|message| self.posted.insert(message.id.clone()));
        waiting
    }

    /// Handles the reports that were read.
    pub fn take(&mut self, desk: &Desk, lane: LaneId, found: LaneReading, inputs: &mut Vec<Input>) {
        let LaneReading {
            reading,
            head,
            attempt,
        } = found;
        if attempt != last_attempt(desk, &lane) {
            read_later(desk, lane);
            return;
        }
        let LaneId { plan, lane } = lane;
        let said = self.warnings.entry(plan.clone()).or_default();
        for why in reading.warnings {
            // Reported once, not after every reading.
            if !said.contains(&why) {
                said.push(why.clone());
                inputs.push(Input::Event(Event::warning(Some(plan.clone()), why)));
            }
        }
        inputs.push(Input::Reported {
            plan,
            lane,
            said: reading.items,
            head,
        });
    }
}

/// Prepares a reading of the agent's reports, and of the worktree's commit before that.
pub fn reading(desk: &Desk, lane: &LaneId) -> impl FnOnce() -> LaneReading + Send + 'static + use<> {
    let (project, worktree, plan) = (desk.project.clone(), desk.worktree(lane), lane.plan.clone());
    let run = desk.scheduler.state().plan(&plan);
    let attempt = run.attempts.get(&lane.lane);
    let of = last_attempt(desk, lane);
    // For an attempt that is about to start, orch changes the worktree before it records the attempt's commit.
    let starts = attempt.is_some_and(|attempt| attempt.head.is_none());
    let begun = attempt.map_or_else(|| run.made.clone(), |attempt| attempt.head.clone());
    let begun = begun.or_else(|| run.worktree().map(|made| made.base.clone()));
    move || {
        // The commit is read first: a report that is read later may be about a newer commit, never the reverse.
        let head = head_of(&worktree).ok();
        let reading = project.plan(&plan).map(|known| {
            let committed = committed_document(&project, known.file.as_deref(), &worktree);
            let committed = committed.filter(|_| !starts);
            let target = || project.repo.branch_tip(&project.target).ok().flatten();
            let by_others = || {
                let inside = committed
                    .as_ref()
                    .and_then(|file| file.strip_prefix(&worktree).ok());
                let from = begun.iter().cloned().chain(target());
                let texts = from.filter_map(|commit| project.repo.text_at(&commit, inside?));
                texts
                    .flat_map(|text| status::new_ticks(&text, &known.document))
                    .collect()
            };
            status::read_new(
                &worktree,
                &plan,
                &known.document,
                committed.as_deref(),
                &by_others,
            )
        });
        LaneReading {
            reading: reading.unwrap_or_default(),
            head,
            attempt: of,
        }
    }
}

fn last_attempt(desk: &Desk, lane: &LaneId) -> Option<AttemptId> {
    let run = desk.scheduler.state().plan(&lane.plan);
    run.attempts.get(&lane.lane).map(|attempt| attempt.id.clone())
}

/// Reads the reports, on a thread of its own.
pub fn read_later(desk: &Desk, lane: LaneId) {
    let read = reading(desk, &lane);
    desk.in_background(move || EngineMessage::StatusRead(lane, read()));
}

/// Records an agent's reports that nobody has read yet.
pub fn note_now(desk: &mut Desk, lane: &LaneId) -> Result<Vec<Record>, SupervisorError> {
    let LaneReading { reading, head, .. } = reading(desk, lane)();
    let now = desk.clock.now();
    let events = desk
        .scheduler
        .note(now, &lane.plan, lane.lane, reading.items, head);
    Ok(desk.journal.append(now, desk.run, &events, Sync::Disk)?)
}
