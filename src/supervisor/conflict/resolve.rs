//! `orch merge --resolve`, `--continue` and `--abort`: checking a plan's conflict with the target out in a worktree made for
//! it, accepting a person's resolution, or giving it up. A running supervisor does the step itself. The merge train does the
//! landing in any case.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::agent::{JobFolder, JobState};
use crate::git::{self, CandidateBuilder, ConflictError, ConflictSpec, WorktreeAdmin, again_if_killed};
use crate::plan::{MergeStrategy, Plan, PlanName, WorkRef};
use crate::schedule::{
    ConflictOpened, ConflictResolved, Event, Hold, Merge, OfPlan, Outcome, PlanRun, Resolving,
};
use crate::words::RefusalText;

use super::about_conflict::{AboutConflict, ResolveStep};
use crate::supervisor::perform::build::conflict::{named, words};
use crate::supervisor::perform::tree::removing::remove_conflict;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::orphan_git::end_orphan_gits;
use crate::supervisor::project::recording::record;
use crate::supervisor::project::repository_plans::Project;

/// The result of a step at a conflict: the answer of `orch merge --resolve --json` and `--abort --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveReport {
    /// The plan, whole or up to the end of a phase.
    pub plan: WorkRef,
    /// The worktree in which the conflict is checked out; `None` when it was given up.
    pub worktree: Option<String>,
    /// Files to resolve there.
    pub files: Vec<String>,
    /// Files for which an earlier resolution was reused.
    pub reused: Vec<String>,
    /// True when the conflict was checked out already, and nothing was changed.
    pub again: bool,
    /// Refs that keep the replaced work.
    pub backups: Vec<String>,
    /// Warnings.
    pub warnings: Vec<String>,
}

