//! Ids and names, converted between git2 and plans.

use crate::git::files::error::GitError;
use crate::plan::CommitId;

pub(in crate::git) fn branch_ref(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

pub(in crate::git) fn oid(commit: &CommitId) -> Result<git2::Oid, GitError> {
    git2::Oid::from_str(commit.as_str()).map_err(GitError::library(format!("read the id `{commit}`")))
}

pub(in crate::git) fn commit_id(oid: git2::Oid) -> CommitId {
    oid.to_string()
        .parse()
        .expect("libgit2 writes ids as lower-case hexadecimal digits of full length")
}
