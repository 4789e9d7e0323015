//! `orch redo`: the branch of a plan is set back to the commit before a phase, and that phase and later ones are open again.

use jiff::Timestamp;
use serde::Serialize;

use crate::git::refs::keep_made;
use crate::git::unit::{drop_unit, set_back};
use crate::git::{Backup, UnitBranch, UnitError, WorktreeAdmin, again_if_killed, stamp};
use crate::journal::{Journal, RepositoryLock, SCHEMA, Sync};
use crate::plan::{CommitId, LaneId, PhaseId, Plan, PlanName, RunId, TaskId, UnitId, WorkRef};
use crate::schedule::{BranchHistory, Event, PersonFact, Rollback, SetBack, redo as rollbacks};

use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::orphan_git::end_orphan_gits;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::situation::Situation;
use crate::words::{RefusalText, redo_refusal};

/// The branches that were set back: the answer of `orch redo --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redone {
    /// Version of the document.
    pub schema: u32,
    /// The plans, the one that was named first.
    pub plans: Vec<RedonePlan>,
}

/// A plan whose branch was set back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedonePlan {
    /// The plan.
    pub name: PlanName,
    /// Its branch.
    pub branch: String,
    /// Where the branch stood.
    pub before: Option<CommitId>,
    /// Where it stands now.
    pub after: CommitId,
    /// The phases that are open again.
    pub phases: Vec<PhaseId>,
    /// The refs that keep what was there.
    pub backups: Vec<String>,
    /// Warnings of git.
    pub warnings: Vec<String>,
}

/// The repository's branches, as they are now.
struct RepositoryHistory<'a>(&'a Project);

impl BranchHistory for RepositoryHistory<'_> {
    fn tip(&self, plan: &PlanName) -> Option<CommitId> {
        let plan = self.0.plan(plan)?;
        self.0.repo.branch_tip(&plan.branch).ok().flatten()
    }

    /// A history that cannot be read counts as holding the commit: then more is named or set back, never less.
    fn holds(&self, holder: &CommitId, commit: &CommitId) -> bool {
        self.0.repo.is_ancestor(commit, holder).unwrap_or(true)
    }
}

/// Sets the plan's branch back to the commit before the phase, and with `dependents` the branches of plans that hold its work. Each
/// branch is recorded as soon as it has moved, dependents first: an interrupted one is ended by doing it again.
///
/// # Errors
///
/// When somebody else drives the repository, or when it or the journal cannot be read or written.
pub fn redo(
    project: &Project,
    what: &WorkRef,
    dependents: bool,
) -> Result<Result<Redone, RefusalText>, SupervisorError> {
    let lock = RepositoryLock::take(&project.dir, "redo")?.map_err(SupervisorError::Held)?;
    end_orphan_gits(project.repo.common_dir());
    let situation = Situation::look(project)?;
    let scheduler = &situation.scheduler;
    let branches = RepositoryHistory(project);
    let found = rollbacks(scheduler.work(), scheduler.state(), what, dependents, &branches);
    let found = match found {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(redo_refusal(&refusal))),
    };
    let mut journal = Journal::open(&project.dir, Timestamp::now())?;
    let run = scheduler.state().run.as_ref().map_or(RunId(0), |run| run.id);
    let mut plans = Vec::new();
    let mut events = situation.found.clone();
    for rollback in found.iter().rev() {
        let done = match carry_out(project, rollback) {
            Ok(done) => done,
            Err(refusal) => return Ok(Err(refusal)),
        };
        events.push(Event::Person(PersonFact::SetBack(SetBack {
            plan: rollback.plan.clone(),
            to: rollback.to.clone(),
            phases: rollback.phases.clone(),
            backups: done.backups.clone(),
        })));
        let now = journal.epoch().at(Timestamp::now()).max(scheduler.state().now);
        journal.append(now, run, &events, Sync::Disk)?;
        events.clear();
        plans.push(done);
    }
    drop(lock);
    plans.reverse();
    Ok(Ok(Redone {
        schema: SCHEMA,
        plans,
    }))
}

fn carry_out(project: &Project, rollback: &Rollback) -> Result<RedonePlan, RefusalText> {
    let Some(plan) = project.plan(&rollback.plan) else {
        return Err(RefusalText {
            why: format!("plan {} is no longer in the manifest", rollback.plan),
            hint: None,
        });
    };
    let refuse = |error: &dyn std::fmt::Display| RefusalText {
        why: format!("the branch of {} was not set back: {error}", plan.name),
        hint: None,
    };
    let before = project
        .repo
        .branch_tip(&plan.branch)
        .map_err(|error| refuse(&error))?;
    let admin = WorktreeAdmin::new(&project.repo);
    let (key, stamp) = (LaneId::own(&plan.name).to_string(), stamp());
    let moved = again_if_killed(Result::is_ok, || {
        let units = drop_units(&admin, project, plan, rollback, &stamp)?;
        let moved = set_back(&admin, &plan.name, &key, &plan.branch, &rollback.to, &stamp)?;
        keep_made(&project.repo, &plan.name, &rollback.to)?;
        Ok::<_, UnitError>((units, moved))
    });
    let (units, moved) = moved.map_err(|error| refuse(&error))?;
    let backups = moved.backups.into_iter().chain(units);
    Ok(RedonePlan {
        name: plan.name.clone(),
        branch: plan.branch.clone(),
        before,
        after: rollback.to.clone(),
        phases: rollback.phases.clone(),
        backups: backups.map(|backup| backup.name).collect(),
        warnings: moved.warnings,
    })
}

/// BranchHistory of phases and tasks that did not come onto the plan's branch were begun on what is gone.
fn drop_units(
    admin: &WorktreeAdmin,
    project: &Project,
    plan: &Plan,
    rollback: &Rollback,
    stamp: &str,
) -> Result<Vec<Backup>, UnitError> {
    let phases = plan.document.phases.iter();
    let open = phases.filter(|phase| rollback.phases.contains(&phase.id));
    let units = open.flat_map(|phase| {
        let tasks = phase.tasks.iter().map(|task| task.id);
        let tasks = tasks.chain([TaskId::verify(phase.id)]).map(UnitId::Task);
        tasks.chain([UnitId::Phase(phase.id)])
    });
    let dropped = units.map(|unit| {
        let unit = UnitBranch {
            plan: plan.name.clone(),
            plan_branch: plan.branch.clone(),
            branch: project.unit_branch(plan, unit),
        };
        drop_unit(admin, &unit, stamp)
    });
    Ok(dropped
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}