impl ResolveReport {
    fn of(plan: &WorkRef) -> Self {
        Self {
            plan: plan.clone(),
            worktree: None,
            files: Vec::new(),
            reused: Vec::new(),
            again: false,
            backups: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// The result of a step: events to record, and the answer.
pub type Resolved = (Vec<Event>, ResolveReport);

/// Takes a step while no supervisor is running. `None` when another process locks the repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn resolve_alone(
    project: &Project,
    what: &WorkRef,
    step: ResolveStep,
) -> Result<Option<Result<ResolveReport, RefusalText>>, SupervisorError> {
    let mut report = None;
    let recorded = record(project, "merge", |scheduler| {
        end_orphan_gits(project.repo.common_dir());
        let about = AboutConflict::new(scheduler, what);
        let (events, done) = resolve(project, &about, step, OthersAtWork::Nobody)?;
        report = Some(done);
        Ok(events)
    })?;
    Ok(recorded.and_then(|recorded| match recorded {
        Ok(_) => report.map(Ok),
        Err(refusal) => Some(Err(refusal)),
    }))
}

/// Who else works on the repository during a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OthersAtWork {
    /// The supervisor: work that is recorded as under way is under way.
    Supervisor,
    /// Nobody: work that is recorded as under way was interrupted.
    Nobody,
}

/// Takes a step in the repository. Only the caller writes the journal and records the events.
pub fn resolve(
    project: &Project,
    about: &AboutConflict,
    step: ResolveStep,
    beside: OthersAtWork,
) -> Result<Resolved, RefusalText> {
    let (name, run) = (&about.what.plan, &about.run);
    let plan = project
        .plan(name)
        .ok_or_else(|| refusal(format!("there is no plan `{name}` in the manifest"), None))?;
    match beside {
        OthersAtWork::Supervisor => refuse_while_busy(run, name)?,
        OthersAtWork::Nobody => refuse_what_was_cut_short(project, run, name, step)?,
    }
    about.refuse_another(step)?;
    let admin = WorktreeAdmin::new(&project.repo);
    again_if_killed(Result::is_ok, || match step {
        ResolveStep::Open => open(project, &admin, about, plan),
        ResolveStep::Continue => settle(project, &admin, about, plan),
        ResolveStep::Abort => abandon(project, &admin, about),
    })
}

fn open(
    project: &Project,
    admin: &WorktreeAdmin,
    about: &AboutConflict,
    plan: &Plan,
) -> Result<Resolved, RefusalText> {
    let (name, run, what) = (&plan.name, &about.run, &about.what);
    may_be_resolved(project, about, plan)?;
    let repo = &project.repo;
    let onto = repo.branch_tip(&project.target).map_err(failed)?;
    let onto = onto.unwrap_or_else(|| project.base.clone());
    let head = match about.up_to() {
        Some(_) => about.end_of_part()?,
        None => {
            let tip = repo.branch_tip(&plan.branch).map_err(failed)?;
            tip.ok_or_else(|| refusal(format!("the branch `{}` is gone", plan.branch), None))?
        }
    };
    let builder = CandidateBuilder::new(repo, project.git().map_err(failed)?);
    let incoming = git::refs::stand_in(repo, &builder, name, &onto, &head).map_err(failed)?;
    let at = git::conflict::conflict_at(admin, name).map_err(failed)?;
    let clashing = builder.conflicts(&onto, &incoming).map_err(failed)?;
    if clashing.is_empty() && at.is_none() {
        return Err(refusal(
            format!("{} does not conflict with {}", named(what), project.target),
            Some(format!("orch merge {what}")),
        ));
    }
    let opened = git::conflict::open_conflict(
        admin,
        &ConflictSpec {
            plan: name,
            path: &project.conflict_path(name),
            onto: &onto,
            head: &head,
            incoming: &incoming,
            message: &words(project, what),
        },
    );
    let opened = opened.map_err(failed)?;
    let text = |paths: &[PathBuf]| {
        paths
            .iter()
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    };
    let report = ResolveReport {
        plan: what.clone(),
        worktree: Some(opened.path.to_string_lossy().into_owned()),
        files: text(&opened.unmerged),
        reused: text(&opened.reused),
        again: opened.again,
        backups: opened.backups.into_iter().map(|backup| backup.name).collect(),
        warnings: opened.warnings,
    };
    let known = run.resolution.path == report.worktree
        && run.resolution.up_to == about.up_to()
        && run.resolution.commit.is_none()
        && run.resolution.left_by.is_none();
    let events = if opened.again && known {
        Vec::new()
    } else {
        vec![Event::Resolve(Resolving::Opened(ConflictOpened {
            plan: name.clone(),
            up_to: about.up_to(),
            path: report.worktree.clone().unwrap_or_default(),
            onto,
            head,
            files: report.files.clone(),
            reused: report.reused.clone(),
        }))]
    };
    Ok((events, report))
}

/// Refuses anything that is no conflict of a finished plan, or of finished first phases, with the target.
fn may_be_resolved(project: &Project, about: &AboutConflict, plan: &Plan) -> Result<(), RefusalText> {
    let (name, run) = (&plan.name, &about.run);
    if run.landed.contains_key(&project.target) {
        let why = format!("plan {name} has landed on {}", project.target);
        return Err(refusal(why, None));
    }
    match &run.outcome {
        Some(Outcome::Finished) => {}
        // The commit at which the phases ended tells whether they are done.
        _ if about.up_to().is_some() => {}
        Some(Outcome::Held(Hold::Conflict { with, .. })) => {
            return Err(refusal(
                format!("plan {name} does not conflict with the target but with {with}, on which it builds"),
                Some(format!(
                    "merge {with} into its branch in its own worktree, commit, then orch up"
                )),
            ));
        }
        _ => {
            let hint = format!("orch why {name}");
            return Err(refusal(
                format!("the work of plan {name} is not finished"),
                Some(hint),
            ));
        }
    }
    if plan.merge_strategy == MergeStrategy::Rebase {
        return Err(refusal(
            format!(
                "plan {name} lands by `rebase`, commit by commit, and one resolution is not one for each of them"
            ),
            Some(format!(
                "write `merge_strategy = \"merge\"` (or \"squash\") for {name}, or rebase its branch in its own worktree"
            )),
        ));
    }
    Ok(())
}

fn settle(
    project: &Project,
    admin: &WorktreeAdmin,
    about: &AboutConflict,
    plan: &Plan,
) -> Result<Resolved, RefusalText> {
    let (name, run, what) = (&plan.name, &about.run, &about.what);
    may_be_resolved(project, about, plan)?;
    let commit = git::conflict::settle_conflict(admin, name, &words(project, what))
        .map_err(|error| unsettled(what, error))?;
    let events = match run.resolution.commit.as_ref() == Some(&commit) {
        true => Vec::new(),
        false => vec![Event::Resolve(Resolving::Done(ConflictResolved {
            plan: name.clone(),
            up_to: about.up_to(),
            commit,
            attempt: None,
            left_out: None,
        }))],
    };
    let at = git::conflict::conflict_at(admin, name).map_err(failed)?;
    let report = ResolveReport {
        worktree: at.map(|path| path.to_string_lossy().into_owned()),
        ..ResolveReport::of(what)
    };
    Ok((events, report))
}

fn unsettled(name: &WorkRef, error: ConflictError) -> RefusalText {
    let hint = match &error {
        ConflictError::NotOpen { .. } => Some(format!("orch merge --resolve {name}")),
        ConflictError::GivenUp { .. } => Some(format!(
            "`git merge` the other side there, or begin again: orch merge --abort {name}, orch merge --resolve {name}"
        )),
        ConflictError::Unmerged { .. } | ConflictError::Markers { .. } | ConflictError::Unstaged { .. } => {
            Some(format!(
                "orch merge --continue {name}, or orch merge --abort {name} to give it up"
            ))
        }
        // The worktree may have lost its connection to the repository.
        ConflictError::Ensure(_) | ConflictError::Remove(_) | ConflictError::Git(_) => {
            Some("orch doctor".to_owned())
        }
        ConflictError::InProgress { .. } => None,
    };
    refusal(error.to_string(), hint)
}

fn abandon(project: &Project, admin: &WorktreeAdmin, about: &AboutConflict) -> Result<Resolved, RefusalText> {
    let name = &about.what.plan;
    let (backups, warnings) = remove_conflict(project, name, |before| {
        git::conflict::abandon_conflict(admin, name, before)
    });
    let backups = backups.map_err(|error| unsettled(&about.what, error))?;
    let mut names: Vec<String> = backups.into_iter().map(|backup| backup.name).collect();
    names.dedup();
    let report = ResolveReport {
        backups: names,
        warnings,
        ..ResolveReport::of(&about.what)
    };
    let of = OfPlan { plan: name.clone() };
    Ok((vec![Event::Resolve(Resolving::Dropped(of))], report))
}

/// Refuses while the merge train or an agent handles the conflict.
fn refuse_while_busy(run: &PlanRun, name: &PlanName) -> Result<(), RefusalText> {
    if matches!(run.merge, Merge::Running(_)) {
        let why = format!("plan {name} is being merged now");
        return Err(refusal(why, Some(format!("orch why {name}"))));
    }
    if let Some(agent) = &run.resolution.agent {
        let attempt = &agent.attempt;
        let why = format!("the agent of {attempt} resolves the conflict of {name} now");
        return Err(refusal(
            why,
            Some(format!("orch logs {name} -f shows what it does")),
        ));
    }
    Ok(())
}

/// Refuses, while no supervisor is running, a step that only a later run can complete.
fn refuse_what_was_cut_short(
    project: &Project,
    run: &PlanRun,
    name: &PlanName,
    step: ResolveStep,
) -> Result<(), RefusalText> {
    if matches!(run.merge, Merge::Running(_)) && project.dir.landing().exists() {
        let why = format!("a landing was interrupted, perhaps that of plan {name}");
        return Err(refusal(why, Some("orch merge completes it".to_owned())));
    }
    let Some(agent) = &run.resolution.agent else {
        return Ok(());
    };
    let attempt = &agent.attempt;
    let state = JobFolder::new(project.dir.attempt(attempt)).state();
    if matches!(state.map_err(failed)?, JobState::Running(_)) {
        let why = format!(
            "the agent of {attempt} resolves the conflict of {name} although no supervisor is at work"
        );
        return Err(refusal(
            why,
            Some("orch merge waits for it, orch down --now ends it".to_owned()),
        ));
    }
    match step {
        ResolveStep::Abort => Ok(()),
        ResolveStep::Open | ResolveStep::Continue => Err(refusal(
            format!(
                "the supervisor was gone when the agent of {attempt}, which resolved the conflict of {name}, ended"
            ),
            Some(format!(
                "orch merge continues with its work, orch merge --abort {name} gives it up"
            )),
        )),
    }
}

fn refusal(why: String, hint: Option<String>) -> RefusalText {
    RefusalText { why, hint }
}

fn failed(error: impl std::fmt::Display) -> RefusalText {
    refusal(error.to_string(), None)
}
