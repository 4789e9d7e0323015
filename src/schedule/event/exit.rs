//! How an agent's process ended, and the evidence collected afterwards.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, ItemId, PlanName};

/// How an agent's process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Exit {
    /// It exited by itself with this code.
    Code {
        /// The exit code.
        code: i32,
    },
    /// It was killed by a signal that `orch` did not send.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// It reached its time limit.
    TimedOut,
    /// `orch` stopped it because a person asked.
    Stopped,
    /// Its runner vanished without a record, for example after a power cut.
    Lost,
    /// There was no process: a person did the work and reported it.
    ByHand,
    /// Its program could not be executed.
    NotStarted {
        /// Why.
        why: String,
    },
}

/// The evidence after an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The branch's tip.
    pub head: Option<CommitId>,
    /// Number of commits made on the branch since the attempt started, including leftovers. Merges do not count, nor do
    /// commits that are on the target or were made for another plan.
    pub commits: u32,
    /// Number of uncommitted files that `orch` committed.
    pub leftovers_committed: u32,
    /// Files that are still uncommitted.
    pub leftovers: Vec<String>,
    /// Files that the attempt's commits changed since the start of its own branch. Cut off when there are very many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Any other problem, such as another branch being checked out.
    pub trouble: Option<String>,
    /// The number of the last message that was read in the worktree, or `None` if that was never checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<u32>,
    /// The agent's question to a person, or `None` without a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<Box<str>>,
    /// True when the worktree is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// Commits on which work was reported done and that are no longer on the branch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<GoneWork>,
    /// A commit on the branch that was made for another plan and has not landed, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignWork>,
}

/// A commit of one plan that is on the branch of another plan, although `orch` did not put it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignWork {
    /// The plan that the commit was made for.
    pub plan: PlanName,
    /// The commit.
    pub commit: CommitId,
}

/// A commit that left the branch after work was reported done on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneWork {
    /// The commit.
    pub commit: CommitId,
    /// The work that was reported done there.
    pub items: Vec<ItemId>,
    /// The ref that keeps the commit, or `None` when another ref contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
}
