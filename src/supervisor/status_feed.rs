//! What agents report, from their folders to the scheduler.

use std::path::{Path, PathBuf};

use crate::journal::Sync;
use crate::plan::PlanName;
use crate::schedule::{Event, Input};
use crate::status;

use super::engine::Engine;
use super::message::Message;
use super::{Campaign, SupervisorError};

impl Engine<'_> {
    /// Watches the places where a plan's agent reports.
    pub(super) fn watch(&self, plan: &PlanName, worktree: &Path) {
        self.watcher.watch(plan, worktree);
        let file = self.campaign.plan(plan).and_then(|known| known.file.as_deref());
        // A document that was not committed is not in the worktree, and nothing there is worth watching.
        if let Some(document) = committed_document(&self.campaign, file, worktree)
            && document.is_file()
        {
            self.watcher.watch_document(plan, &document);
        }
    }

    /// Watches every plan whose agent is at work.
    pub(super) fn watch_all(&mut self) {
        for plan in self.at_work() {
            let worktree = self.worktree(&plan);
            self.watch(&plan, &worktree);
            self.read_status_later(plan);
        }
    }

    pub(super) fn reading(
        &self,
        plan: &PlanName,
    ) -> impl FnOnce() -> status::Reading + Send + 'static + use<> {
        let (campaign, worktree, plan) = (self.campaign.clone(), self.worktree(plan), plan.clone());
        move || match campaign.plan(&plan) {
            Some(known) => {
                let committed = committed_document(&campaign, known.file.as_deref(), &worktree);
                status::read(&worktree, &plan, &known.document, committed.as_deref())
            }
            None => status::Reading::default(),
        }
    }

    pub(super) fn read_status_later(&self, plan: PlanName) {
        let read = self.reading(&plan);
        self.in_background(move || Message::StatusRead(plan, read()));
    }

    /// Reads what an agent reported while nobody listened.
    pub(super) fn read_status_now(&mut self, plan: &PlanName) -> Result<(), SupervisorError> {
        let reading = self.reading(plan)();
        let now = self.clock.now();
        let events = self.scheduler.note(now, plan, reading.items);
        let records = self.journal.append(now, self.run, &events, Sync::Disk)?;
        self.announce(&records);
        Ok(())
    }

    pub(super) fn take_reading(&mut self, plan: PlanName, reading: status::Reading, inputs: &mut Vec<Input>) {
        let said = self.said.entry(plan.clone()).or_default();
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
            items: reading.items,
        });
    }
}

/// The plan's document inside a worktree, when it is a file of the repository.
fn committed_document(campaign: &Campaign, file: Option<&Path>, worktree: &Path) -> Option<PathBuf> {
    let written = campaign.manifest.parent()?.join(file?);
    let inside = written.strip_prefix(campaign.repo.here()).ok()?;
    Some(worktree.join(inside))
}
