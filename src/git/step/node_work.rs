//! The local worktree of an attempt that runs on a node. The worktree is moved forward to the commits that the node
//! reports.

use std::collections::BTreeSet;
use std::path::Path;

use super::cut_step::undo_cut_step;
use crate::git::files::error::GitError;
use crate::git::keep::step::{self, StepRecord};
use crate::git::program::command::{Git, GitAnswer, parse_id};
use crate::git::state::inspect::head_of;
use crate::plan::CommitId;

/// The result of moving the worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneMoved {
    /// The worktree is on the commit.
    Done,
    /// Like [`LaneMoved::Done`], but the branch's earlier tip, given here, is not an ancestor of the commit.
    Rewritten(CommitId),
    /// Somebody has changed the worktree. Holds git's message.
    Refused(String),
}

/// Moves the checked-out branch and the files to the commit `tip`. Uncommitted changes in the same files make git
/// refuse. For each commit in `made` on the way, the branch's reflog says that it was committed: so the attempt's work
/// can be told from that of others.
///
/// # Errors
///
/// When git cannot be run.
pub fn move_lane(worktree: &Path, tip: &CommitId, made: &[CommitId]) -> Result<LaneMoved, GitError> {
    undo_cut_step(worktree)?;
    let git = || Git::within(worktree).config("core.hooksPath=/dev/null");
    let head = git().args(["rev-parse", "--verify", "HEAD"]).run_for_id()?;
    if head == *tip {
        return Ok(LaneMoved::Done);
    }
    let below = git()
        .args(["merge-base", "--is-ancestor", head.as_str(), tip.as_str()])
        .answer()?;
    let new = git()
        .args(["rev-list", tip.as_str(), &format!("^{head}")])
        .run()?;
    let new: BTreeSet<CommitId> = String::from_utf8_lossy(&new)
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    let mut steps: Vec<&CommitId> = made.iter().filter(|commit| new.contains(*commit)).collect();
    if steps.last() != Some(&tip) {
        steps.push(tip);
    }
    for commit in steps {
        // A commit that only arrived on the node's branch was made by somebody else.
        let action = if made.contains(commit) {
            "commit"
        } else {
            "reset: moving"
        };
        let moved = recorded(worktree, commit, || {
            git()
                .env("GIT_REFLOG_ACTION", action)
                .args(["reset", "--quiet", "--keep", commit.as_str()])
                .answer()
        })?;
        if !moved.status.success() {
            return Ok(LaneMoved::Refused(moved.stderr));
        }
    }
    Ok(match below.status.success() {
        true => LaneMoved::Done,
        false => LaneMoved::Rewritten(head),
    })
}

/// Runs a step towards a commit, with a record by which an interrupted step can be undone.
fn recorded(
    worktree: &Path,
    to: &CommitId,
    work: impl FnOnce() -> Result<GitAnswer, GitError>,
) -> Result<GitAnswer, GitError> {
    let (from, to) = (head_of(worktree)?, to.clone());
    step::begin(worktree, &StepRecord::CheckOut { from, to })?;
    let answer = work()?;
    // A killed git command has done half of the step.
    if answer.status.code().is_some() {
        step::end(worktree)?;
    }
    Ok(answer)
}

/// Writes the files of a snapshot whose parent is HEAD, uncommitted as they were. Another call changes nothing.
///
/// # Errors
///
/// When git refuses.
pub fn put_snapshot(worktree: &Path, snapshot: &CommitId) -> Result<(), GitError> {
    undo_cut_step(worktree)?;
    let git = || Git::within(worktree).config("core.hooksPath=/dev/null");
    let files = git()
        .args(["ls-files", "--others", "--modified", "--exclude-standard"])
        .run()?;
    if !files.is_empty() {
        // An earlier, interrupted try may have written all files. Then only the index is HEAD's, or half done.
        git().args(["add", "--all"]).run()?;
        let there = git().arg("write-tree").run()?;
        let wanted = git()
            .args(["rev-parse", "--verify"])
            .arg(format!("{snapshot}^{{tree}}"))
            .run()?;
        if parse_id(&there) == parse_id(&wanted) {
            git().args(["reset", "--quiet"]).run()?;
            return Ok(());
        }
        git().args(["reset", "--quiet"]).run()?;
    }
    let put = recorded(worktree, snapshot, || {
        git()
            .args(["read-tree", "-m", "-u", "HEAD", snapshot.as_str()])
            .answer()
    })?;
    if !put.status.success() {
        return Err(put.failure());
    }
    git().args(["reset", "--quiet"]).run()?;
    Ok(())
}

/// Detaches the worktree from its branch, at the commit where its agent left it detached.
///
/// # Errors
///
/// When git refuses.
pub fn stand_on(worktree: &Path, commit: &CommitId) -> Result<(), GitError> {
    undo_cut_step(worktree)?;
    let stood = recorded(worktree, commit, || {
        Git::within(worktree)
            .config("core.hooksPath=/dev/null")
            .args(["checkout", "--quiet", "--detach", commit.as_str()])
            .answer()
    })?;
    match stood.status.success() {
        true => Ok(()),
        false => Err(stood.failure()),
    }
}
