//! What was said about a task: one call of `orch task`, one entry of a status file, or one ticked box.

use std::fmt;

use jiff::Timestamp;

use crate::plan::{AttemptId, CommitId, ItemId, TaskState};

/// The last thing that was said about a task or sub-task, in one worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub item: ItemId,
    /// Any state but `ready`.
    pub state: TaskState,
    /// The note; for `failed` the error.
    pub note: Option<String>,
    /// When it was said; none where the writer gives no time. Two statements about an item that differ in this are two
    /// statements, however alike they are.
    pub at: Option<Timestamp>,
    /// Who said it; none where the writer does not tell.
    pub by: Option<Speaker>,
    /// The commit on which the worktree stood when it was said; none where the writer does not tell.
    pub commit: Option<CommitId>,
    /// True for what `orch` itself wrote down before the work began: it repeats what is known and says nothing new.
    pub known: bool,
}

/// Who made a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaker {
    /// The agent of this attempt.
    Attempt(AttemptId),
    /// Somebody who is no agent of this plan's attempts.
    Person,
}

impl Statement {
    /// A statement without a time and a name, as a ticked box makes it.
    pub fn bare(item: ItemId, state: TaskState) -> Self {
        Self {
            item,
            state,
            note: None,
            at: None,
            by: None,
            commit: None,
            known: false,
        }
    }
}

impl Speaker {
    /// The word in a status file for somebody who is no agent.
    const PERSON: &str = "person";

    /// Reads the word that [`Display`](fmt::Display) writes.
    pub fn from_word(word: &str) -> Self {
        match word {
            Self::PERSON => Self::Person,
            attempt => Self::Attempt(AttemptId::from(attempt.to_owned())),
        }
    }
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempt(attempt) => attempt.as_str(),
            Self::Person => Self::PERSON,
        })
    }
}
