//! Carrying out the steps of `orch doctor --fix`, and nothing else.

use std::fs;

use jiff::Timestamp;

use crate::agent::{JobFolder, Runner};
use crate::git::{self, PinPoint, WorktreeAdmin, stamp};
use crate::journal::{Epoch, Record, RepositoryLock, Sync, salvage, set_aside};
use crate::plan::{LaneId, PlanName, RunId, WorkRef};
use crate::schedule::{Event, LaneOf};

use super::executors::{end_far, keep_late};
use super::facts::expected;
use super::finding::{Finding, RepairStep, plan_of};
use super::rebuild::rebuild;
use crate::supervisor::perform;
use crate::supervisor::project::error::{SupervisorError, in_words};
use crate::supervisor::project::orphan_git::end_orphan_gits;
use crate::supervisor::project::orphans::GRACE;
use crate::supervisor::project::ports;
use crate::supervisor::project::replay::Replay;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::recovery::own_refs::pin_again;
use crate::supervisor::recovery::{attempts as recovery, evidence};

/// The result of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepairEnd {
    /// The step was carried out.
    Done,
    /// The step failed.
    Failed(String),
    /// Left to a person.
    Left,
}

/// Carries out the step of each finding, in order. The repository is locked meanwhile.
///
/// # Errors
///
/// When a supervisor is running.
pub fn repair(project: &Project, findings: &[Finding]) -> Result<Vec<RepairEnd>, SupervisorError> {
    let _lock = RepositoryLock::take(&project.dir, "doctor")?.map_err(SupervisorError::Held)?;
    Ok(carry_out(project, findings))
}

/// Like [`repair`], for a caller that holds the repository lock.
pub(super) fn carry_out(project: &Project, findings: &[Finding]) -> Vec<RepairEnd> {
    let mut doctor = Doctor {
        project,
        admin: WorktreeAdmin::new(&project.repo),
        saved: None,
    };
    let outcome = |finding: &Finding| match &finding.step {
        None => RepairEnd::Left,
        Some(step) => match doctor.carry_out(step) {
            Ok(()) => RepairEnd::Done,
            Err(why) => RepairEnd::Failed(why),
        },
    };
    findings.iter().map(outcome).collect()
}

struct Doctor<'c> {
    project: &'c Project,
    admin: WorktreeAdmin,
    /// The readable entries of a database that was set aside.
    saved: Option<(Epoch, Vec<Record>)>,
}

