//! Resolutions, by a person or an agent, of a conflict between a plan's branch and the target.
//!
//! `refs/orch/resolve/PLAN/done` is a commit that has both sides in its history: the earlier tip of the target
//! (`…/onto`) and the earlier tip of the plan's branch (`…/head`). The commit stands in for the branch when the plan is
//! merged. Onto the same target it merges without a conflict; onto a target that has moved on, only the later commits
//! are merged with it. Orch keeps a separate commit and leaves the plan's branch alone, so no branch or checkout moves,
//! and abandoning leaves no trace.

use crate::git::candidate::builder::{BuildOutcome, CandidateBuilder};
use crate::git::files::error::GitError;
use crate::git::keep::backup::{Backup, stamp};
use crate::git::keep::gate::{contained, drop_own_ref, spare_commit};
use crate::git::lock::own_ref::write_ref;
use crate::git::repo::repository::Repository;
use crate::plan::{CommitId, PlanName};

const RESOLUTIONS: &str = "refs/orch/resolve/";

/// A resolved conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedResolution {
    /// The commit with both sides in its history.
    pub commit: CommitId,
    /// The target's tip at that time.
    pub onto: CommitId,
    /// The tip of the plan's branch at that time.
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

/// The resolution of the plan's conflict; `None` when the conflict has not been resolved.
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

/// Both sides of the conflict for which the plan's conflict worktree was made: the target and the plan's branch.
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

/// Records a commit as the resolution of the plan's conflict. Commits that only an earlier resolution held go to a
/// backup.
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

/// Forgets the plan's resolution. `holder` is a commit of a ref that stays. Commits outside its history go to backups,
/// which are returned.
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

/// Restores the recorded resolution when somebody else has written the ref. Returns true when the ref had changed.
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

/// The refs of a plan's resolution, which may be the only refs that hold a commit.
pub(in crate::git) fn resolution_refs(plan: &PlanName) -> [String; 3] {
    ResolutionRef::ALL.map(|part| part.of(plan))
}

/// The commit to merge in place of a plan's branch with tip `head`, onto a target with tip `onto`. That is the
/// resolution of the plan's conflict, if it has earlier tips of both sides in its history, merged with later commits of
/// the branch; otherwise `head` itself.
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
    // Commits of the builder may not be written yet.
    builder.save()?;
    // A target that was moved back, or another target, must not get the commits of the target that the conflict was
    // resolved on.
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
        // The later commits conflict with the resolution, so the whole conflict has to be resolved again.
        BuildOutcome::Conflict { .. } => head.clone(),
    })
}
