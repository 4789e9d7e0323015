//! Statements about tasks: one call of `orch task`, one entry of a status file, or one ticked box.

use std::fmt;

use jiff::Timestamp;

use crate::plan::{AttemptId, CommitId, ItemId, TaskState};

/// The latest statement about a task or sub-task in one worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The item that the statement is about.
    pub item: ItemId,
    /// Any state but `ready`.
    pub state: TaskState,
    /// The note; for `failed` the error.
    pub note: Option<String>,
    /// When the statement was made; none when the writer gives no time. Two statements about an item with different times are
    /// two statements, even if they are otherwise equal.
    pub at: Option<Timestamp>,
    /// Who made the statement; none when the writer does not say.
    pub by: Option<Speaker>,
    /// The worktree's commit when the statement was made; none when the writer does not say.
    pub commit: Option<CommitId>,
    /// True for a statement that `orch` itself wrote before the work began. It repeats known facts and says nothing new.
    pub known: bool,
}

/// Who made a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaker {
    /// The agent of this attempt.
    Attempt(AttemptId),
    /// Somebody who is not an agent of this plan's attempts.
    Person,
}

impl Statement {
    /// A statement without a time and a speaker, as a ticked box makes it.
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
    /// The word in a status file for a speaker who is not an agent.
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
