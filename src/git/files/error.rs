//! Errors of git, libgit2 and the file system.

use std::io;
use std::path::{Path, PathBuf};

use super::version::GitVersion;

/// A step that git, libgit2 or the file system did not carry out. Refusals that a caller decides about (a dirty
/// worktree, a branch that moved) have types of their own, beside the functions that refuse.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git` on PATH.
    #[error("`git` was not found on PATH: install git {least} or newer")]
    Missing {
        /// The oldest version that orch works with.
        least: GitVersion,
    },
    /// The `git` on PATH is too old.
    #[error("git {found} is too old: orch needs git {least} or newer")]
    TooOld {
        /// The version on PATH.
        found: GitVersion,
        /// The oldest version that orch works with.
        least: GitVersion,
    },
    /// The folder is in no repository.
    #[error(
        "`{}` is not inside a git repository: run `git init` there, or name a repository with `-C DIR`",
        dir.display()
    )]
    NotARepository {
        /// The folder that was asked about.
        dir: PathBuf,
    },
    /// The repository lies apart from its main checkout, and git does not know where the main checkout is.
    #[error(
        "git does not say where the main checkout of `{}` is: run `orch up` in it, or name it with `-C DIR`",
        common_dir.display()
    )]
    Apart {
        /// The repository.
        common_dir: PathBuf,
    },
    /// Orch does not support the repository's storage format.
    #[error(
        "the repository of `{}` {format}, which orch cannot read yet: it works on repositories with SHA-1 names and refs in \
         files, as `git init --object-format=sha1 --ref-format=files` makes them",
        dir.display()
    )]
    Format {
        /// The folder that was asked about.
        dir: PathBuf,
        /// The unsupported feature.
        format: &'static str,
    },
    /// The repository has no commit, so nothing can start from it.
    #[error("the repository `{}` has no commit yet: make a first one, then try again", top.display())]
    NoCommit {
        /// The repository's folder.
        top: PathBuf,
    },
    /// A name that stands for no commit.
    #[error("`{rev}` names no commit in this repository{}", near_miss(near))]
    UnknownRevision {
        /// The name as it was given.
        rev: String,
        /// Branches with similar names, nearest first.
        near: Vec<String>,
    },
    /// A name that stands for several commits.
    #[error("`{rev}` is ambiguous: it may be {}; name one of them in full", choices.join(" or "))]
    AmbiguousRevision {
        /// The name as it was given.
        rev: String,
        /// The full names that the name may stand for.
        choices: Vec<String>,
    },
    /// The worktree's branch has no commit, for example after `git checkout --orphan`.
    #[error("`{}` has a branch without a commit checked out: check out the branch it should be on", path.display())]
    Unborn {
        /// The worktree.
        path: PathBuf,
    },
    /// The git program failed.
    #[error("`{command}` failed ({outcome}){}", said(stderr))]
    Failed {
        /// The command line, shortened for reading.
        command: String,
        /// `exit 128` or `signal 9`.
        outcome: String,
        /// Its standard error, trimmed.
        stderr: String,
    },
    /// The git program gave an answer that orch cannot read.
    #[error("`{command}` gave an answer that could not be read: {what}")]
    Unreadable {
        /// The command line.
        command: String,
        /// The part that was not understood.
        what: String,
    },
    /// A read by libgit2 failed.
    #[error("could not {action}: {source}")]
    Library {
        /// The action, as a verb phrase.
        action: String,
        /// libgit2's own error.
        source: git2::Error,
    },
    /// The file system refused.
    #[error("could not {action} `{}`: {source}", path.display())]
    Io {
        /// The action, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl GitError {
    pub(in crate::git) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(in crate::git) fn library(action: impl Into<String>) -> impl FnOnce(git2::Error) -> Self {
        move |source| Self::Library {
            action: action.into(),
            source,
        }
    }
}

fn near_miss(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        many => format!("; did you mean one of `{}`?", many.join("`, `")),
    }
}

fn said(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(": {stderr}")
    }
}
