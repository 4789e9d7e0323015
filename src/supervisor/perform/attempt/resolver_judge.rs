//! Whether an agent's resolution of a conflict is accepted. Nothing may be left unmerged, nothing but the conflict may be touched, no line
//! that either side added may vanish unexplained, and the verification of both plans must pass. The train verifies the merge itself.

use std::fs;
use std::path::Path;

use crate::agent::JobFolder;
use crate::git::{self, CandidateBuilder, WorktreeAdmin};
use crate::plan::{CommitId, FileSides, FinishCheck, Plan, returned, speaks_of, vanished};
use crate::schedule::{Exit, ResolveOrder};

use crate::supervisor::perform::build::conflict::words;
use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::command::verify::{Check, VerifyOutcome};
use crate::supervisor::perform::tree::candidate_pool::CandidatePool;
use crate::supervisor::project::environment;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// The file in the worktree in which the agent explains lines that it left out.
pub const LEFT_OUT: &str = ".orch/left-out.md";

/// How many bytes of that explanation are shown.
const SHOWN: usize = 2000;
/// How many lines are named.
const NAMED: usize = 10;

/// An accepted resolution.
pub struct Accepted {
    pub commit: CommitId,
    /// The agent's explanation of lines that it left out.
    pub left_out: Option<String>,
}

/// Why a resolution is refused.
pub struct RefusedResolution {
    pub exit: Exit,
    pub why: String,
}

/// Judges the agent's work in the worktree, and accepts good work as the resolution.
pub fn judge(
    project: &Project,
    admin: &WorktreeAdmin,
    pool: &CandidatePool,
    order: &ResolveOrder,
    plan: &Plan,
) -> Result<Accepted, RefusedResolution> {
    let refused = |why: String| RefusedResolution {
        exit: Exit::Code { code: 0 },
        why,
    };
    let commit = git::conflict::commit_conflict(admin, &plan.name, &words(project, &order.what()))
        .map_err(|error| refused(error.to_string()))?;
    let path = git::conflict::conflict_at(admin, &plan.name).map_err(|error| refused(error.to_string()))?;
    let path = path.ok_or_else(|| refused("its worktree is gone".to_owned()))?;
    refuse_other_changes(project, order, &commit).map_err(refused)?;
    refuse_foreign_commits(project, order, &commit).map_err(refused)?;
    let left_out = account(project, order, &commit, &path).map_err(refused)?;
    let clean = git::state::inspect_in(&project.repo, &path).is_ok_and(|state| state.is_clean());
    both_pass(project, pool, order, plan, &path).map_err(refused)?;
    git::conflict::keep_conflict(admin, &plan.name, &commit).map_err(|error| refused(error.to_string()))?;
    if clean {
        git::conflict::sweep_conflict(admin, &plan.name).map_err(|error| refused(error.to_string()))?;
    }
    Ok(Accepted { commit, left_out })
}

/// Refuses differences from git's own merge outside of the conflict: nobody asked for those. A person may accept them.
fn refuse_other_changes(project: &Project, order: &ResolveOrder, commit: &CommitId) -> Result<(), String> {
    let (repo, git) = (&project.repo, project.git().map_err(in_words)?);
    let outside = |incoming: &CommitId| {
        git::candidate::outside_of_conflict(repo, git, [&order.onto, incoming], commit).map_err(in_words)
    };
    let mut found = outside(&order.head)?;
    if !found.files.is_empty() {
        // An earlier resolution stands in for the branch.
        let builder = CandidateBuilder::new(repo, git);
        let incoming = git::refs::stand_in(repo, &builder, &order.plan, &order.onto, &order.head);
        found = outside(&incoming.map_err(in_words)?)?;
    }
    if found.files.is_empty() {
        return Ok(());
    }
    let named = found.files.iter().take(NAMED);
    let named: Vec<String> = named
        .map(|(file, what)| format!("{}: {what}", file.display()))
        .collect();
    let more = match found.files.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("\nand {more} more"),
    };
    Err(format!(
        "it changes what was not in conflict:\n{}{more}\n`git diff {} {}` shows the difference from git's own merge; `orch merge \
         --continue {}` accepts it",
        named.join("\n"),
        &found.automatic[..found.automatic.len().min(12)],
        commit.short(),
        order.plan
    ))
}

