//! Undoing an interrupted step in a worktree.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::clones;
use super::half_way::undo_half;
use super::submodule::follow_submodules;
use crate::git::files::error::GitError;
use crate::git::files::regular;
use crate::git::keep::gate::SparedTree;
use crate::git::keep::step::{StepRecord, end, record};
use crate::git::lock::stale_lock;
use crate::git::program::command::Git;
use crate::git::repo::ids::oid;
use crate::git::state::inspect::InProgress;
use crate::git::state::inspect::{git_dir, head_of, in_progress};
use crate::plan::CommitId;

/// Undoes an interrupted step in a worktree, and nothing else. Afterwards the worktree is as before the step, or as
/// after the step when only the record was left. Call this before the worktree is inspected, while no agent and no git
/// command works there. Without a record, the call costs only a look for the record.
///
/// # Errors
///
/// When git cannot undo the step.
pub fn undo_cut_step(path: &Path) -> Result<(), GitError> {
    let cloning = clones::forget(path)?;
    undo_recorded(path)?;
    // A failed update is ignored here. The next step that needs the submodules meets the failure again.
    match cloning {
        Some(wanted) => clones::update(path, &wanted, None).map(drop),
        None => Ok(()),
    }
}

fn undo_recorded(path: &Path) -> Result<(), GitError> {
    let record = record(path)?;
    let Ok(text) = regular::read(&record) else {
        return Ok(());
    };
    // An unreadable record was not written by orch.
    if let Ok(step) = serde_json::from_slice::<StepRecord>(&text) {
        undo(path, &step)?;
    }
    end(path)
}

fn undo(path: &Path, step: &StepRecord) -> Result<(), GitError> {
    let admin_dir = git_dir(path)?;
    // When a lock is still held, git names it in its error.
    let _ = stale_lock::clear_dead_locks_of(path, &common_dir(&admin_dir));
    let (from, to) = step.ends();
    let head = head_of(path)?;
    let merging = matches!(step, StepRecord::Merge { .. });
    if head != *from {
        // Git moves HEAD last; only its records of a merge are removed later.
        if merging && in_progress(&admin_dir).is_some() && holds(path, &head, to)? {
            SparedTree::cut_short(path, step).forget_operation(&admin_dir, InProgress::Merge)?;
        }
        if merging && holds(path, &head, to)? {
            follow_submodules(path)?;
        }
        if !merging && head == *to {
            // Submodules follow after the checkout. The next step that needs them meets a failure again.
            let there = |one: &clones::ListedSubmodule| admin_dir.join("modules").join(&one.name).is_dir();
            let listed = clones::listed(path)?.into_iter().filter(there);
            let paths: Vec<OsString> = listed.map(|one| one.path).collect();
            if !paths.is_empty() {
                clones::update(path, &paths, None)?;
            }
        }
        return Ok(());
    }
    if merging {
        SparedTree::cut_short(path, step).forget_operation(&admin_dir, InProgress::Merge)?;
    }
    let Some(written) = written(path, step)? else {
        return Ok(());
    };
    let staged = Git::within(path).arg("write-tree").answer()?;
    let own = Git::within(path)
        .args(["rev-parse", "--verify"])
        .arg(format!("{from}^{{tree}}"))
        .run()?;
    if !staged.status.success() || staged.stdout != own {
        SparedTree::cut_short(path, step).unstage()?;
    }
    undo_half(path, from, &written, None)
}

/// The tree that the step writes; `None` when the step writes nothing.
fn written(path: &Path, step: &StepRecord) -> Result<Option<String>, GitError> {
    let (from, to) = step.ends();
    let fast_forward = || holds(path, to, from);
    if matches!(step, StepRecord::CheckOut { .. }) || fast_forward()? {
        return Ok(Some(to.to_string()));
    }
    // HEAD by name, because this name is in the conflict markers.
    let answer = Git::within(path)
        .args(["merge-tree", "--write-tree", "--no-messages", "HEAD"])
        .arg(to.as_str())
        .answer()?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let tree = text.lines().next().map(str::trim).filter(|tree| !tree.is_empty());
    match (answer.status.code(), tree) {
        // Also with conflicts: their markers are in the tree.
        (Some(0 | 1), Some(tree)) => Ok(Some(tree.to_owned())),
        _ => Ok(None),
    }
}

fn common_dir(admin_dir: &Path) -> PathBuf {
    match regular::read_to_string(&admin_dir.join("commondir")) {
        Ok(common) => admin_dir.join(common.trim_end()),
        Err(_) => admin_dir.to_owned(),
    }
}

/// True when `ancestor` is in the history of `commit`.
fn holds(path: &Path, commit: &CommitId, ancestor: &CommitId) -> Result<bool, GitError> {
    if commit == ancestor {
        return Ok(true);
    }
    let cannot = || GitError::library(format!("compare `{commit}` with `{ancestor}`"));
    let repo = git2::Repository::open(path).map_err(cannot())?;
    repo.graph_descendant_of(oid(commit)?, oid(ancestor)?)
        .map_err(cannot())
}
