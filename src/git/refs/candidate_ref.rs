//! Candidates of the merge queue, protected from git's own housekeeping until they have landed or are abandoned:
//! `refs/orch/candidates/N`.

use crate::git::files::error::GitError;
use crate::git::files::names::CANDIDATES;
use crate::git::lock::own_ref::write_ref;
use crate::git::repo::ids::oid;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// How many of the latest candidates are held at once. Orch never waits for as many.
const HELD: u64 = 64;

/// Holds a candidate; the oldest held candidate may be released for it. `number` grows with each candidate. Then checks
/// that git still has the commit, because a `git gc --prune=now` that began earlier may have removed it.
///
/// # Errors
///
/// When the ref cannot be written. That is also the case when the commit is gone.
pub fn hold_candidate(repo: &Repository, number: u64, commit: &CommitId) -> Result<(), GitError> {
    write_ref(
        repo,
        &format!("{CANDIDATES}{}", number % HELD),
        commit,
        "orch: candidate",
    )?;
    require_whole(repo, commit)
}

/// True when git has a commit and its tree.
pub fn has_commit(repo: &Repository, commit: &CommitId) -> bool {
    require_whole(repo, commit).is_ok()
}

fn require_whole(repo: &Repository, commit: &CommitId) -> Result<(), GitError> {
    let cannot = || GitError::library(format!("read the commit `{commit}`"));
    let handle = repo.handle();
    let found = handle.find_commit(oid(commit)?).map_err(cannot())?;
    found.tree().map(drop).map_err(cannot())
}
