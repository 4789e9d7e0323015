//! Ignored files of the main checkout that people want in every worktree: `.env`, `node_modules`, local settings.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::ignored::ignored_places;
use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::program::command::{Git, records};
use crate::git::repo::repository::Repository;

/// The file at the top of the main checkout that lists these files, in `.gitignore` syntax.
pub const INCLUDE_FILE: &str = ".worktreeinclude";

/// The found paths, relative to the main checkout and sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Included {
    /// Files and symbolic links.
    pub files: Vec<PathBuf>,
    /// Repositories inside the checkout. They are not copied, because two copies of a repository soon hold different
    /// work.
    pub repositories: Vec<PathBuf>,
}

/// True when the main checkout has a `.worktreeinclude`.
pub fn has_include_file(repo: &Repository) -> bool {
    !repo.is_bare() && repo.top().join(INCLUDE_FILE).is_file()
}

/// The untracked, ignored files of the main checkout that `.worktreeinclude` or one of the patterns names. Git itself
/// matches both lists, so every pattern has its `.gitignore` meaning. Empty when there is no main checkout.
///
/// # Errors
///
/// When git cannot list the files.
pub fn included(repo: &Repository, patterns: &[String]) -> Result<Included, GitError> {
    let top = repo.top();
    let list = top.join(INCLUDE_FILE);
    let has_list = has_include_file(repo);
    if repo.is_bare() || (patterns.is_empty() && !has_list) {
        return Ok(Included::default());
    }
    let mut named = Git::within(top).args(["ls-files", "--others", "--ignored", "-z"]);
    if has_list {
        named = named.arg("--exclude-from").arg(&list);
    }
    for pattern in patterns {
        named = named.arg(format!("--exclude={pattern}"));
    }
    let named = named.run()?;
    let mut named: Vec<&[u8]> = records(&named).collect();
    named.sort_unstable();
    if named.is_empty() {
        return Ok(Included::default());
    }
    let ignored = ignored_places(top)?;
    let mut ignored: Vec<&[u8]> = records(&ignored).collect();
    ignored.sort_unstable();
    let mut found = Included::default();
    for path in named.into_iter().filter(|path| is_within(path, &ignored)) {
        let relative = Path::new(OsStr::from_bytes(path));
        if relative.starts_with(ORCH_DIR) {
            continue;
        }
        if !path.ends_with(b"/") {
            found.files.push(relative.to_owned());
        } else if !top.join(relative).join(".git").is_file() {
            // A folder with a file `.git` is a worktree of this repository, or a submodule.
            found.repositories.push(relative.to_owned());
        }
    }
    Ok(found)
}

/// True when a sorted list has the path or one of the folders above it. Folders end with a slash.
fn is_within(path: &[u8], sorted: &[&[u8]]) -> bool {
    let folders = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let mut prefixes = folders.map(|(at, _)| &path[..=at]).chain([path]);
    prefixes.any(|prefix| sorted.binary_search(&prefix).is_ok())
}
