//! Records: commits whose tree holds files about an attempt, and whose parents are the attempt's work.

use std::path::Path;

use crate::git::files::error::GitError;
use crate::git::program::command::{Git, parse_id};
use crate::plan::CommitId;

/// Writes a record and returns its commit. The person's configuration has no effect: the same record gets the same
/// commit id, except for the time.
///
/// # Errors
///
/// When git cannot write the record.
pub fn write_record(
    git_dir: &Path,
    parents: &[&CommitId],
    files: &[(&str, Vec<u8>)],
    message: &str,
) -> Result<CommitId, GitError> {
    let mut lines = Vec::new();
    for (name, bytes) in files {
        let blob = Git::on(git_dir)
            .args(["hash-object", "-w", "--no-filters", "--stdin"])
            .input(bytes.clone())
            .run_for_id()?;
        lines.extend(format!("100644 blob {blob}\t{name}\n").into_bytes());
    }
    let tree = Git::on(git_dir).arg("mktree").input(lines).run_for_id()?;
    let git = Git::on(git_dir)
        .config("user.name=orch")
        .config("user.email=orch@localhost")
        .config("commit.gpgSign=false")
        .args(["commit-tree", tree.as_str()]);
    let git = parents
        .iter()
        .fold(git, |git, parent| git.args(["-p", parent.as_str()]));
    git.args(["-F", "-"]).input(format!("{message}\n")).run_for_id()
}

/// A file of a record; `None` when the record has no such file.
///
/// # Errors
///
/// When git cannot read the file.
pub fn read_record(git_dir: &Path, record: &CommitId, name: &str) -> Result<Option<Vec<u8>>, GitError> {
    let blob = Git::on(git_dir)
        .args(["rev-parse", "--quiet", "--verify"])
        .arg(format!("{record}:{name}"))
        .answer()?;
    match parse_id(&blob.stdout).filter(|_| blob.status.success()) {
        None => Ok(None),
        Some(id) => Git::on(git_dir)
            .args(["cat-file", "blob", id.as_str()])
            .run()
            .map(Some),
    }
}

/// The work in a record: the record's first parent.
///
/// # Errors
///
/// When git cannot read the record.
pub fn work_of(git_dir: &Path, record: &CommitId) -> Result<CommitId, GitError> {
    Git::on(git_dir)
        .args(["rev-parse", "--verify"])
        .arg(format!("{record}^1"))
        .run_for_id()
}
