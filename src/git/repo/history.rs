//! The history of a branch, as git draws it.

use std::collections::BTreeSet;

use super::ids::{commit_id, oid};
use super::repository::Repository;
use crate::git::files::error::GitError;
use crate::git::program::command::{Git, parse_id};
use crate::plan::{CommitId, PlanName};

/// How many commits are read.
const LOOKED_AT: usize = 1000;

/// The output of `git log --graph --oneline` for a branch, in colour or not, whatever is configured.
///
/// # Errors
///
/// When there is no such branch.
pub fn history_graph(repo: &Repository, branch: &str, colour: bool) -> Result<String, GitError> {
    let when = if colour { "always" } else { "never" };
    let out = Git::on(repo.common_dir())
        .args([
            "log",
            "--graph",
            "--oneline",
            "--no-decorate",
            "--no-show-signature",
        ])
        .arg(format!("--color={when}"))
        .arg(format!("refs/heads/{branch}"))
        .arg("--")
        .run()?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// The merge on the first-parent line of `tip` that merged `head` as its second parent. `None` when there is no such
/// merge among the last thousand commits.
pub fn merge_of(repo: &Repository, head: &CommitId, tip: &CommitId) -> Result<Option<CommitId>, GitError> {
    let head = oid(head)?;
    latest(repo, tip, |commit| {
        let second = commit.parent_id(1);
        second
            .is_ok_and(|second| second == head)
            .then(|| commit_id(commit.id()))
    })
}

/// The commit that reverted a plan. Only when the revert is the latest commit about the plan on the first-parent line
/// of `tip`, by the trailers of the last thousand commits, and nobody has undone the revert.
pub fn taken_back_by(
    repo: &Repository,
    plan: &PlanName,
    tip: &CommitId,
) -> Result<Option<CommitId>, GitError> {
    let (landed, back) = (format!("Orch-Plan: {plan}"), format!("Orch-Revert: {plan}"));
    let word = latest(repo, tip, |commit| {
        let message = String::from_utf8_lossy(commit.message_bytes());
        let mut lines = message.lines();
        let part = format!("{landed}.");
        let word = lines.find(|line| *line == landed || *line == back || line.starts_with(&part))?;
        Some((word == back).then(|| commit_id(commit.id())))
    })?;
    match word.flatten() {
        Some(back) if !is_undone(repo, &back, tip)? => Ok(Some(back)),
        _ => Ok(None),
    }
}

/// True when a commit in the history of `tip` says, in the words of `git revert`, that it reverts `back`, and was not
/// itself reverted in this way.
pub fn is_undone(repo: &Repository, back: &CommitId, tip: &CommitId) -> Result<bool, GitError> {
    const WORDS: &str = "This reverts commit ";
    let cannot = || GitError::library("read the history of the target");
    let handle = repo.handle();
    let mut walk = handle.revwalk().map_err(cannot())?;
    walk.set_sorting(git2::Sort::TOPOLOGICAL).map_err(cannot())?;
    walk.push(oid(tip)?).map_err(cannot())?;
    walk.hide(oid(back)?).map_err(cannot())?;
    // Children come first: whether a commit counts is known before the commit that it undoes is met.
    let mut undone: BTreeSet<String> = BTreeSet::new();
    for id in walk.take(LOOKED_AT) {
        let commit = id.and_then(|id| handle.find_commit(id)).map_err(cannot())?;
        if undone.contains(&commit.id().to_string()) {
            continue;
        }
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let ids = message.split(WORDS).skip(1);
        undone.extend(ids.map(|rest| rest.chars().take_while(char::is_ascii_hexdigit).collect()));
    }
    Ok(undone.contains(back.as_str()))
}

/// The commits in the history of `tip` and of none of `without`, latest first. Each comes with true when it makes a
/// change of its own; merges and empty commits do not. Commits of `without` that are not in the repository are ignored.
///
/// # Errors
///
/// When the history cannot be read.
pub fn commits_beyond<'a>(
    repo: &Repository,
    tip: &CommitId,
    without: impl IntoIterator<Item = &'a CommitId>,
) -> Result<Vec<(CommitId, bool)>, GitError> {
    let cannot = || GitError::library("read the history of a branch");
    let handle = repo.handle();
    let mut walk = handle.revwalk().map_err(cannot())?;
    walk.set_sorting(git2::Sort::TOPOLOGICAL).map_err(cannot())?;
    walk.push(oid(tip)?).map_err(cannot())?;
    for commit in without {
        let commit = oid(commit)?;
        if handle.find_commit(commit).is_ok() {
            walk.hide(commit).map_err(cannot())?;
        }
    }
    let mut beyond = Vec::new();
    for id in walk {
        let commit = id.and_then(|id| handle.find_commit(id)).map_err(cannot())?;
        let same = || {
            commit
                .parent(0)
                .is_ok_and(|parent| parent.tree_id() == commit.tree_id())
        };
        beyond.push((commit_id(commit.id()), commit.parent_count() < 2 && !same()));
    }
    Ok(beyond)
}

