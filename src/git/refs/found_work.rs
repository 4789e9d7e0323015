//! The plans' work that can be found in a repository after the journal is lost.

use super::pin::pins;
use super::unit::{marks, units};
use crate::git::files::error::GitError;
use crate::git::files::names::UNITS;
use crate::git::keep::gate::drop_own_ref;
use crate::git::program::command::{Git, parse_id};
use crate::git::repo::repository::Repository;
use crate::plan::{CommitId, PlanName, WorkRef};

/// How many commits of the target's first-parent history are read.
const LOOK_BACK: usize = 20_000;

/// A merge by which orch has landed a plan or its first phases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLanding {
    /// The plan, or its first phases.
    pub what: WorkRef,
    /// The merge.
    pub commit: CommitId,
    /// The tip of the landed commits.
    pub head: CommitId,
}

/// The merges by which orch has landed plans and first phases of plans, latest first. Each merge names the work in a
/// trailer.
///
/// # Errors
///
/// When the history cannot be read.
pub fn landings(repo: &Repository, target: &CommitId) -> Result<Vec<FoundLanding>, GitError> {
    let out = Git::on(repo.common_dir())
        .args(["log", "--first-parent", "--merges", "--grep=^Orch-Plan: "])
        .arg("--format=%H,%P,%(trailers:key=Orch-Plan,valueonly,separator=%x20)")
        .arg(format!("--max-count={LOOK_BACK}"))
        .arg(target.as_str())
        .run()?;
    let text = String::from_utf8_lossy(&out);
    let landing = |line: &str| {
        let mut parts = line.splitn(3, ',');
        let commit = parse_id(parts.next()?.as_bytes())?;
        let head = parse_id(parts.next()?.split(' ').next_back()?.as_bytes())?;
        let what = parts.next()?.trim().parse().ok()?;
        Some(FoundLanding { what, commit, head })
    };
    Ok(text.lines().filter_map(landing).collect())
}

/// True when a commit of a branch beyond `base` says that orch made it for the plan, or when orch keeps a ref for the
/// plan.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn is_of_plan(
    repo: &Repository,
    plan: &PlanName,
    tip: &CommitId,
    base: Option<&CommitId>,
) -> Result<bool, GitError> {
    if pins(repo)?.iter().any(|pin| pin.plan == *plan) || !units(repo, plan)?.is_empty() {
        return Ok(true);
    }
    let git = Git::on(repo.common_dir())
        .args(["log", "--max-count=1", "--format=%H"])
        .arg(format!("--grep=^Orch-Plan: {plan}$"))
        .arg(tip.as_str());
    let git = match base {
        Some(base) => git.args(["--not", base.as_str()]),
        None => git,
    };
    Ok(!git.run()?.is_empty())
}

/// Deletes the record of a unit's branch that does not exist.
///
/// # Errors
///
/// When the record cannot be deleted.
pub fn forget_unit(repo: &Repository, plan: &PlanName, branch: &str) -> Result<(), GitError> {
    if repo.branch_tip(branch)?.is_some() {
        return Ok(());
    }
    drop_own_ref(repo, &format!("{UNITS}{plan}/{branch}"), plan.as_str(), None).map(drop)
}

/// All records of branches of units, with the names of their plans.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn all_units(repo: &Repository) -> Result<Vec<(String, String)>, GitError> {
    let marks = marks(repo, UNITS)?;
    let pair = |mark: &String| {
        mark.split_once('/')
            .map(|(plan, branch)| (plan.to_owned(), branch.to_owned()))
    };
    Ok(marks.iter().filter_map(pair).collect())
}

/// Where a branch began: the first commit in its reflog, or without a reflog the commit where it left the target.
/// `None` when the branch does not exist or shares no commit with the target.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn began_at(repo: &Repository, branch: &str, target: &str) -> Result<Option<CommitId>, GitError> {
    let Some(tip) = repo.branch_tip(branch)? else {
        return Ok(None);
    };
    let first = {
        let handle = repo.handle();
        let log = handle.reflog(&crate::git::repo::ids::branch_ref(branch)).ok();
        let oldest = log.and_then(|log| log.get(log.len().checked_sub(1)?).map(|entry| entry.id_new()));
        oldest.map(crate::git::repo::ids::commit_id)
    };
    if let Some(first) = first
        && repo.is_ancestor(&first, &tip).unwrap_or(false)
    {
        return Ok(Some(first));
    }
    match repo.branch_tip(target)? {
        Some(target) => repo.merge_base(&tip, &target),
        None => Ok(None),
    }
}
