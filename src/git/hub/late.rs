//! Work of nodes that was reported after the attempt had been given up.

use std::path::Path;

use super::channel::FETCHED;
use crate::git::files::error::GitError;

/// The attempts, by `ATTEMPT.TOKEN`, of which late work was fetched.
///
/// # Errors
///
/// When the refs cannot be read.
pub fn late_work(git_dir: &Path) -> Result<Vec<String>, GitError> {
    let read = || -> Result<Vec<String>, git2::Error> {
        let repo = git2::Repository::open(git_dir)?;
        let mut found = Vec::new();
        for name in repo.references_glob(&format!("{FETCHED}*/late"))?.names() {
            let key = name?
                .strip_prefix(FETCHED)
                .and_then(|name| name.strip_suffix("/late"));
            found.extend(key.map(str::to_owned));
        }
        Ok(found)
    };
    read().map_err(GitError::library("read the fetched refs"))
}
