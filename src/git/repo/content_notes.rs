//! Warnings about how a repository's files get into its worktrees.

use super::repository::Repository;
use crate::git::files::error::GitError;
use crate::git::program::command::Git;

/// The problem with files that are stored elsewhere (git-lfs), in words. `None` when there are no such files or no
/// problem. Only the attributes at the top of the checked-out commit are checked.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn large_files_trouble(repo: &Repository) -> Result<Option<String>, GitError> {
    let handle = repo.handle();
    let attributes = handle
        .revparse_single("HEAD:.gitattributes")
        .and_then(|found| found.peel_to_blob());
    let Ok(attributes) = attributes else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(attributes.content());
    if !text
        .lines()
        .any(|line| line.split_whitespace().any(|word| word == "filter=lfs"))
    {
        return Ok(None);
    }
    let is_set = |key: &str| handle.config().and_then(|config| config.get_string(key)).is_ok();
    let why = if !is_set("filter.lfs.smudge") && !is_set("filter.lfs.process") {
        "git is not set up for it (`git lfs install`)"
    } else if !Git::anywhere()
        .args(["lfs", "version"])
        .answer()?
        .status
        .success()
    {
        "git-lfs is not installed"
    } else {
        return Ok(None);
    };
    Ok(Some(format!(
        "some files are stored by git-lfs (`filter=lfs` in .gitattributes), and {why}: worktrees hold small pointer files \
         instead of their contents"
    )))
}
