//! Records: commits whose tree holds files about an attempt, and whose parents are the attempt's work.
//!
//! News come often. So records are read, and their files written, without a process for each.

use std::fmt;
use std::path::Path;

use crate::git::files::error::GitError;
use crate::git::program::command::Git;
use crate::git::repo::ids::{commit_id, oid};
use crate::plan::CommitId;

/// The mode of a plain file in a tree.
const PLAIN: i32 = 0o100_644;

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
    let tree = write_tree(git_dir, files).map_err(GitError::library("write a record"))?;
    let git = Git::on(git_dir)
        .config("user.name=orch")
        .config("user.email=orch@localhost")
        .config("commit.gpgSign=false")
        .args(["commit-tree", tree.to_string().as_str()]);
    let git = parents
        .iter()
        .fold(git, |git, parent| git.args(["-p", parent.as_str()]));
    git.args(["-F", "-"]).input(format!("{message}\n")).run_for_id()
}

fn write_tree(git_dir: &Path, files: &[(&str, Vec<u8>)]) -> Result<git2::Oid, git2::Error> {
    let repo = git2::Repository::open(git_dir)?;
    let mut tree = repo.treebuilder(None)?;
    for (name, bytes) in files {
        tree.insert(*name, repo.blob(bytes)?, PLAIN)?;
    }
    tree.write()
}

/// A record that is being read.
pub struct HubRecord {
    repo: git2::Repository,
    commit: git2::Oid,
}

impl fmt::Debug for HubRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HubRecord").field(&self.commit).finish()
    }
}

impl HubRecord {
    /// Opens a record.
    ///
    /// # Errors
    ///
    /// When the repository cannot be opened.
    pub fn open(git_dir: &Path, record: &CommitId) -> Result<Self, GitError> {
        let cannot = GitError::library(format!("open the repository `{}`", git_dir.display()));
        let repo = git2::Repository::open(git_dir).map_err(cannot)?;
        let commit = oid(record)?;
        Ok(Self { repo, commit })
    }

    /// A file of the record; `None` when the record has no such file.
    ///
    /// # Errors
    ///
    /// When the record or the file cannot be read.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>, GitError> {
        let read = || -> Result<Option<Vec<u8>>, git2::Error> {
            let tree = self.repo.find_commit(self.commit)?.tree()?;
            let Some(entry) = tree.get_name(name) else {
                return Ok(None);
            };
            Ok(Some(self.repo.find_blob(entry.id())?.content().to_vec()))
        };
        read().map_err(GitError::library(format!(
            "read `{name}` of the record {}",
            self.commit
        )))
    }

    /// The work in the record: its first parent.
    ///
    /// # Errors
    ///
    /// When the record cannot be read, or has no parent.
    pub fn work(&self) -> Result<CommitId, GitError> {
        let commit = self.repo.find_commit(self.commit);
        let work = commit.and_then(|commit| commit.parent_id(0));
        work.map(commit_id)
            .map_err(GitError::library(format!("read the record {}", self.commit)))
    }
}

/// A file of a record; `None` when the record has no such file.
///
/// # Errors
///
/// When git cannot read the file.
pub fn read_record(git_dir: &Path, record: &CommitId, name: &str) -> Result<Option<Vec<u8>>, GitError> {
    HubRecord::open(git_dir, record)?.file(name)
}

/// The work in a record: the record's first parent.
///
/// # Errors
///
/// When git cannot read the record.
pub fn work_of(git_dir: &Path, record: &CommitId) -> Result<CommitId, GitError> {
    HubRecord::open(git_dir, record)?.work()
}
