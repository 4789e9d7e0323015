//! The local worktree of an attempt that runs on a node. The worktree is moved forward to the commits that the node
//! reports.

use std::collections::BTreeSet;
use std::path::Path;

use super::cut_step::undo_cut_step;
use crate::git::files::error::GitError;
use crate::git::keep::step::{self, StepRecord};
use crate::git::program::command::{Git, GitAnswer, parse_id};
use crate::git::repo::ids::{commit_id, oid};
use crate::git::state::inspect::head_of;
use crate::plan::CommitId;

/// The longest line of commits that is looked for without git.
const LINE: usize = 100;

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
    let head = head_of(worktree)?;
    if head == *tip {
        return Ok(LaneMoved::Done);
    }
    let (new, below) = match line_between(worktree, &head, tip) {
        Some(line) => (line, true),
        None => {
            let below = ["merge-base", "--is-ancestor", head.as_str(), tip.as_str()];
            let below = git().args(below).answer()?.status.success();
            let new = git()
                .args(["rev-list", tip.as_str(), &format!("^{head}")])
                .run()?;
            let new = String::from_utf8_lossy(&new);
            (new.lines().filter_map(|line| line.parse().ok()).collect(), below)
        }
    };
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
    Ok(match below {
        true => LaneMoved::Done,
        false => LaneMoved::Rewritten(head),
    })
}

/// The commits from `head`, without it, to `tip`, when they are a short line without merges: what agents usually make between two
/// looks. It is found without a process.
fn line_between(worktree: &Path, head: &CommitId, tip: &CommitId) -> Option<BTreeSet<CommitId>> {
    let repo = git2::Repository::open(worktree).ok()?;
    let (head, mut at) = (oid(head).ok()?, oid(tip).ok()?);
    let mut line = BTreeSet::new();
    while at != head {
        let commit = repo.find_commit(at).ok()?;
        if commit.parent_count() != 1 || line.len() >= LINE {
            return None;
        }
        line.insert(commit_id(at));
        at = commit.parent_id(0).ok()?;
    }
    Some(line)
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
