//! Edits of the manifest and its documents while plans are running: noticing, reading, checking and applying
//! them.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::plan::{
    ClosedPlan, ExecutorName, ItemId, LiveEdit, ManifestChange, Openness, PlanName, PlanSet,
    keep_used_executors,
};
use crate::schedule::{Event, Hold, Input, ManifestEdit, Work, history};
use crate::status;

use super::file_watch::FileWatch;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::preflight::checks as preflight;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::load::{check_cycles, documents_of, load};
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::recovery::changed_documents::taken_away;

/// An editor writes a file in more than one step, so the file is read a moment later.
const SETTLE: Duration = Duration::from_millis(50);

/// Watches the manifest and the plans' documents.
pub struct ManifestWatch {
    files: FileWatch,
    /// True while the files are being read.
    reading: bool,
    /// True when the files may have changed since the reading began.
    again: bool,
    /// The last warning about unreadable files.
    told: Option<String>,
    /// Refused edits that still differ.
    refused: Vec<ManifestChange>,
}

impl ManifestWatch {
    /// Watches the manifest of a project and every document of its plans.
    pub fn new(project: &Project, hints: UnboundedSender<EngineMessage>) -> Self {
        let tell = move || drop(hints.send(EngineMessage::ManifestHint));
        Self {
            files: FileWatch::new(project.files(), tell),
            reading: false,
            again: false,
            told: None,
            refused: Vec::new(),
        }
    }

    /// Reads the manifest and its documents on a thread of its own, once for all hints that arrive meanwhile.
    pub fn read_later(&mut self, desk: &Desk) {
        if std::mem::replace(&mut self.reading, true) {
            self.again = true;
            return;
        }
        let manifest = desk.project.manifest.clone();
        desk.in_background(move || {
            thread::sleep(SETTLE);
            EngineMessage::ManifestRead(Box::new(load(&manifest)))
        });
    }

    /// Applies the new contents of the manifest, as far as edits are still allowed.
    pub fn take(
        &mut self,
        desk: &mut Desk,
        read: Result<PlanSet, SupervisorError>,
    ) -> Result<Vec<Input>, SupervisorError> {
        self.reading = false;
        if std::mem::take(&mut self.again) {
            self.read_later(desk);
        }
        if !desk.scheduler.takes_edits() {
            return Ok(Vec::new());
        }
        let set = match read {
            Ok(set) => set,
            Err(diagnostics) => {
                // The new manifest may name documents that are missing or faulty. They are in no plan in force, and are watched too.
                let named = documents_of(&desk.project.manifest);
                if self
                    .files
                    .follow(desk.project.files().into_iter().chain(named).collect())
                {
                    // The document may have been created before it was watched.
                    self.read_later(desk);
                }
                return Ok(self.warn_of_diagnostics(desk, &diagnostics));
            }
        };
        if self.told.take().is_some() {
            write_plans_down(desk, None);
        }
        let records = || Ok(desk.journal.read_all()?);
        let sets = (&desk.project.set, &set);
        let held = taken_away(&desk.project, &desk.scheduler, sets, &records)?;
        let mut edit = LiveEdit::new(&desk.project.set, &set, |plan| {
            match held.iter().any(|held| held.plan() == Some(plan)) {
                // The next run asks a person.
                true => Openness::Nothing(ClosedPlan::TakenAway),
                false => desk.scheduler.openness(plan),
            }
        });
        keep_used_executors(&mut edit, &desk.project.set, |name| has_away(desk, name));
        if edit.changes.is_empty() {
            self.refused.clear();
            return Ok(Vec::new());
        }
        if desk.scheduler.is_making_worktrees() {
            self.read_later(desk);
            return Ok(Vec::new());
        }
        let changes = match fitting(desk, &edit, &held) {
            Ok(project) => {
                if edit.counts() {
                    self.go_on_with(desk, project)?;
                }
                edit.changes
            }
            Err(why) => edit.refuse_all(&format!("the whole edit does not fit: {why}")),
        };
        // A refused edit still differs, and is found again whenever a file is touched.
        let refused: Vec<ManifestChange> = changes
            .iter()
            .filter(|change| change.refused.is_some())
            .cloned()
            .collect();
        let told = std::mem::replace(&mut self.refused, refused);
        let mut changes = changes;
        changes.retain(|change| !told.contains(change));
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![Input::Event(Event::ManifestChanged(ManifestEdit {
            changes,
        }))])
    }

    fn go_on_with(&mut self, desk: &mut Desk, project: Project) -> Result<(), SupervisorError> {
        let records = desk.journal.read_all()?;
        let events = || records.iter().map(|record| (record.at, &record.event));
        let durations = history::durations(&project.set, events());
        let work = Work::new(&project.set, &durations, desk.auto_merge);
        desk.scheduler.rework(work, events());
        let old = std::mem::replace(&mut desk.project, Arc::new(project));
        write_plans_down(desk, None);
        renew_documents(desk, &old);
        self.files.follow(desk.project.files());
        Ok(())
    }

    /// Reports the diagnostics of edited files once. The earlier version stays in force.
    fn warn_of_diagnostics(&mut self, desk: &Desk, diagnostics: &SupervisorError) -> Vec<Input> {
        let why = format!(
            "the manifest was edited and cannot be used as it is; the plans in force stay as they were: {diagnostics}"
        );
        if self.told.as_ref() == Some(&why) {
            return Vec::new();
        }
        self.told = Some(why.clone());
        write_plans_down(desk, Some(&diagnostics.to_string()));
        vec![Input::Event(Event::warning(None, why))]
    }
}

