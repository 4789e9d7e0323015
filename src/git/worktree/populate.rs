//! Filling a worktree with files, outside the lock.

use std::path::Path;

use crate::git::admin::left::LeftRecord;
use crate::git::admin::spec::WorktreeReady;
use crate::git::admin::worktree_admin::{KeyLock, WorktreeAdmin};
use crate::git::files::error::GitError;
use crate::git::files::registration::Registration;
use crate::git::keep::backup::stamp;
use crate::git::keep::came::{head_before, spare_what_came};
use crate::git::keep::gate::{SparedTree, spare_commit, spare_tree};
use crate::git::keep::goal::HeadGoal;
use crate::git::program::command::Git;
use crate::git::state::in_the_way::in_the_way;
use crate::git::state::inspect;
use crate::git::state::inspect::{git_dir, inspect};
use crate::git::state::spotless::spotless;
use crate::git::step::clones;
use crate::git::step::submodule::used_submodules;
use crate::plan::CommitId;

/// The source of a worktree's files.
#[derive(Debug)]
pub(in crate::git) enum Fill {
    /// No source: the worktree stays as it is.
    Nothing,
    /// Nobody has worked in the worktree, or it is empty: all files come from the commit.
    FromCommit(SparedTree),
    /// The worktree's folder was deleted: the files come back as they were last staged.
    FromIndex,
    /// The worktree's index was lost: the files stay as they are, and differences show as changes.
    IndexOnly,
}

/// Fills the worktree. Returns warnings about failures that do not prevent work.
pub(in crate::git) fn fill(
    admin: &WorktreeAdmin,
    alone: &KeyLock,
    worktree: &Registration,
    kind: Fill,
) -> Result<Vec<String>, GitError> {
    let path = &worktree.path;
    let git = |args: [&str; 2]| {
        Git::within(path)
            .args(args)
            .holding(alone.file())?
            .run()
            .map(drop)
    };
    match &kind {
        Fill::Nothing => return Ok(Vec::new()),
        Fill::FromIndex => git(["checkout-index", "--all"])?,
        Fill::IndexOnly => git(["reset", "--quiet"])?,
        // The same as `git worktree add` does. The hook is run separately below.
        Fill::FromCommit(spared) => spared.reset(alone)?,
    }
    let mut warnings = Vec::new();
    if matches!(kind, Fill::FromCommit(_)) {
        warnings.extend(run_post_checkout(admin, path)?);
    }
    if !matches!(kind, Fill::IndexOnly) {
        warnings.extend(update_submodules(admin, alone, path)?);
    }
    Ok(warnings)
}

/// Checks out another commit in a detached worktree. Ignored files stay, so that a build finds its cache. Leftover
/// files of checks, as recorded by [`WorktreeAdmin::record_left`], are removed; all other changes are backed up first.
pub(in crate::git) fn reset_detached(
    admin: &WorktreeAdmin,
    alone: &KeyLock,
    key: &str,
    ready: &mut WorktreeReady,
    commit: &CommitId,
) -> Result<(), GitError> {
    let path = &ready.path;
    clones::forget(path)?;
    let left = admin.read_left(key);
    let state = inspect(path)?;
    let stamp = stamp();
    let mut backups = Vec::new();
    let put_there = left.as_ref().is_some_and(|left| *left.head() == state.head);
    if !put_there && state.head != *commit {
        let spared = spare_commit(&admin.repo, key, &state.head, &[], &stamp)?;
        backups.extend(spared.into_backup());
    }
    let in_the_way = in_the_way(&admin.repo.handle(), path, &state.head, commit)?;
    let explained = left
        .as_ref()
        .and_then(|left| SparedTree::left_by_checks(left, path, &state))
        .filter(|_| in_the_way.is_empty());
    let spared = match explained {
        Some(spared) => spared,
        None => spare_tree(&admin.repo, key, path, &state, &in_the_way, &stamp)?,
    };
    backups.extend(spared.backup().cloned());
    for backup in backups {
        ready.warnings.push(format!(
            "the earlier files of `{}` are kept as {} ({})",
            path.display(),
            backup.name,
            backup.commit.short()
        ));
    }
    let answer = spared.check_out(alone, HeadGoal::Detached(commit))?;
    ready.head = inspect::head_of(path)?;
    if ready.head != *commit {
        return Err(answer.failure());
    }
    if state.head != *commit {
        spare_what_came(admin, path, &state, head_before(path))?;
    }
    if !answer.status.success() {
        // The files are in place; only the repository's post-checkout hook failed.
        ready.warnings.push(hook_failed(&answer.stderr));
    }
    // Where every file is in the commit and unchanged, nothing is left to wipe.
    let admin_dir = git_dir(&ready.path)?;
    ready.spotless = spotless(|| admin.repo.handle(), &ready.path, &admin_dir).as_ref() == Some(commit);
    if !ready.spotless {
        spared.wipe(alone)?;
    }
    admin.write_left(key, &LeftRecord::nothing(commit))?;
    ready
        .warnings
        .extend(update_submodules(admin, alone, &ready.path)?);
    Ok(())
}

/// Runs the repository's post-checkout hook as `git worktree add` would. A failure is a warning.
pub(in crate::git) fn run_post_checkout(
    admin: &WorktreeAdmin,
    path: &Path,
) -> Result<Option<String>, GitError> {
    if !has_post_checkout(admin, path) {
        return Ok(None);
    }
    let head = inspect::head_of(path)?;
    let nothing = "0".repeat(head.as_str().len());
    let answer = Git::within(path)
        .args([
            "hook",
            "run",
            "--ignore-missing",
            "post-checkout",
            "--",
            nothing.as_str(),
            head.as_str(),
            "1",
        ])
        .answer()?;
    Ok((!answer.status.success()).then(|| hook_failed(&answer.stderr)))
}

fn has_post_checkout(admin: &WorktreeAdmin, path: &Path) -> bool {
    let hooks = admin
        .repo
        .handle()
        .config()
        .and_then(|config| config.get_path("core.hooksPath"))
        .map_or_else(
            |_| admin.repo.common_dir().join("hooks"),
            |hooks| path.join(hooks),
        );
    hooks.join("post-checkout").exists()
}

pub(in crate::git) fn hook_failed(stderr: &str) -> String {
    format!("the repository's post-checkout hook failed: {stderr}")
}

/// Checks out the submodules that another checkout has checked out. A failure (no network, a protocol that is not
/// allowed) is a warning, because many tasks do not need submodules.
pub(in crate::git) fn update_submodules(
    admin: &WorktreeAdmin,
    alone: &KeyLock,
    path: &Path,
) -> Result<Option<String>, GitError> {
    clones::forget(path)?;
    let used = used_submodules(admin.repo.common_dir(), admin.repo.is_bare(), path)?;
    if used.is_empty() {
        return Ok(None);
    }
    let init = {
        // This part writes the configuration that all worktrees share.
        let lock = admin.lock()?;
        Git::within(path)
            .args(["submodule", "--quiet", "init", "--"])
            .args(&used)
            .holding(lock.file())?
            .answer()?
    };
    let answer = if init.status.success() {
        clones::update(path, &used, Some(alone.file()))?
    } else {
        init
    };
    Ok((!answer.status.success())
        .then(|| format!("the submodules could not be checked out: {}", answer.failure())))
}
