//! Resolutions, by a person or an agent, of a conflict between a plan's branch and the target.
//!
//! `refs/orch/resolve/PLAN/done` is a commit that has both sides in its history: the target as it stood (`…/onto`) and the plan's
//! branch as it stood (`…/head`). It stands in for the branch when the plan is merged: onto the same target it merges without a
//! conflict, and onto one that has continued only what came since is merged with it. A commit, and not the plan's branch itself,
//! is what is kept, so that nobody's branch or checkout moves and giving up leaves no trace.

use crate::git::candidate::builder::{BuildOutcome, CandidateBuilder};
use crate::git::files::error::GitError;
use crate::git::keep::backup::{Backup, stamp};
use crate::git::keep::gate::{contained, drop_own_ref, spare_commit};
use crate::git::lock::own_ref::write_ref;
use crate::git::repo::repository::Repository;
use crate::plan::{CommitId, PlanName};

const RESOLUTIONS: &str = "refs/orch/resolve/";

/// A conflict that was resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedResolution {
    /// The commit that holds both sides.
    pub commit: CommitId,
    /// The target as it stood.
    pub onto: CommitId,
    /// The plan's branch as it stood.
    pub head: CommitId,
}

/// One of the refs of a plan's resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum ResolutionRef {
    Done,
    Onto,
    Head,
}

impl ResolutionRef {
    const ALL: [Self; 3] = [Self::Done, Self::Onto, Self::Head];

    pub(in crate::git) fn of(self, plan: &PlanName) -> String {
        let part = match self {
            Self::Done => "done",
            Self::Onto => "onto",
            Self::Head => "head",
        };
        format!("{RESOLUTIONS}{plan}/{part}")
    }
}

/// What was made of the plan's conflict, once it was resolved.
///
/// # Errors
///
/// When refs cannot be read.
pub fn resolution(repo: &Repository, plan: &PlanName) -> Result<Option<RecordedResolution>, GitError> {
    let Some(commit) = repo.ref_target(&ResolutionRef::Done.of(plan))? else {
        return Ok(None);
    };
    let onto = repo.ref_target(&ResolutionRef::Onto.of(plan))?;
    let head = repo.ref_target(&ResolutionRef::Head.of(plan))?;
    let all = onto.zip(head);
    Ok(all.map(|(onto, head)| RecordedResolution { commit, onto, head }))
}

/// Both sides of the conflict that the plan's worktree for it was made for: the target, and the plan's branch.
pub(in crate::git) fn sides(
    repo: &Repository,
    plan: &PlanName,
) -> Result<Option<(CommitId, CommitId)>, GitError> {
    let onto = repo.ref_target(&ResolutionRef::Onto.of(plan))?;
    let head = repo.ref_target(&ResolutionRef::Head.of(plan))?;
    Ok(onto.zip(head))
}

pub(in crate::git) fn note_sides(
    repo: &Repository,
    plan: &PlanName,
    onto: &CommitId,
    head: &CommitId,
) -> Result<(), GitError> {
    write_ref(repo, &ResolutionRef::Onto.of(plan), onto, "orch: resolve")?;
    write_ref(repo, &ResolutionRef::Head.of(plan), head, "orch: resolve")
}

/// Keeps a commit as what was made of the plan's conflict. What an earlier one alone held goes to a backup.
pub(in crate::git) fn note_resolution(
    repo: &Repository,
    plan: &PlanName,
    commit: &CommitId,
) -> Result<(), GitError> {
    let name = ResolutionRef::Done.of(plan);
    if let Some(old) = repo.ref_target(&name)?
        && contained(repo, &old, commit)?.is_none()
    {
        spare_commit(repo, plan.as_str(), &old, &[&name], &stamp())?;
    }
    write_ref(repo, &name, commit, "orch: resolved")
}

/// Forgets the plan's resolution. `holder` is a commit that a ref has which stays; what it does not hold goes to backups,
/// which are given.
///
/// # Errors
///
/// When refs cannot be read or deleted.
pub fn forget_resolution(
    repo: &Repository,
    plan: &PlanName,
    holder: Option<&CommitId>,
) -> Result<Vec<Backup>, GitError> {
    let mut backups = Vec::new();
    for part in ResolutionRef::ALL {
        backups.extend(drop_own_ref(repo, &part.of(plan), plan.as_str(), holder)?);
    }
    Ok(backups)
}

/// Puts what stands for a resolved conflict back to what it was, when somebody else has written it. True when that was so.
///
/// # Errors
///
/// When refs cannot be read or written.
pub fn put_resolution_back(
    repo: &Repository,
    plan: &PlanName,
    was: Option<&CommitId>,
) -> Result<bool, GitError> {
    let name = ResolutionRef::Done.of(plan);
    let now = repo.ref_target(&name)?;
    if now.as_ref() == was {
        return Ok(false);
    }
    match was {
        Some(was) => note_resolution(repo, plan, was)?,
        None => drop(drop_own_ref(repo, &name, plan.as_str(), None)?),
    }
    Ok(true)
}

/// The names under which a plan's resolution may alone hold a commit.
pub(in crate::git) fn resolution_refs(plan: &PlanName) -> [String; 3] {
    ResolutionRef::ALL.map(|part| part.of(plan))
}

/// What is to be merged in the place of a plan's branch that is at `head`, onto a target that is at `onto`: the resolution of its
/// conflict where there is one that still speaks of both, with what came onto the branch since; else the head itself.
///
/// # Errors
///
/// When refs or commits cannot be read.
pub fn stand_in(
    repo: &Repository,
    builder: &CandidateBuilder,
    plan: &PlanName,
    onto: &CommitId,
    head: &CommitId,
) -> Result<CommitId, GitError> {
    let Some(resolution) = resolution(repo, plan)? else {
        return Ok(head.clone());
    };
    // What is below may not be written yet.
    builder.save()?;
    // A target that was set back, or another one, must not get the commits of the one it was resolved on.
    let fits = repo.is_ancestor(&resolution.onto, onto)? && repo.is_ancestor(&resolution.head, head)?;
    if !fits {
        return Ok(head.clone());
    }
    if repo.is_ancestor(head, &resolution.commit)? {
        return Ok(resolution.commit);
    }
    let message = format!("Merge what came onto the branch of plan {plan} since its conflict was resolved");
    Ok(match builder.build(&resolution.commit, head, &message)? {
        BuildOutcome::Candidate(candidate) => candidate.commit,
        BuildOutcome::AlreadyContained => resolution.commit,
        // What came since conflicts with the resolution: the whole is to be resolved again.
        BuildOutcome::Conflict { .. } => head.clone(),
    })
}