/// True while attempts are away on this executor.
fn has_away(desk: &Desk, name: &ExecutorName) -> bool {
    let mut plans = desk.scheduler.state().plans();
    plans.any(|(_, run)| {
        let mut open = run.attempts.values().filter(|attempt| attempt.state.holds_slot());
        open.any(|attempt| attempt.away.as_ref().is_some_and(|away| away.executor == *name))
    })
}

/// Combines the edited parts with the unchanged parts, and checks the whole.
fn fitting(desk: &Desk, edit: &LiveEdit, held: &[Event]) -> Result<Project, SupervisorError> {
    for event in held {
        if let Event::PlanHeld {
            plan,
            why: Hold::TakenAway { by, keys, .. },
        } = event
            && !keys.is_empty()
        {
            let keys = keys.join(", ");
            let why = format!(
                "the landing of {by} removed or replaced {keys}; plan {plan} waits for you in the next run"
            );
            return Err(SupervisorError::Unfit(why));
        }
    }
    let misfits = edit.misfits();
    if !misfits.is_empty() {
        return Err(SupervisorError::Unfit(misfits.join("; ")));
    }
    let name = desk.project.manifest.file_name().unwrap_or_default();
    check_cycles(&edit.set, Path::new(name))?;
    let project = desk.project.with(edit.set.clone())?;
    let only: Vec<PlanName> = desk
        .scheduler
        .state()
        .run
        .iter()
        .flat_map(|run| &run.only)
        .cloned()
        .collect();
    preflight::check_agents(&project, &only)?;
    Ok(project)
}

/// Records the plans in force, for commands that read or steer.
fn write_plans_down(desk: &Desk, diagnostics: Option<&str>) {
    if let Err(error) = desk.project.write_down(diagnostics) {
        let _ = desk.sender.send(EngineMessage::Warning(None, error.to_string()));
    }
}

/// Copies changed documents into worktrees in which nobody has worked yet.
fn renew_documents(desk: &Desk, old: &Project) {
    for plan in &desk.project.set.plans {
        let run = desk.scheduler.state().plan(&plan.name);
        let changed = old
            .plan(&plan.name)
            .is_some_and(|before| before.document != plan.document);
        let Some(made) = run.worktree().filter(|_| changed) else {
            continue;
        };
        let states = |item: &ItemId| run.item_state(item);
        let renewed = status::prepare_lane(Path::new(&made.path), &plan.name, &plan.document, states);
        if let Err(error) = renewed {
            let _ = desk
                .sender
                .send(EngineMessage::Warning(Some(plan.name.clone()), error.to_string()));
        }
    }
}
