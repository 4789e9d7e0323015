//! Ignored files in a worktree. They are removed with the worktree, so they are listed and measured first.

use std::fs;
use std::path::{Path, PathBuf};

use super::inspect::changed_path;
use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::program::command::{Git, records};

/// A file or folder that git ignores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ignored {
    /// Its path, relative to the worktree; a folder is ignored as a whole.
    pub path: PathBuf,
    /// The size in bytes.
    pub bytes: u64,
    /// Repositories inside, relative to the worktree. Their work may exist nowhere else.
    pub(in crate::git) repositories: Vec<PathBuf>,
}

/// Everything ignored in a worktree except orch's own folder, sorted.
pub(in crate::git) fn ignored(worktree: &Path) -> Result<Vec<Ignored>, GitError> {
    let out = Git::within(worktree)
        .option("--no-optional-locks")
        .args([
            "status",
            "--porcelain=v2",
            "-z",
            "--ignored=traditional",
            "--untracked-files=normal",
        ])
        .arg("--ignore-submodules=all")
        .run()?;
    let found = records(&out).filter(|record| record.first() == Some(&b'!'));
    let mut all: Vec<Ignored> = found
        .filter_map(changed_path)
        .filter(|path| !path.starts_with(ORCH_DIR))
        .map(|path| measure(worktree, path))
        .collect();
    all.sort();
    Ok(all)
}

/// The ignored paths in a checkout, NUL-terminated. A folder that is ignored as a whole is listed once, with a trailing
/// slash.
pub(in crate::git) fn ignored_places(checkout: &Path) -> Result<Vec<u8>, GitError> {
    Git::within(checkout)
        .args([
            "ls-files",
            "--others",
            "--ignored",
            "--exclude-standard",
            "--directory",
            "-z",
        ])
        .run()
}

fn measure(worktree: &Path, path: PathBuf) -> Ignored {
    let mut bytes = 0;
    let mut repositories = Vec::new();
    let mut open = vec![worktree.join(&path)];
    while let Some(next) = open.pop() {
        let Ok(found) = next.symlink_metadata() else {
            continue;
        };
        if !found.is_dir() {
            bytes += found.len();
            continue;
        }
        if next.join(".git").symlink_metadata().is_ok() {
            repositories.push(next.strip_prefix(worktree).unwrap_or(&next).to_owned());
        }
        open.extend(
            fs::read_dir(&next)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path()),
        );
    }
    repositories.sort();
    Ignored {
        path,
        bytes,
        repositories,
    }
}
