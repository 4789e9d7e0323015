//! Restoring a worktree of the merge queue to exactly its commit, beyond an ordinary clean-up.

use std::path::Path;

use super::ensure::alone;
use super::populate::run_post_checkout;
use super::sparse::leave_nothing_out;
use crate::git::admin::spec::EnsureError;
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::program::command::{Git, records};
use crate::git::state::ignored::ignored_places;
use crate::git::state::inspect::git_dir;
use crate::git::state::plain_index::{MOST_FILES, PlainIndex};
use crate::git::state::spotless::spotless;
use crate::git::step::submodule::scour_submodules;

/// Makes git see every file of a worktree that is orch's own and in which nobody works: no sparse checkout leaves a
/// file out, and no flag in the index hides a change. Does nothing when the worktree does not exist yet.
///
/// # Errors
///
/// When git fails.
pub fn unhide(admin: &WorktreeAdmin, key: &str, path: &Path) -> Result<(), EnsureError> {
    let _alone = alone(admin, key)?;
    if admin.read_record(key)?.is_none() {
        return Ok(());
    }
    let Ok(admin_dir) = git_dir(path) else {
        return Ok(());
    };
    if !admin_dir.join("index").exists() {
        return Ok(());
    }
    leave_nothing_out(&admin_dir)?;
    if PlainIndex::read(&admin_dir, MOST_FILES).is_some() {
        return Ok(());
    }
    let out = Git::within(path).args(["ls-files", "-v", "-z"]).run()?;
    // `TAG PATH`: `S` is a skipped file, a lower-case tag a file that git assumes unchanged.
    let is_hidden = |tag: &u8| tag.is_ascii_lowercase() || *tag == b'S';
    let hidden: Vec<&[u8]> = records(&out)
        .filter(|record| record.first().is_some_and(is_hidden))
        .filter_map(|record| record.get(2..))
        .collect();
    if hidden.is_empty() {
        return Ok(());
    }
    for flag in ["--no-skip-worktree", "--no-assume-unchanged"] {
        Git::within(path)
            .args(["update-index", flag, "-z", "--stdin"])
            .input(hidden.join(&b'\0'))
            .run()?;
    }
    Ok(())
}

/// True when such a worktree has no ignored files except orch's own.
///
/// # Errors
///
/// When git fails.
pub fn is_fresh(admin: &WorktreeAdmin, path: &Path) -> Result<bool, GitError> {
    // With every file in the index, none is ignored.
    if spotless(|| admin.repo.handle(), path, &git_dir(path)?).is_some() {
        return Ok(true);
    }
    let out = ignored_places(path)?;
    let own = format!("{ORCH_DIR}/");
    let mut files = records(&out);
    Ok(files.all(|file| file.starts_with(own.as_bytes())))
}

/// Removes leftover files of verifications that an ordinary clean-up spares: nested repositories and, with `ignored`,
/// every file that git ignores, including orch's own records of how the worktree was prepared.
///
/// # Errors
///
/// When git fails.
pub(in crate::git) fn scour(
    admin: &WorktreeAdmin,
    key: &str,
    path: &Path,
    ignored: bool,
) -> Result<(), EnsureError> {
    let alone = alone(admin, key)?;
    let admin_dir = git_dir(path)?;
    let repo = git2::Repository::open(path).map_err(GitError::library("open the worktree"))?;
    if !ignored && spotless(|| &repo, path, &admin_dir).is_some() {
        return Ok(());
    }
    // `-f` twice: git then also removes folders that contain a repository.
    let clean = Git::within(path).args(["clean", "-ffdq"]);
    let clean = match ignored {
        true => clean.arg("-x"),
        false => clean.arg("-e").arg(format!("/{ORCH_DIR}")),
    };
    clean.holding(alone.file())?.run()?;
    scour_submodules(path, ignored)?;
    if ignored {
        // A well-behaved hook writes only ignored files. A failure was already reported when the worktree was made.
        run_post_checkout(admin, path)?;
    }
    Ok(())
}
