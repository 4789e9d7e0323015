//! What was wrong with the end of an attempt, and is missing in its work.

use serde::{Deserialize, Serialize};

use crate::plan::{ItemId, TaskId, TaskState};
use crate::schedule::event::exit::{Exit, ForeignWork, GoneWork};
use crate::schedule::event::facts::Fault;

/// What was wrong with the end of an attempt, or is missing in its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// The agent did not end well.
    Ended {
        /// The end.
        end: OddEnd,
        /// Reports on tasks that are not done.
        tasks: Vec<OpenReport>,
        /// Further findings.
        besides: Besides,
    },
    /// The agent did not end well, but all of its work was reported and committed.
    OddButDone {
        /// The end.
        end: OddEnd,
    },
    /// A person worked on it and left tasks open.
    LeftOpen {
        /// The tasks.
        open: Vec<TaskId>,
        /// Reports on them.
        tasks: Vec<OpenReport>,
    },
    /// The agent left changes uncommitted, which the plan forbids.
    Uncommitted {
        /// The files.
        files: Vec<String>,
    },
    /// A commit with reported work is no longer on the branch.
    Gone {
        /// The commit.
        gone: GoneWork,
    },
    /// A commit of another plan is on the branch.
    Foreign {
        /// The commit.
        foreign: ForeignWork,
    },
    /// The agent ended with work left.
    NotDone {
        /// True when the agent reported anything.
        reported: bool,
        /// The tasks that are open.
        open: Vec<TaskId>,
        /// Reports on them.
        tasks: Vec<OpenReport>,
        /// The agent's last word.
        last: Option<String>,
    },
    /// The agent ended and did not report whether the check passes.
    CheckNotReported {
        /// The check.
        check: TaskId,
        /// The agent's last word.
        last: Option<String>,
    },
    /// The agent made no commit.
    NothingMade {
        /// True when the agent reported its tasks done.
        reported: bool,
        /// The agent's last word.
        last: Option<String>,
    },
}

/// An end of an agent that does not show success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OddEnd {
    /// How its process ended.
    pub exit: Exit,
    /// What its output says against a success, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// A report on a task that is not done: it failed, or is still running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenReport {
    /// The task, or a part of it.
    pub item: ItemId,
    /// The reported state.
    pub state: TaskState,
    /// The agent's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Further findings, which neither the next agent nor a person would discover alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Besides {
    /// A problem of the worktree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// A commit with reported work that is no longer on the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<GoneWork>,
    /// A commit of another plan on the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignWork>,
    /// The agent's last word, when that is not an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}
