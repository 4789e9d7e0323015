//! The facts, findings and repairs of doctor, as data.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::agent::ProcessId;
use crate::git::{GitLock, TreeSeen};
use crate::journal::Health;
use crate::plan::{CommitId, PlanName};

use super::kind::FindingKind;
use crate::supervisor::recovery::own_refs::MissingPin;

/// All facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorFacts {
    /// The journal.
    pub database: Health,
    /// Worktrees that a record or the manifest names.
    pub trees: Vec<TreeSeen>,
    /// Keys of worktrees without a record whose branch shows that orch created them.
    pub ours: Vec<String>,
    /// Git's lock files.
    pub locks: Vec<GitLock>,
    /// Names of pins of plans that are in neither the manifest nor the journal.
    pub orphan_pins: Vec<(String, String)>,
    /// Pins that the journal names but that do not exist.
    pub missing_pins: Vec<MissingPin>,
    /// Landings whose commit has no note about the plan.
    pub missing_notes: Vec<(PlanName, CommitId)>,
    /// Commits with a note about a landing that are not on its target.
    pub orphan_notes: Vec<(CommitId, String)>,
    /// Records of unit branches that no longer exist, with the plan.
    pub unit_notes: Vec<(String, String)>,
    /// Branches of units of plans that are in neither the manifest nor the journal, with the plan.
    pub orphan_units: Vec<(String, String)>,
    /// Attempts with a folder that are missing from the journal, though their plan is in the
    /// manifest.
    pub unknown_attempts: Vec<String>,
    /// Attempts that are running according to the journal, but whose runner is gone.
    pub lost_attempts: Vec<String>,
    /// Folders of jobs whose runner is gone but some of whose processes are alive, with their
    /// number.
    pub orphans: Vec<(PathBuf, usize)>,
    /// Running git commands whose orch is gone.
    pub orphan_gits: Vec<ProcessId>,
    /// Runners that a signal has suspended, with their folders.
    pub suspended_runners: Vec<(PathBuf, ProcessId)>,
    /// Running runners of plans that are not in the manifest.
    pub foreign_runners: Vec<PathBuf>,
    /// Temporary files that nobody will rename.
    pub litter: Vec<PathBuf>,
    /// Unknown plans that still have ports assigned.
    pub orphan_ports: Vec<String>,
    /// True when a move of the target was interrupted.
    pub landing: bool,
    /// The executors.
    pub executors: Vec<ExecutorFacts>,
}

/// The state of an executor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExecutorFacts {
    /// Its name.
    pub name: String,
    /// The version of its engine, or what it is.
    pub engine: String,
    /// What keeps attempts from running there.
    #[serde(skip)]
    pub troubles: Vec<String>,
    /// What should be known about it.
    pub remarks: Vec<String>,
    /// Attempts on its hub that no folder knows, by `ATTEMPT.TOKEN`.
    #[serde(skip)]
    pub orphans: Vec<String>,
    /// Attempts of which work came to its hub after they had been given up.
    #[serde(skip)]
    pub late: Vec<String>,
}

/// One repair step. Repairs do nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepairStep {
    /// Rename the damaged database.
    SetDatabaseAside,
    /// Record that a worktree or branch belongs to orch.
    Note(String),
    /// Record that a worktree has moved.
    Follow(String, PathBuf),
    /// Complete or restore a worktree, or reconnect it with git's worktree administration.
    Repair(String),
    /// Put a worktree's unreadable index aside, and create a new one.
    RenewIndex(String),
    /// Remove the record of a worktree that no longer exists.
    Forget(String),
    /// Rebuild the journal from git and the attempts' folders.
    Rebuild,
    /// Record the end of attempts whose runner is gone.
    RecordEnds,
    /// Remove a lock file that nobody holds.
    RemoveLock(PathBuf),
    /// Resume a suspended runner.
    Wake(ProcessId),
    /// End the processes of a job whose runner is gone.
    EndJob(PathBuf),
    /// End the git commands whose orch is gone.
    EndGits,
    /// Create a pin again.
    Repin(MissingPin),
    /// Write the note on a landing again, from the journal.
    WriteNote(PlanName, CommitId),
    /// Delete a pin. Commits that only the pin holds go to a backup.
    Unpin(String, String),
    /// Delete the record of a unit's branch that does not exist.
    ForgetUnit(String, String),
    /// Remove a temporary file.
    RemoveFile(PathBuf),
    /// Free ports.
    FreePorts(String),
    /// Update checkouts that did not follow a move of the target.
    FinishLanding,
    /// End an attempt on an executor that no folder knows.
    EndFar(String, String),
    /// Keep late work of an attempt, and remove it from the executor's hub.
    KeepLate(String, String),
}

impl fmt::Display for RepairStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetDatabaseAside => f.write_str("rename it to orch.db.damaged-TIME"),
            Self::Note(_) => f.write_str("note that it is orch's"),
            Self::Follow(_, to) => write!(f, "record that it is at {} now", to.display()),
            Self::Repair(_) => f.write_str("bring it back; files that are there stay as they are"),
            Self::RenewIndex(_) => f.write_str("move it aside and make another from HEAD; no file changes"),
            Self::Forget(_) => f.write_str("forget it"),
            Self::Rebuild => f.write_str("record what git and the attempts' folders show"),
            Self::RecordEnds => f.write_str("record that they ended"),
            Self::RemoveLock(path) | Self::RemoveFile(path) => write!(f, "remove {}", path.display()),
            Self::Wake(_) => f.write_str("continue it: CONT"),
            Self::EndJob(_) | Self::EndGits => f.write_str("end them: TERM, then KILL"),
            Self::Repin(pin) => write!(f, "write it again, to {}", pin.commit.short()),
            Self::WriteNote(..) => f.write_str("write it from the journal"),
            Self::Unpin(..) => f.write_str("delete it; what only it holds goes to a backup"),
            Self::ForgetUnit(..) => f.write_str("delete the note"),
            Self::FreePorts(_) => f.write_str("give them back"),
            Self::FinishLanding => f.write_str("update its checkouts"),
            Self::EndFar(..) => f.write_str("end it; its last news go to a backup"),
            Self::KeepLate(..) => f.write_str("move it to a backup"),
        }
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind of problem.
    pub kind: FindingKind,
    /// The problem, in words.
    pub what: String,
    /// The repair; `None` when only a person can do it.
    pub step: Option<RepairStep>,
    /// Advice for a person, where orch cannot repair.
    pub advice: Option<String>,
}

impl Finding {
    pub(super) fn repairable(kind: FindingKind, what: impl Into<String>, step: RepairStep) -> Self {
        Self {
            kind,
            what: what.into(),
            step: Some(step),
            advice: None,
        }
    }

    pub(super) fn for_a_person(
        kind: FindingKind,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            what: what.into(),
            step: None,
            advice: Some(advice.into()),
        }
    }
}

/// The plan to which the worktree with this key belongs.
pub(super) fn plan_of(key: &str) -> Option<PlanName> {
    let name = key.split_once('@').map_or(key, |(plan, _)| plan);
    name.parse().ok()
}
