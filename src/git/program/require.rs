//! Checks that the git program on PATH is recent enough.

use super::command::Git;
use crate::git::files::error::GitError;
use crate::git::files::version::{GitVersion, LEAST_VERSION, parse};

/// Asks the git program on PATH for its version. Refuses when git is missing or older than [`LEAST_VERSION`].
pub fn require_git() -> Result<GitVersion, GitError> {
    let answer = Git::anywhere().arg("--version").answer()?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let found = parse(&text).ok_or_else(|| answer.unreadable(text.trim()))?;
    if found < LEAST_VERSION {
        return Err(GitError::TooOld {
            found,
            least: LEAST_VERSION,
        });
    }
    Ok(found)
}
