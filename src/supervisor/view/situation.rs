//! Reading the journal, for read-only commands.

use jiff::Timestamp;

use crate::agent::{JobFolder, JobState};
use crate::graph::Durations;
use crate::journal::{Epoch, JournalReader, OrchDir, RepositoryLock};
use crate::plan::{CommitId, PlanName, PlanSet};
use crate::schedule::{
    At, AttemptState, Event, Exit, Merge, MergeTrouble, NotLanded, Outcome, PlanRun, Scheduler, State,
};
use crate::words::{self, because};

use super::machine_load::machine_load;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::replay::Replay;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::recovery::landed_by_hand::landed_by_hand;

/// Everything known at one moment, for read-only commands.
#[derive(Debug)]
pub struct Situation {
    /// The state according to the journal.
    pub scheduler: Scheduler,
    /// Wall-clock time of the core's moments; none before the first run.
    pub epoch: Option<Epoch>,
    /// True while a supervisor drives the repository.
    pub driven: bool,
    /// How long work is expected to take.
    pub durations: Durations,
    /// Events that are in the state but not in the journal yet: landings by a person.
    pub found: Vec<Event>,
    /// Plans whose agent has ended while no supervisor was running, with a text.
    pub unseen: Vec<(PlanName, String)>,
}

impl Situation {
    /// Converts the core's moment to wall-clock time.
    pub fn wall(&self, at: At) -> Option<Timestamp> {
        self.epoch.map(|epoch| epoch.wall(at))
    }

    /// Reads the journal, whether or not a supervisor is running. Changes nothing.
    ///
    /// # Errors
    ///
    /// When the journal exists and cannot be read.
    pub fn look(project: &Project) -> Result<Self, SupervisorError> {
        let driven = RepositoryLock::holder(&project.dir)?.is_some();
        let mut situation = Self {
            driven,
            ..Self::of_journal(&project.dir, &project.set)?
        };
        if let Some(machine) = machine_load() {
            situation.scheduler.see_machine(machine);
        }
        if let Some(epoch) = situation.epoch {
            let now = epoch.at(Timestamp::now());
            // Shown at once. The next supervisor records them.
            let mut found = landed_by_hand(project, situation.scheduler.state()).unwrap_or_default();
            found.retain(|found| situation.scheduler.take(now, found));
            situation.found = found;
            for lapsed in unreviewed(project, situation.scheduler.state()) {
                // Nobody knows when the branch moved. The plan has waited for a person all the time.
                let plan = lapsed.plan().map(|plan| situation.scheduler.state().plan(plan));
                let since = plan.map_or(now, |plan| plan.since);
                situation.scheduler.replay([(since, &lapsed)]);
            }
            if !driven {
                for event in ended_unseen(&project.dir, situation.scheduler.state()) {
                    let _ = situation.scheduler.take(now, &event);
                    if let Event::AttemptFailed { plan, why, .. } = event {
                        situation.unseen.push((plan, because(&why)));
                    }
                }
            }
        }
        Ok(situation)
    }

    /// Does the same as [`Situation::look`] from the journal alone. Landings by hand are missing, and it is unknown whether a
    /// supervisor is running: in a sandbox with its own process ids the lock is visible, but not its holder.
    ///
    /// # Errors
    ///
    /// When the journal exists and cannot be read.
    pub fn of_journal(dir: &OrchDir, set: &PlanSet) -> Result<Self, SupervisorError> {
        let reader = JournalReader::open(dir)?;
        let records = match &reader {
            Some(reader) => reader.after(0, None)?,
            None => Vec::new(),
        };
        let Replay {
            durations,
            mut scheduler,
        } = Replay::of(set, &records, false);
        let epoch = reader.map(|reader| reader.epoch());
        if let Some(epoch) = epoch {
            // Time continues after the last record, so a delay may be over by now.
            scheduler.observe(epoch.at(Timestamp::now()));
        }
        Ok(Self {
            scheduler,
            found: Vec::new(),
            unseen: Vec::new(),
            epoch,
            driven: false,
            durations,
        })
    }
}

/// Finished plans whose branch has moved since it was reviewed, or since a review was asked for.
pub(in crate::supervisor) fn unreviewed(project: &Project, state: &State) -> Vec<Event> {
    let finished = project.set.plans.iter().filter(|plan| {
        let done = state.plan(&plan.name).outcome == Some(Outcome::Finished);
        plan.review && done && !state.is_landed(&plan.name)
    });
    let moved = finished.filter_map(|plan| {
        let run = state.plan(&plan.name);
        let commit = commit_to_land(project, &plan.branch, run).ok()??;
        let asked = Some(&MergeTrouble::Review {
            commit: commit.clone(),
        });
        let known = run.review.approved.as_ref() == Some(&commit) || run.merge_trouble.as_ref() == asked;
        (!known && run.merge == Merge::Idle).then(|| {
            Event::MergeFailed(NotLanded {
                plan: plan.name.clone(),
                up_to: None,
                why: MergeTrouble::Review { commit },
            })
        })
    });
    moved.collect()
}

/// The commit that would land: the branch's tip, or the resolution of its conflict, if that was refused because nobody
/// reviewed it.
pub(super) fn commit_to_land(
    project: &Project,
    branch: &str,
    run: &PlanRun,
) -> Result<Option<CommitId>, SupervisorError> {
    let Some(tip) = project.repo.branch_tip(branch)? else {
        return Ok(None);
    };
    let Some(MergeTrouble::Review { commit }) = &run.merge_trouble else {
        return Ok(Some(tip));
    };
    let resolves = project.repo.is_ancestor(&tip, commit).unwrap_or(false);
    Ok(Some(if resolves { commit.clone() } else { tip }))
}

/// Ended agents that no supervisor has recorded, from the folders of their attempts. The next supervisor judges their work. Until
/// then they count as interrupted.
fn ended_unseen(dir: &OrchDir, state: &State) -> Vec<Event> {
    let ended = state.open_attempts().filter_map(|(plan, _, attempt)| {
        let folder = JobFolder::new(dir.attempt(&attempt.id));
        let exit = match folder.state().ok()? {
            JobState::Running(_) | JobState::Away(_) => return None,
            JobState::Unstarted if attempt.state == AttemptState::Assigned => return None,
            JobState::Ended(record) => record.exit,
            JobState::Lost(_) | JobState::Unstarted => Exit::Lost,
        };
        let (plan, attempt) = (plan.clone(), attempt.id.clone());
        let why = format!(
            "{attempt} {}; the next `orch up` looks at what it left",
            words::exit(&exit)
        );
        Some([
            Event::AgentEnded {
                plan: plan.clone(),
                attempt: attempt.clone(),
                exit,
                why: None,
            },
            Event::AttemptFailed {
                plan,
                attempt,
                why: why.into(),
                retry_in_ms: Some(0),
                counted: false,
                nothing_made: false,
                unread: false,
            },
        ])
    });
    ended.flatten().collect()
}
