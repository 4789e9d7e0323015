//! What agents report, from their folders to the scheduler.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::journal::Sync;
use crate::plan::{LaneId, PlanName};
use crate::schedule::{Event, Input};
use crate::status;

use super::engine::Engine;
use super::message::Message;
use super::{Campaign, SupervisorError};

/// What agents' folders were found to say, so that it is taken up once.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What is wrong there, by plan.
    pub(super) warnings: BTreeMap<PlanName, Vec<String>>,
    /// Messages out of outboxes that were passed on.
    pub(super) posted: BTreeSet<String>,
}

impl Engine<'_> {
    /// Watches the places where an agent in a worktree reports.
    pub(super) fn watch(&self, lane: &LaneId, worktree: &Path) {
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
    pub(super) fn watch_all(&mut self) {
        let open = self.scheduler.state().open_attempts();
        let lanes: Vec<LaneId> = open.map(|(plan, lane, _)| LaneId::new(plan, lane)).collect();
        for lane in lanes {
            let worktree = self.worktree(&lane);
            self.watch(&lane, &worktree);
            self.read_status_later(lane);
        }
    }

    pub(super) fn reading(&self, lane: &LaneId) -> impl FnOnce() -> status::Reading + Send + 'static + use<> {
        let (campaign, worktree, plan) = (self.campaign.clone(), self.worktree(lane), lane.plan.clone());
        move || match campaign.plan(&plan) {
            Some(known) => {
                let committed = committed_document(&campaign, known.file.as_deref(), &worktree);
                status::read(&worktree, &plan, &known.document, committed.as_deref())
            }
            None => status::Reading::default(),
        }
    }

    pub(super) fn read_status_later(&self, lane: LaneId) {
        let read = self.reading(&lane);
        self.in_background(move || Message::StatusRead(lane, read()));
    }

    /// Reads what an agent reported while nobody listened.
    pub(super) fn read_status_now(&mut self, lane: &LaneId) -> Result<(), SupervisorError> {
        let reading = self.reading(lane)();
        let now = self.clock.now();
        let events = self.scheduler.note(now, &lane.plan, lane.lane, reading.items);
        let records = self.journal.append(now, self.run, &events, Sync::Disk)?;
        self.announce(&records);
        Ok(())
    }

    pub(super) fn take_reading(&mut self, lane: LaneId, reading: status::Reading, inputs: &mut Vec<Input>) {
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
            items: reading.items,
        });
    }
}

/// The plan's document inside a worktree, when it is a file of the repository.
/// The plan's document in its worktree, when it is a committed file there.
pub fn committed_document(campaign: &Campaign, file: Option<&Path>, worktree: &Path) -> Option<PathBuf> {
    let written = campaign.manifest.parent()?.join(file?);
    let inside = written.strip_prefix(campaign.repo.here()).ok()?;
    Some(worktree.join(inside))
}
