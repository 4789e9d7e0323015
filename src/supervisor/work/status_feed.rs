//! What agents report, from their folders to the scheduler.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::git::head_of;
use crate::journal::Sync;
use crate::plan::{AttemptId, CommitId, LaneId, PlanName};
use crate::schedule::{Event, Input, Stage};
use crate::status;

use crate::supervisor::desk::message::Message;
use crate::supervisor::drive::engine::Engine;
use crate::supervisor::project::campaign::committed_document;
use crate::supervisor::project::error::SupervisorError;

/// What agents' folders were found to say, so that it is taken up once.
#[derive(Debug, Default)]
pub(in crate::supervisor) struct Heard {
    /// What is wrong there, by plan.
    pub(in crate::supervisor) warnings: BTreeMap<PlanName, Vec<String>>,
    /// Messages out of outboxes that were passed on.
    pub(in crate::supervisor) posted: BTreeSet<String>,
}

/// What was found in one look at a worktree.
#[derive(Debug)]
pub(in crate::supervisor) struct LaneReading {
    /// What is reported there.
    pub reading: status::Reading,
    /// Its commit, when it could be read.
    pub head: Option<CommitId>,
    /// The last attempt there when the look began.
    attempt: Option<AttemptId>,
}

impl Engine<'_> {
    /// Watches the places where an agent in a worktree reports.
    pub(in crate::supervisor) fn watch(&self, lane: &LaneId, worktree: &Path) {
        self.watcher.watch(lane, worktree);
        let file = self
            .campaign
            .plan(&lane.plan)
            .and_then(|known| known.file.as_deref());
        // A document that was not committed is not in the worktree, and nothing there is worth watching.
        if let Some(document) = committed_document(&self.campaign, file, worktree)
            && document.is_file()
        {
            self.watcher.watch_document(lane, &document);
        }
    }

    /// Watches every worktree in which an agent is at work.
    pub(in crate::supervisor) fn watch_all(&mut self) {
        let open = self.scheduler.state().open_attempts();
        let lanes: Vec<LaneId> = open.map(|(plan, lane, _)| LaneId::new(plan, lane)).collect();
        for lane in lanes {
            let worktree = self.worktree(&lane);
            self.watch(&lane, &worktree);
            self.read_status_later(lane);
        }
    }

    /// A look at what an agent reported, and at where its worktree stood before that.
    pub(in crate::supervisor) fn reading(
        &self,
        lane: &LaneId,
    ) -> impl FnOnce() -> LaneReading + Send + 'static + use<> {
        let (campaign, worktree, plan) = (self.campaign.clone(), self.worktree(lane), lane.plan.clone());
        let run = self.scheduler.state().plan(&plan);
        let attempt = run.attempts.get(&lane.lane);
        let of = self.last_attempt(lane);
        // What orch brings into a worktree for an attempt that is about to begin lies there before its commit does.
        let starts = attempt.is_some_and(|attempt| attempt.head.is_none());
        let begun = attempt.map_or_else(|| run.made.clone(), |attempt| attempt.head.clone());
        let begun = begun.or_else(|| run.worktree().map(|made| made.base.clone()));
        move || {
            // What is said after this look may be about commits that it did not see, never the other way round.
            let head = head_of(&worktree).ok();
            let reading = campaign.plan(&plan).map(|known| {
                let committed = committed_document(&campaign, known.file.as_deref(), &worktree);
                let committed = committed.filter(|_| !starts);
                let target = || campaign.repo.branch_tip(&campaign.target).ok().flatten();
                let by_others = || {
                    let inside = committed
                        .as_ref()
                        .and_then(|file| file.strip_prefix(&worktree).ok());
                    let from = begun.iter().cloned().chain(target());
                    let texts = from.filter_map(|commit| campaign.repo.text_at(&commit, inside?));
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

    fn last_attempt(&self, lane: &LaneId) -> Option<AttemptId> {
        let run = self.scheduler.state().plan(&lane.plan);
        run.attempts.get(&lane.lane).map(|attempt| attempt.id.clone())
    }

    pub(in crate::supervisor) fn read_status_later(&self, lane: LaneId) {
        let read = self.reading(&lane);
        self.in_background(move || Message::StatusRead(lane, read()));
    }

    /// Reads what an agent reported while nobody listened.
    pub(in crate::supervisor) fn read_status_now(&mut self, lane: &LaneId) -> Result<(), SupervisorError> {
        let LaneReading { reading, head, .. } = self.reading(lane)();
        let now = self.clock.now();
        let events = self
            .scheduler
            .note(now, &lane.plan, lane.lane, reading.items, head);
        let records = self.journal.append(now, self.run, &events, Sync::Disk)?;
        self.announce(&records);
        Ok(())
    }

    /// Reads what a person reported in a plan's own worktree while no agent works there.
    pub(in crate::supervisor) fn hear_people(&mut self, plan: &PlanName) -> Result<(), SupervisorError> {
        let run = self.scheduler.state().plan(plan);
        let attempt = run.attempts.get(&0);
        let checked = attempt.is_none_or(|attempt| matches!(attempt.stage, Stage::Checked(..)));
        if run.worktree().is_some() && checked {
            self.read_status_now(&LaneId::own(plan))?;
        }
        Ok(())
    }

    pub(in crate::supervisor) fn take_reading(
        &mut self,
        lane: LaneId,
        found: LaneReading,
        inputs: &mut Vec<Input>,
    ) {
        let LaneReading {
            reading,
            head,
            attempt,
        } = found;
        if attempt != self.last_attempt(&lane) {
            self.read_status_later(lane);
            return;
        }
        let LaneId { plan, lane } = lane;
        let said = self.heard.warnings.entry(plan.clone()).or_default();
        for why in reading.warnings {
            // Said once, not at every look.
            if !said.contains(&why) {
                said.push(why.clone());
                inputs.push(Input::Event(Event::Warning {
                    plan: Some(plan.clone()),
                    why,
                }));
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
