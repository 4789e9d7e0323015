//! Lints: settings that are allowed, but unlikely to work or to be meant. `orch check`, `orch preview` and `orch up` share this
//! type.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::plan::PlanName;

/// Which lint it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LintId {
    /// A document probably means something that it does not say.
    Document,
    /// A document builds on a plan that its own plan does not wait for.
    Upstream,
    /// A task depends on a task of a later phase.
    Backwards,
    /// A document has parallel annotations, but one agent works through the whole plan.
    ParallelUnused,
    /// A plan builds on commits that will land as different commits.
    Carried,
    /// The manifest is in no repository.
    NoRepository,
    /// An agent cannot be started.
    MissingAgent,
    /// A script is in no commit, so no worktree has it.
    MissingScript,
    /// Git does not know who commits.
    NoIdentity,
    /// A document with tasks belongs to no plan.
    UnlistedDocument,
    /// No branch is checked out.
    DetachedHead,
    /// A checkout of the target has uncommitted changes.
    DirtyTarget,
    /// A plan's branch already exists.
    BranchTaken,
    /// The folder for a worktree is not empty.
    FolderTaken,
    /// Branches conflict as they stand.
    Conflict,
    /// Branches pass verification alone, but not together.
    RedTogether,
    /// A document changed after its plan landed.
    Rewritten,
    /// Plans that run in parallel touch the same files.
    Overlap,
    /// Nothing verifies a plan.
    Unverified,
    /// All tasks of a plan are in one phase.
    OnePhase,
    /// One phase is most of the critical path.
    LongPhase,
    /// A plan waits for a landing, but no plan lands automatically.
    NoLanding,
    /// Work is expected to take longer than its time-out.
    TimeOut,
    /// Tasks would never begin.
    NeverBegins,
    /// Several phases share a resource that has only one token.
    Scarce,
    /// No durations are known.
    NoDurations,
    /// A plan is overdue, or needs a skill that its owner or everybody lacks.
    Milestone,
}

/// What a lint is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintPlace {
    /// A file, or a position in it.
    File {
        /// The same as [`Diagnostic::file`](super::Diagnostic::file).
        file: PathBuf,
        /// Line from 1.
        line: Option<usize>,
        /// Column from 1, in characters.
        column: Option<usize>,
    },
    /// Two plans.
    Pair(PlanName, PlanName),
    /// A plan, phase, resource or folder.
    Named(String),
}

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// What it is about.
    pub place: LintPlace,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Which lint it is.
    pub id: LintId,
}

impl Lint {
    /// A lint about a file as a whole.
    pub fn of_file(id: LintId, file: &Path, message: impl Into<String>) -> Self {
        let file = file.to_path_buf();
        let (line, column) = (None, None);
        Self::new(id, LintPlace::File { file, line, column }, message)
    }

    /// A lint about a position in a file.
    pub fn at(
        id: LintId,
        file: &Path,
        line: usize,
        column: Option<usize>,
        message: impl Into<String>,
    ) -> Self {
        let file = file.to_path_buf();
        let line = Some(line);
        Self::new(id, LintPlace::File { file, line, column }, message)
    }

    /// A lint about something with a name.
    pub fn of(id: LintId, name: impl fmt::Display, message: impl Into<String>) -> Self {
        Self::new(id, LintPlace::Named(name.to_string()), message)
    }

    /// A lint about this place.
    pub fn new(id: LintId, place: LintPlace, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            hint: None,
            id,
        }
    }

    /// The same lint with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for LintPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => {
                write!(f, "{}", file.display())?;
                for number in [line, column].into_iter().flatten() {
                    write!(f, ":{number}")?;
                }
                Ok(())
            }
            Self::Pair(one, other) => write!(f, "{one}, {other}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            LintPlace::Pair(one, other) => write!(f, "{one} and {other} {}", self.message)?,
            place @ (LintPlace::File { .. } | LintPlace::Named(_)) => write!(f, "{place}: {}", self.message)?,
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}