impl Doctor<'_> {
    fn carry_out(&mut self, step: &RepairStep) -> Result<(), String> {
        let project = self.project;
        match step {
            RepairStep::SetDatabaseAside => {
                self.saved = salvage(&project.dir);
                set_aside(&project.dir, &stamp()).map(drop).map_err(in_words)
            }
            RepairStep::Note(key) => self.note(key),
            RepairStep::Follow(key, to) => {
                git::worktree::follow(&self.admin, key, to).map_err(in_words)?;
                self.record_move(key).map_err(in_words)
            }
            RepairStep::Repair(key) => git::worktree::repair(&self.admin, key).map_err(in_words),
            RepairStep::RenewIndex(key) => git::worktree::renew_index(&self.admin, key).map_err(in_words),
            RepairStep::Forget(key) => git::worktree::forget(&self.admin, key).map_err(in_words),
            RepairStep::Rebuild => rebuild(project, self.saved.take(), Timestamp::now())
                .map(drop)
                .map_err(in_words),
            RepairStep::RecordEnds => self.record_ends().map_err(in_words),
            RepairStep::RemoveLock(path) => match git::lock::remove_git_lock(&self.admin, path) {
                Ok(true) => Ok(()),
                Ok(false) => Err("a process may hold it by now".to_owned()),
                Err(error) => Err(in_words(error)),
            },
            RepairStep::Wake(runner) => {
                runner.wake();
                Ok(())
            }
            RepairStep::EndJob(folder) => {
                Runner::sweep_anyway(&JobFolder::new(folder), GRACE);
                Ok(())
            }
            RepairStep::EndGits => {
                end_orphan_gits(project.repo.common_dir());
                Ok(())
            }
            RepairStep::Repin(pin) => pin_again(&project.repo, pin),
            RepairStep::WriteNote(plan, commit) => {
                let landing = vec![(plan.clone(), commit.clone())];
                evidence::write_missing(project, landing).map_err(in_words)
            }
            RepairStep::Unpin(plan, point) => self.unpin(plan, point),
            RepairStep::ForgetUnit(plan, branch) => {
                let plan: PlanName = plan.parse().map_err(in_words)?;
                git::refs::forget_unit(&project.repo, &plan, branch).map_err(in_words)
            }
            RepairStep::RemoveFile(path) => fs::remove_file(path).map_err(in_words),
            RepairStep::FreePorts(plan) => ports::release(&project.dir, plan).map_err(in_words),
            RepairStep::EndFar(executor, key) => end_far(project, executor, key),
            RepairStep::KeepLate(executor, key) => keep_late(project, executor, key),
            RepairStep::FinishLanding => {
                let ended = perform::resume_landing(project).map_err(in_words)?;
                match ended.behind.is_empty() {
                    true => Ok(()),
                    false => Err(ended.behind.join("; ")),
                }
            }
        }
    }

    fn note(&self, key: &str) -> Result<(), String> {
        let repo = &self.project.repo;
        let wanted = expected(self.project)
            .into_iter()
            .find(|wanted| wanted.key == key);
        let wanted = wanted.ok_or("it is no longer in the manifest")?;
        let base = match &wanted.branch {
            Some(branch) => git::refs::began_at(repo, branch, &self.project.target),
            None => crate::git::head_of(&wanted.path).map(Some),
        };
        let base = base
            .map_err(in_words)?
            .unwrap_or_else(|| self.project.base.clone());
        git::worktree::record_again(&self.admin, &wanted, &base).map_err(in_words)
    }

    fn unpin(&self, plan: &str, point: &str) -> Result<(), String> {
        let name: PlanName = plan.parse().map_err(in_words)?;
        let point = match point {
            "landed" => PinPoint::Landed,
            "plan" => PinPoint::Done(crate::plan::Point::Plan),
            number => {
                let at: WorkRef = format!("{plan}.{number}").parse().map_err(in_words)?;
                PinPoint::Done(at.point)
            }
        };
        git::refs::unpin(&self.project.repo, &name, point)
            .map(drop)
            .map_err(in_words)
    }

    fn append(&self, events: Vec<Event>) -> Result<(), SupervisorError> {
        let (mut journal, Replay { mut scheduler, .. }) = Replay::open(self.project, false)?;
        let at = journal.epoch().at(Timestamp::now()).max(scheduler.state().now);
        let run = scheduler.state().run.as_ref().map_or(RunId(1), |run| run.id);
        let news: Vec<Event> = events
            .into_iter()
            .filter(|event| scheduler.take(at, event))
            .collect();
        journal.append(at, run, &news, Sync::Disk)?;
        Ok(())
    }

    /// Updates the worktree's path in the journal.
    fn record_move(&self, key: &str) -> Result<(), SupervisorError> {
        if !self.project.dir.database().exists() {
            return Ok(());
        }
        let Some(plan) = plan_of(key).and_then(|name| self.project.plan(&name).cloned()) else {
            return Ok(());
        };
        let lane = key
            .split_once('@')
            .and_then(|(_, lane)| lane.parse().ok())
            .unwrap_or(0);
        let (_, Replay { scheduler, .. }) = Replay::open(self.project, false)?;
        let Some(made) = scheduler.state().plan(&plan.name).worktrees.get(&lane).cloned() else {
            return Ok(());
        };
        let path = self.project.lane_path(&LaneId::new(&plan.name, lane));
        let path = path.canonicalize().unwrap_or(path);
        let lost = Event::WorktreeLost(LaneOf {
            plan: plan.name.clone(),
            lane,
        });
        let found = Event::WorktreeCreated {
            plan: plan.name,
            lane,
            path: path.to_string_lossy().into_owned(),
            branch: made.branch,
            base: made.base,
        };
        self.append(vec![lost, found])
    }

    fn record_ends(&self) -> Result<(), SupervisorError> {
        let (_, Replay { scheduler, .. }) = Replay::open(self.project, false)?;
        let found = recovery::look_around(&self.project.dir, scheduler.state())?;
        self.append(found.into_iter().flat_map(|found| found.missed).collect())
    }
}