/// Refuses a history with commits from outside of the two sides: its commits count as landed, whether or not the tree contains their changes.
fn refuse_foreign_commits(project: &Project, order: &ResolveOrder, commit: &CommitId) -> Result<(), String> {
    let repo = &project.repo;
    let builder = CandidateBuilder::new(repo, project.git().map_err(in_words)?);
    let incoming =
        git::refs::stand_in(repo, &builder, &order.plan, &order.onto, &order.head).map_err(in_words)?;
    let foreign = git::candidate::held_elsewhere(repo, commit, &[&order.onto, &order.head, &incoming])
        .map_err(in_words)?;
    match foreign {
        None => Ok(()),
        Some(name) => Err(format!(
            "its history has commits of {name}, which is neither of the two that were to be merged: they would count as landed"
        )),
    }
}

/// Looks for lines that either side added and that the merge lacks. Returns the agent's explanation, if it covers each of them.
fn account(
    project: &Project,
    order: &ResolveOrder,
    commit: &CommitId,
    path: &Path,
) -> Result<Option<String>, String> {
    let files =
        git::candidate::merged_files(&project.repo, &order.onto, &order.head, commit).map_err(in_words)?;
    let said = fs::read(path.join(LEFT_OUT)).unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    let mut missing = Vec::new();
    let mut explained = false;
    for file in &files {
        let sides = FileSides {
            base: &file.base,
            ours: &file.ours,
            theirs: &file.theirs,
            merged: &file.merged,
        };
        let gone = vanished(sides).into_iter().map(|line| (line, ""));
        let back = returned(sides).into_iter();
        for (line, what) in gone.chain(back.map(|line| (line, " (was taken away, and is there again)"))) {
            match speaks_of(&said, &line) {
                true => explained = true,
                false => missing.push(format!("{}: {line}{what}", file.path.display())),
            }
        }
    }
    if missing.is_empty() {
        let shown: String = said.trim().chars().take(SHOWN).collect();
        return Ok(explained.then_some(shown));
    }
    let more = missing.len().saturating_sub(NAMED);
    missing.truncate(NAMED);
    let more = if more > 0 {
        format!("\nand {more} more")
    } else {
        String::new()
    };
    Err(format!(
        "lines that one side added are gone, or some that it took away are back, and {LEFT_OUT} does not say why:\n{}{more}",
        missing.join("\n")
    ))
}

/// Runs the verification of the plan and of each plan that it conflicts with.
fn both_pass(
    project: &Project,
    pool: &CandidatePool,
    order: &ResolveOrder,
    plan: &Plan,
    path: &Path,
) -> Result<(), String> {
    let others = order.with.iter().filter_map(|name| project.plan(name));
    let folder = JobFolder::new(project.dir.conflict_verification(&plan.name));
    // The plan's `verify` applies to the whole plan, not to its first phases.
    let own = [plan].into_iter().filter(|_| order.up_to.is_none());
    for (number, side) in own.chain(others).enumerate() {
        let checks = FinishCheck::of_plan(side);
        if checks.is_empty() {
            continue;
        }
        pool.resolver_runs(&order.attempt, &folder);
        let check = Check {
            tag: format!("resolve-{}-{number}", order.attempt),
            checks: &checks,
            worktree: path,
            timeout: side.attempts.timeout,
            grace: side.attempts.grace,
            gently: false,
        };
        let variables =
            environment::for_train(project, Some(side), &crate::git::conflict_key(&plan.name), path);
        let at_work = verify::at_work(&folder, &check.tag, &checks);
        let said = verify::run(project, &folder, variables, &check, at_work, &|| {
            pool.is_unwanted_resolver(&order.attempt)
        })?;
        match said {
            VerifyOutcome::Passed => {}
            VerifyOutcome::Failed { why, .. } => {
                return Err(format!("what verifies plan {} does not pass: {why}", side.name));
            }
            VerifyOutcome::Stopped => return Err("it was stopped".to_owned()),
        }
    }
    Ok(())
}
