//! Updating a checkout after its branch has moved.

use std::fs::File;
use std::path::Path;

use super::beside::{DifferingFiles, index_equals};
use super::plan::{CheckoutOutcome, LandingPlan};
use crate::git::files::error::GitError;
use crate::git::lock::index_lock::IndexLock;
use crate::git::lock::land_refusal::LandRefusal;
use crate::git::program::command::Git;
use crate::git::repo::repository::Repository;
use crate::git::state::in_the_way::in_the_way;
use crate::git::state::inspect::git_dir;
use crate::git::state::plain_index::is_fresh;
use crate::git::step::half_way::undo_half;
use crate::plan::CommitId;

/// Updates one checkout from the old commit to the new one, if the checkout still shows the old commit.
pub(in crate::git) fn repair(
    repo: &Repository,
    plan: &LandingPlan,
    held: Option<&File>,
    lock: &IndexLock,
) -> Result<CheckoutOutcome, GitError> {
    lock.renew()?;
    let path = lock.checkout();
    let moved = match &plan.old {
        Some(old) if plan.beside => Some(DifferingFiles::between(repo, old, &plan.new)?),
        _ => None,
    };
    let shows = |commit: &CommitId| match &moved {
        Some(moved) => moved.is_shown(repo, path, commit),
        None => index_equals(repo, path, commit),
    };
    if shows(&plan.new)? {
        return Ok(CheckoutOutcome::Current);
    }
    let Some(old) = &plan.old else {
        return Ok(CheckoutOutcome::Left(
            "it was made while the branch was".to_owned(),
        ));
    };
    if !shows(old)? {
        return Ok(CheckoutOutcome::Left("it has staged changes".to_owned()));
    }
    let mut moved = advance(repo, old, &plan.new, held, lock, &[]);
    if matches!(
        moved,
        Err(LandRefusal::InTheWay { .. } | LandRefusal::Blocked { .. })
    ) {
        // The obstacle may be a leftover of a killed git command of this very move.
        lock.renew()?;
        undo_half(path, old, plan.new.as_str(), Some(lock))?;
        moved = advance(repo, old, &plan.new, held, lock, &[]);
    }
    match moved {
        Ok(()) => {
            lock.publish()?;
            Ok(CheckoutOutcome::FastForwarded)
        }
        Err(LandRefusal::Git(error)) => Err(error),
        Err(refusal) => Ok(CheckoutOutcome::Left(refusal.to_string())),
    }
}

/// Does to the index and files what `git merge --ff-only` does, without moving HEAD: the branch moves separately.
fn two_way(lock: &IndexLock, old: &CommitId, new: &CommitId, options: &[&str]) -> Git {
    lock.git()
        .args(["read-tree", "-m", "-u"])
        .args(options)
        .args([old.as_str(), new.as_str()])
}

/// Checks whether a checkout could be updated, without changing any of its files. A checkout that is `spotless` as far as it
/// is tracked has no other obstacle than files in the way, so git is not asked.
pub(in crate::git) fn rehearse(
    repo: &Repository,
    (old, new): (&CommitId, &CommitId),
    held: Option<&File>,
    lock: &IndexLock,
    spotless: bool,
) -> Result<(), LandRefusal> {
    match spotless {
        true => refuse_what_is_in_the_way(repo, lock.checkout(), old, new),
        false => advance(repo, old, new, held, lock, &["--dry-run"]),
    }
}

fn refuse_what_is_in_the_way(
    repo: &Repository,
    path: &Path,
    old: &CommitId,
    new: &CommitId,
) -> Result<(), LandRefusal> {
    let files = in_the_way(&repo.handle(), path, old, new)?;
    if files.is_empty() {
        return Ok(());
    }
    let path = path.to_owned();
    Err(LandRefusal::InTheWay { path, files })
}

/// Updates a checkout's files and the copy of its index. Git checks every file before it writes the first.
fn advance(
    repo: &Repository,
    old: &CommitId,
    new: &CommitId,
    held: Option<&File>,
    lock: &IndexLock,
    options: &[&str],
) -> Result<(), LandRefusal> {
    let path = lock.checkout();
    // The times of files may differ from the index while their content is the same.
    if !is_fresh(&git_dir(path)?, path) {
        lock.git()
            .args(["update-index", "-q", "--refresh"])
            .holding_any(held)?
            .answer()?;
    }
    refuse_what_is_in_the_way(repo, path, old, new)?;
    let answer = two_way(lock, old, new, options).holding_any(held)?.answer()?;
    if answer.status.success() {
        return Ok(());
    }
    Err(LandRefusal::Blocked {
        path: path.to_owned(),
        why: match answer.status.code() {
            Some(_) => answer.stderr,
            None => "its git was killed".to_owned(),
        },
    })
}
