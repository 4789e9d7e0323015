//! Repairs a merge that conflicts, in a worktree of orch's own: with resolutions that git has recorded, and by
//! generating generated files again.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::conflict_error::ConflictError;
use super::left_open::{BegunMerge, begin_merge, is_forbidden};
use crate::git::admin::spec::WorktreeReady;
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::program::command::{Git, records};
use crate::git::repo::repository::Repository;
use crate::git::state::inspect::changed_path;
use crate::git::worktree::ensure::{alone, ensure_detached};
use crate::plan::CommitId;

/// The tree of a repaired merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairedTree {
    /// The id of the tree.
    pub tree: String,
    /// Changed files that are not in the tree, sorted.
    pub left_out: Vec<PathBuf>,
}

/// True when git has recorded resolutions here and no person has turned them off.
///
/// # Errors
///
/// When git's settings cannot be read.
pub fn has_recorded_resolutions(repo: &Repository) -> Result<bool, GitError> {
    let entries = fs::read_dir(repo.common_dir().join("rr-cache"));
    let some = entries.is_ok_and(|entries| {
        // A folder without `postimage` belongs to a conflict that has not been resolved.
        entries.flatten().any(|entry| {
            let inside = fs::read_dir(entry.path()).into_iter().flatten().flatten();
            inside
                .into_iter()
                .any(|file| file.file_name().as_bytes().starts_with(b"postimage"))
        })
    });
    Ok(some && !is_forbidden(repo.top())?)
}

/// Begins to merge a commit into the commit checked out in a worktree of orch's own, without committing the merge.
///
/// # Errors
///
/// When there is no such worktree, or git fails.
pub fn begin_repair(
    admin: &WorktreeAdmin,
    key: &str,
    path: &Path,
    incoming: &CommitId,
    message: &str,
    reuse: bool,
) -> Result<BegunMerge, ConflictError> {
    let alone = alone(admin, key)?;
    Ok(begin_merge(Some(&alone), path, incoming, message, reuse)?)
}

/// Resolves files in conflict to the checked-out side. Files that this side does not have are deleted.
///
/// # Errors
///
/// When git fails.
pub fn take_own_side(path: &Path, files: &[PathBuf]) -> Result<(), GitError> {
    let out = Git::within(path)
        .args(["ls-files", "--unmerged", "--full-name", "-z"])
        .run()?;
    // `MODE OID STAGE<TAB>PATH`; stage 2 is the checked-out side.
    let own: Vec<&[u8]> = records(&out)
        .filter_map(|record| {
            let tab = record.iter().position(|byte| *byte == b'\t')?;
            (record.get(tab - 1) == Some(&b'2')).then(|| &record[tab + 1..])
        })
        .collect();
    let (mine, gone): (Vec<&PathBuf>, Vec<&PathBuf>) = files
        .iter()
        .partition(|file| own.contains(&file.as_os_str().as_bytes()));
    if !mine.is_empty() {
        pathspecs(
            Git::within(path)
                .option("--literal-pathspecs")
                .args(["checkout", "--ours"]),
            &mine,
        )
        .run()?;
        pathspecs(Git::within(path).option("--literal-pathspecs").arg("add"), &mine).run()?;
    }
    if !gone.is_empty() {
        let git = Git::within(path).option("--literal-pathspecs");
        pathspecs(git.args(["rm", "--quiet", "--ignore-unmatch"]), &gone).run()?;
    }
    Ok(())
}

/// Adds later changes of the `wanted` files to the open merge, and returns the merge's tree.
///
/// # Errors
///
/// When files are still unmerged, or git fails.
pub fn merged_tree(path: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<RepairedTree, GitError> {
    let out = Git::within(path)
        .option("--no-optional-locks")
        .args([
            "status",
            "--porcelain=v2",
            "-z",
            "--untracked-files=all",
            "--no-renames",
        ])
        .run()?;
    // `1 XY …` with Y other than `.`, and `? …`: the file differs from the index.
    let changed = records(&out).filter(|record| match record.first() {
        Some(b'1') => record.get(3) != Some(&b'.'),
        Some(b'?') => true,
        _ => false,
    });
    let changed = changed.filter_map(changed_path);
    let changed = changed.filter(|file| !file.starts_with(ORCH_DIR));
    let (take, mut left_out): (Vec<PathBuf>, Vec<PathBuf>) = changed.partition(|file| wanted(file));
    if !take.is_empty() {
        let take: Vec<&PathBuf> = take.iter().collect();
        pathspecs(
            Git::within(path)
                .option("--literal-pathspecs")
                .args(["add", "--all"]),
            &take,
        )
        .run()?;
    }
    left_out.sort();
    let tree = Git::within(path).arg("write-tree").run_for_id()?;
    Ok(RepairedTree {
        tree: tree.to_string(),
        left_out,
    })
}

/// Resets a worktree of orch's own to its state before the merge was begun. Nothing in this worktree is the work of a
/// person or an agent.
///
/// # Errors
///
/// When git fails.
pub fn end_repair(
    admin: &WorktreeAdmin,
    key: &str,
    path: &Path,
    commit: &CommitId,
) -> Result<WorktreeReady, ConflictError> {
    admin.record_left(key)?;
    Ok(ensure_detached(admin, key, path, commit)?)
}

fn pathspecs(git: Git, files: &[&PathBuf]) -> Git {
    files
        .iter()
        .fold(git.arg("--"), |git, file| git.arg(file.as_os_str()))
}
