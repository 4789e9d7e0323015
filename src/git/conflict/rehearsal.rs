//! The likely result of a merge that conflicts, with recorded resolutions and the target's side of generated files. The
//! merge is tried in a scratch repository in the folder for temporary files. The scratch repository shares only the
//! objects and is removed afterwards. No worktree is made, nothing is recorded, and only the files in conflict are
//! checked out.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::left_open::begin_merge;
use super::repair::{merged_tree, take_own_side};
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::program::command::Git;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// The result of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsedMerge {
    /// Files that would be resolved by recorded resolutions, sorted.
    pub reused: Vec<PathBuf>,
    /// Files that would be generated again, sorted. The tree has the target's version of these files.
    pub generated: Vec<PathBuf>,
    /// The merge's tree; `None` when other files remain in conflict.
    pub tree: Option<String>,
}

/// Tries to merge `incoming` onto `onto`. The merge is known to conflict in `files`.
///
/// # Errors
///
/// When the scratch folder cannot be made, or git fails.
pub fn rehearse_merge(
    repo: &Repository,
    onto: &CommitId,
    incoming: &CommitId,
    files: &[PathBuf],
    reuse: bool,
    is_generated: &dyn Fn(&Path) -> bool,
) -> Result<RehearsedMerge, GitError> {
    let scratch = tempfile::tempdir().map_err(GitError::io("create a folder in", &std::env::temp_dir()))?;
    let path = scratch.path();
    provision_scratch(repo, path, onto, files)?;
    let begun = begin_merge(None, path, incoming, "rehearsal", reuse)?;
    let (generated, rest): (Vec<PathBuf>, Vec<PathBuf>) =
        begun.unmerged.into_iter().partition(|file| is_generated(file));
    let tree = match rest.is_empty() {
        true => {
            let _admin = WorktreeAdmin::new(repo);
            take_own_side(path, &generated)?;
            Some(merged_tree(path, &|_| false)?.tree)
        }
        false => None,
    };
    Ok(RehearsedMerge {
        reused: begun.reused,
        generated,
        tree,
    })
}

/// Makes a repository with this repository's objects, settings, attributes and recorded resolutions, and checks out
/// these files of a commit.
fn provision_scratch(
    repo: &Repository,
    path: &Path,
    commit: &CommitId,
    files: &[PathBuf],
) -> Result<(), GitError> {
    let common = repo.common_dir();
    let format = if commit.as_str().len() > 40 {
        "sha256"
    } else {
        "sha1"
    };
    Git::anywhere()
        .args(["init", "--quiet", "--template=", "--object-format", format])
        .arg(path)
        .run()?;
    let git_dir = path.join(".git");
    let config = git_dir.join("config");
    let own = fs::read_to_string(&config).map_err(GitError::io("read", &config))?;
    let shared = common.join("config");
    let shared = shared
        .to_string_lossy()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    // Later settings override earlier ones.
    let text = format!(
        "{own}[include]\n\tpath = \"{shared}\"\n[core]\n\tbare = false\n\tworktree = ..\n\thooksPath = /dev/null\n\
         \tfsmonitor = false\n\tsparseCheckout = true\n\tsparseCheckoutCone = false\n[index]\n\tsparse = false\n"
    );
    let write = |file: PathBuf, text: &[u8]| fs::write(&file, text).map_err(GitError::io("write", &file));
    write(config, text.as_bytes())?;
    let objects = git_dir.join("objects");
    fs::rename(&objects, git_dir.join("unused")).map_err(GitError::io("rename", &objects))?;
    std::os::unix::fs::symlink(common.join("objects"), &objects).map_err(GitError::io("create", &objects))?;
    let info = git_dir.join("info");
    fs::create_dir_all(&info).map_err(GitError::io("create", &info))?;
    for file in ["info/attributes", "shallow"] {
        if common.join(file).exists() {
            copy(&common.join(file), &git_dir.join(file))?;
        }
    }
    let recorded = common.join("rr-cache");
    for entry in fs::read_dir(&recorded).into_iter().flatten().flatten() {
        let to = git_dir.join("rr-cache").join(entry.file_name());
        fs::create_dir_all(&to).map_err(GitError::io("create", &to))?;
        for file in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
            copy(&file.path(), &to.join(file.file_name()))?;
        }
    }
    let mut patterns = Vec::new();
    for file in files {
        patterns.extend(pattern(file));
    }
    write(info.join("sparse-checkout"), &patterns)?;
    Git::within(path)
        .args(["update-ref", "--no-deref", "HEAD", commit.as_str()])
        .run()?;
    Git::within(path).args(["read-tree", "-m", "-u", "HEAD"]).run()?;
    Ok(())
}

/// The sparse-checkout line that matches only this file.
fn pattern(file: &Path) -> Vec<u8> {
    let mut line = vec![b'/'];
    for byte in file.as_os_str().as_bytes() {
        if b"*?[]\\ !#".contains(byte) {
            line.push(b'\\');
        }
        line.push(*byte);
    }
    line.push(b'\n');
    line
}

fn copy(from: &Path, to: &Path) -> Result<(), GitError> {
    fs::copy(from, to).map(drop).map_err(GitError::io("copy", from))
}
