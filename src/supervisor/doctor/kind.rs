//! The kinds of problems.

use std::fmt;

use serde::Serialize;

/// The kind of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is explained by the finding's text")]
pub enum FindingKind {
    Database,
    Worktree,
    Lock,
    Ref,
    Attempt,
    Process,
    File,
    Port,
    Landing,
    Executor,
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Database => "database",
            Self::Worktree => "worktree",
            Self::Lock => "lock",
            Self::Ref => "ref",
            Self::Attempt => "attempt",
            Self::Process => "process",
            Self::File => "file",
            Self::Port => "port",
            Self::Landing => "landing",
            Self::Executor => "executor",
        })
    }
}