/// The commits on the first-parent line of `tip` that are not in the history of `since`, newest first, at most `most`,
/// without merges. Each is given as its short id and its subject.
///
/// # Errors
///
/// When the history cannot be read.
pub fn subjects_since(
    repo: &Repository,
    tip: &CommitId,
    since: &CommitId,
    most: usize,
) -> Result<Vec<String>, GitError> {
    let cannot = || GitError::library("read the history of a branch");
    let handle = repo.handle();
    let mut walk = handle.revwalk().map_err(cannot())?;
    walk.simplify_first_parent().map_err(cannot())?;
    walk.push(oid(tip)?).map_err(cannot())?;
    walk.hide(oid(since)?).map_err(cannot())?;
    let mut found = Vec::new();
    for id in walk {
        let commit = id.and_then(|id| handle.find_commit(id)).map_err(cannot())?;
        if commit.parent_count() < 2 && found.len() < most {
            let subject = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
            found.push(format!("{} {subject}", commit_id(commit.id()).short()));
        }
    }
    Ok(found)
}

/// Copies in the history of `tip`, as `git commit --amend` or a rebase makes them: commits that make the same change as
/// a commit of `before` that is not in the history of `tip`.
///
/// # Errors
///
/// When the history cannot be read.
pub fn copies_since(
    repo: &Repository,
    before: &CommitId,
    tip: &CommitId,
) -> Result<BTreeSet<CommitId>, GitError> {
    let out = Git::on(repo.common_dir())
        .args(["rev-list", "--cherry-mark", "--right-only", "--no-merges"])
        .arg(format!("{before}...{tip}"))
        .run()?;
    let lines = out.split(|byte| *byte == b'\n');
    Ok(lines
        .filter_map(|line| parse_id(line.strip_prefix(b"=")?))
        .collect())
}

/// The tips of a branch's copies that were fetched from other repositories.
///
/// # Errors
///
/// When the refs cannot be read.
pub fn fetched_tips(repo: &Repository, branch: &str) -> Result<Vec<CommitId>, GitError> {
    let cannot = || GitError::library("list what was fetched");
    let handle = repo.handle();
    let copies = handle
        .references_glob(&format!("refs/remotes/*/{branch}"))
        .map_err(cannot())?;
    let tips = copies.flatten().filter_map(|copy| copy.peel_to_commit().ok());
    Ok(tips.map(|tip| commit_id(tip.id())).collect())
}

/// True when every commit on the first-parent line of `tip`, down to `end`, is known. False when the line is longer
/// than a thousand commits or does not lead to `end`.
pub fn is_made_of(
    repo: &Repository,
    tip: &CommitId,
    known: &BTreeSet<&CommitId>,
    end: &CommitId,
) -> Result<bool, GitError> {
    let word = latest(repo, tip, |commit| {
        let commit = commit_id(commit.id());
        if commit == *end {
            Some(true)
        } else {
            (!known.contains(&commit)).then_some(false)
        }
    })?;
    Ok(word.unwrap_or(false))
}

/// The first parent of a commit; `None` for a root commit and for a missing commit.
pub fn first_parent(repo: &Repository, commit: &CommitId) -> Option<CommitId> {
    let parent = repo.handle().find_commit(oid(commit).ok()?).ok()?.parent_id(0);
    parent.ok().map(commit_id)
}

/// The first-parent line of `tip`, oldest first, without `began` and the commits before it.
///
/// # Errors
///
/// When the history cannot be read.
pub fn first_parents(repo: &Repository, began: &CommitId, tip: &CommitId) -> Result<Vec<CommitId>, GitError> {
    let mut line = Vec::new();
    latest(repo, tip, |commit| {
        let id = commit_id(commit.id());
        let ended = id == *began;
        (ended || {
            line.push(id);
            false
        })
        .then_some(())
    })?;
    line.reverse();
    Ok(line)
}

/// The merges in the history of `tip` and of none of the others, latest first.
///
/// # Errors
///
/// When the history cannot be read.
pub fn merges_between<'a>(
    repo: &Repository,
    others: impl IntoIterator<Item = &'a CommitId>,
    tip: &CommitId,
) -> Result<Vec<CommitId>, GitError> {
    let cannot = || GitError::library("read the history of a commit");
    let handle = repo.handle();
    let mut walk = handle.revwalk().map_err(cannot())?;
    walk.push(oid(tip)?).map_err(cannot())?;
    for other in others {
        walk.hide(oid(other)?).map_err(cannot())?;
    }
    let mut merges = Vec::new();
    for id in walk {
        let commit = id.and_then(|id| handle.find_commit(id)).map_err(cannot())?;
        if commit.parent_count() > 1 {
            merges.push(commit_id(commit.id()));
        }
    }
    Ok(merges)
}

/// The first answer of `says` over the last thousand commits on the first-parent line of `tip`, newest first.
fn latest<T>(
    repo: &Repository,
    tip: &CommitId,
    mut says: impl FnMut(&git2::Commit<'_>) -> Option<T>,
) -> Result<Option<T>, GitError> {
    let cannot = || GitError::library("read the history of a commit");
    let handle = repo.handle();
    let mut walk = handle.revwalk().map_err(cannot())?;
    walk.simplify_first_parent().map_err(cannot())?;
    walk.push(oid(tip)?).map_err(cannot())?;
    for id in walk.take(LOOKED_AT) {
        let commit = id.and_then(|id| handle.find_commit(id)).map_err(cannot())?;
        if let Some(said) = says(&commit) {
            return Ok(Some(said));
        }
    }
    Ok(None)
}
