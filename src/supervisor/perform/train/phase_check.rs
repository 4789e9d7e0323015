//! The verification of a phase, on the exact commit with which it ends, in a worktree of the train's. The plan's own worktree
//! may be in use, and may contain uncommitted files.

use std::time::Instant;

use crate::agent::JobFolder;
use crate::git::{self, WorktreeAdmin};
use crate::plan::{FinishCheck, PhaseId, Plan, PlanName};
use crate::schedule::train::BuildId;
use crate::schedule::{Event, PhaseSaid, PhaseVerify, Ran};

use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::command::verify::VerifyOutcome;
use crate::supervisor::perform::tree::candidate_pool::{CandidatePool, train_key};
use crate::supervisor::perform::tree::tree_run::keep_log;
use crate::supervisor::perform::tree::worktree::provision_own;
use crate::supervisor::project::environment;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// Runs the manifest's check for the end of the phase, on the tip of the plan's branch. Repeats it when the tip has moved
/// meanwhile, because a pass counts for one commit only.
pub fn verify_phase(
    project: &Project,
    admin: &WorktreeAdmin,
    pool: &CandidatePool,
    name: &PlanName,
    phase: PhaseId,
) -> Event {
    let word = |said, ran, why| {
        Event::PhaseVerify(PhaseVerify {
            plan: name.clone(),
            phase,
            said,
            ran,
            why,
        })
    };
    let Some(plan) = project.plan(name) else {
        let why = "the plan is no longer in the manifest".to_owned();
        return word(PhaseSaid::Failed, None, Some(why));
    };
    let moved = |ran: &Ran| match project.repo.branch_tip(&plan.branch) {
        Ok(Some(tip)) => tip != ran.commit,
        Ok(None) | Err(_) => false,
    };
    let mut found = said(project, admin, pool, plan, phase);
    while let Ok((ran, VerifyOutcome::Passed)) = &found
        && moved(ran)
    {
        found = said(project, admin, pool, plan, phase);
    }
    match found {
        Ok((ran, VerifyOutcome::Passed)) => word(PhaseSaid::Passed, Some(ran), None),
        Ok((ran, VerifyOutcome::Failed { why, .. })) => word(PhaseSaid::Failed, Some(ran), Some(why)),
        Ok((_, VerifyOutcome::Stopped)) => word(PhaseSaid::Stopped, None, None),
        Err(why) => word(PhaseSaid::Failed, None, Some(why)),
    }
}

/// Ends the check, or keeps it from starting.
pub fn stop_phase_check(project: &Project, pool: &CandidatePool, plan: &PlanName, phase: PhaseId) {
    pool.stop(project, build_of(plan, phase));
}

/// A number that no build of the train and no early build has; always the same for the same phase.
fn build_of(plan: &PlanName, phase: PhaseId) -> BuildId {
    const PHASE: BuildId = 1 << 62;
    let bytes = plan.as_str().bytes().chain(phase.0.to_le_bytes());
    let print = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |print, byte| {
        (print ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    PHASE | print >> 2
}

fn said(
    project: &Project,
    admin: &WorktreeAdmin,
    pool: &CandidatePool,
    plan: &Plan,
    phase: PhaseId,
) -> Result<(Ran, VerifyOutcome), String> {
    let own = plan.phases.get(&phase);
    let checks = own.map(FinishCheck::of_phase).unwrap_or_default();
    let line = FinishCheck::line_of(&checks);
    let tip = project.repo.branch_tip(&plan.branch);
    let commit = tip
        .map_err(in_words)?
        .ok_or_else(|| format!("the branch `{}` is gone", plan.branch))?;
    let tree = project.repo.tree_of(&commit).map_err(in_words)?;
    let ran = |took_ms| Ran {
        line: line.clone().unwrap_or_default(),
        commit: commit.clone(),
        tree: tree.clone(),
        took_ms,
    };
    // The check was removed from the manifest meanwhile.
    if checks.is_empty() {
        return Ok((ran(0), VerifyOutcome::Passed));
    }
    let build = build_of(&plan.name, phase);
    let unwanted = || pool.is_unwanted(build);
    let tag = format!("phase-{}-{phase}-{}", plan.name, commit.short());
    let taken = pool.take_slot(project, build, &tag);
    let name = train_key(taken.slot);
    let folder = JobFolder::new(project.dir.train_verification(taken.slot));
    let path = project.worktree_path(&name);
    let at_work = verify::at_work(&folder, &tag, &checks);
    let worktree = if at_work.is_some() {
        // The files under a running verification must not change.
        path
    } else {
        verify::end(&folder)?;
        let ignored = project.set.merge.cleans_ignored;
        let ready = git::worktree::ensure_exact(admin, &name, &path, &commit, ignored);
        let ready = ready.map_err(in_words)?;
        provision_own(project, plan, &name, &ready.path)?;
        ready.path
    };
    let mut variables = environment::for_train(project, Some(plan), &name, &worktree);
    variables.set("ORCH_PHASE", phase.to_string());
    let check = verify::Check {
        tag,
        checks: &checks,
        worktree: &worktree,
        timeout: plan.attempts.timeout,
        grace: plan.attempts.grace,
        gently: false,
    };
    let began = Instant::now();
    let said = verify::run(project, &folder, variables, &check, at_work, &unwanted);
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    keep_log(project, Some(plan), &folder);
    // An unusable worktree is created again when it is needed.
    let _ = admin.record_left(&name);
    verify::forget_end(&folder);
    Ok((ran(took), said?))
}
