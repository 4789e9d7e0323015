//! Git notes on commits of the target that say what they were landed on: `refs/notes/orch`.

use git2::Signature;

use crate::failpoint;
use crate::git::files::error::GitError;
use crate::git::lock::own_ref::over_dead_lock;
use crate::git::repo::ids::{commit_id, oid};
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// The ref of the notes. Git fetches and pushes notes only on request.
pub const NOTES: &str = "refs/notes/orch";

/// The note on a commit; `None` when there is no note.
///
/// # Errors
///
/// When the notes cannot be read.
pub fn note(repo: &Repository, commit: &CommitId) -> Result<Option<String>, GitError> {
    let handle = repo.handle();
    let found = match handle.find_note(Some(NOTES), oid(commit)?) {
        Ok(note) => Ok(Some(String::from_utf8_lossy(note.message_bytes()).into_owned())),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    found.map_err(GitError::library(format!("read the note on {}", commit.short())))
}

/// Writes the note on a commit, replacing an earlier note.
///
/// # Errors
///
/// When the note cannot be written.
pub fn write_note(repo: &Repository, commit: &CommitId, text: &str) -> Result<(), GitError> {
    let handle = repo.handle();
    let id = oid(commit)?;
    let write = || {
        let own = || Signature::now("orch", "orch@localhost");
        let author = handle.signature().or_else(|_| own())?;
        let written = failpoint::around("note.landing", || {
            handle.note(&author, &author, Some(NOTES), id, text, true)
        });
        written.map(drop)
    };
    let written = over_dead_lock(repo, NOTES, write);
    written.map_err(GitError::library(format!("write a note on {}", commit.short())))
}

/// Every commit that has a note.
///
/// # Errors
///
/// When the notes cannot be read.
pub fn noted(repo: &Repository) -> Result<Vec<CommitId>, GitError> {
    let handle = repo.handle();
    let trouble = GitError::library(format!("read `{NOTES}`"));
    let notes = match handle.notes(Some(NOTES)) {
        Ok(notes) => notes,
        Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(trouble(error)),
    };
    let ids: Result<Vec<CommitId>, git2::Error> =
        notes.map(|note| note.map(|(_, on)| commit_id(on))).collect();
    ids.map_err(trouble)
}
