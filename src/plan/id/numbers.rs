//! Identities of phases, tasks and sub-tasks as they are written in plan documents.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is not the id of a phase, task or sub-task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct IdError {
    /// The text as it was written.
    pub text: String,
    /// The expected form, for example "a task id such as 2.1".
    pub expected: &'static str,
}

/// The number of a phase: `## Phase 2: …` is phase 2. Phase 0 is allowed and numbers may have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhaseId(pub u32);

impl fmt::Display for PhaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A task: its phase and its number inside that phase. Ordered as people count: 2.9 before 2.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId {
    /// The phase that the task belongs to.
    pub phase: PhaseId,
    /// The task's number inside its phase; [`TaskId::VERIFY`] for the phase's VERIFY block.
    pub number: u32,
}

impl TaskId {
    /// Task `phase.number`.
    pub const fn new(phase: u32, number: u32) -> Self {
        Self {
            phase: PhaseId(phase),
            number,
        }
    }

    /// The number of a phase's VERIFY block. It comes after every task, and no document can write it.
    pub const VERIFY: u32 = u32::MAX;

    /// The VERIFY block of a phase. Agents work on it and report it like a task: `2.verify`.
    pub const fn verify(phase: PhaseId) -> Self {
        Self {
            phase,
            number: Self::VERIFY,
        }
    }

    /// True for a phase's VERIFY block.
    pub const fn is_verify(self) -> bool {
        self.number == Self::VERIFY
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_verify() {
            return f.pad(&format!("{}.{VERIFY_WORD}", self.phase));
        }
        f.pad(&format!("{}.{}", self.phase, self.number))
    }
}

const VERIFY_WORD: &str = "verify";

/// Parses a whole number without a sign or leading zeros, so that an id has exactly one spelling.
fn number(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if canonical && digits {
        text.parse().ok().filter(|number| *number != TaskId::VERIFY)
    } else {
        None
    }
}

/// A task's number, or the word for a phase's VERIFY block.
fn task_number(text: &str) -> Option<u32> {
    match text {
        VERIFY_WORD => Some(TaskId::VERIFY),
        digits => number(digits),
    }
}

impl FromStr for TaskId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.split_once('.')
            .and_then(|(phase, task)| Some(TaskId::new(number(phase)?, task_number(task)?)))
            .ok_or_else(|| IdError {
                text: text.to_owned(),
                expected: "a task id such as 2.1",
            })
    }
}

impl TryFrom<String> for TaskId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> String {
        id.to_string()
    }
}

/// A task or one of its sub-tasks: `2.1`, `2.1.3`, `2.1.A`. Status files report items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ItemId {
    /// The task, or the task that the sub-task is part of.
    pub task: TaskId,
    /// What follows the task's id, without the dot: `3`, `A`, `3.1`. None for the task itself.
    pub sub: Option<String>,
}

impl From<TaskId> for ItemId {
    fn from(task: TaskId) -> Self {
        Self { task, sub: None }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sub {
            None => self.task.fmt(f),
            Some(sub) => f.pad(&format!("{}.{sub}", self.task)),
        }
    }
}

impl FromStr for ItemId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError {
            text: text.to_owned(),
            expected: "a task id such as 2.1, or a sub-task id such as 2.1.3 or 2.1.A",
        };
        // Every item of every list is tried as an id, so this scans the bytes instead of setting up a string search.
        let point = |text: &str| text.bytes().position(|byte| byte == b'.');
        let Some(first) = point(text) else {
            return Err(wrong());
        };
        let rest = &text[first + 1..];
        let second = point(rest);
        let task = &rest[..second.unwrap_or(rest.len())];
        let task = match (number(&text[..first]), task_number(task)) {
            (Some(phase), Some(task)) => TaskId::new(phase, task),
            _ => return Err(wrong()),
        };
        let sub = second.map(|second| &rest[second + 1..]);
        let sub_ok = sub.is_none_or(|sub| {
            sub.split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        });
        if !sub_ok {
            return Err(wrong());
        }
        Ok(Self {
            task,
            sub: sub.map(str::to_owned),
        })
    }
}

impl TryFrom<String> for ItemId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<ItemId> for String {
    fn from(id: ItemId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_ids_sort_by_number_not_by_text() {
        let mut ids: Vec<TaskId> = ["2.10", "2.9", "10.1", "0.1"]
            .iter()
            .map(|t| t.parse().unwrap())
            .collect();
        ids.sort();
        let shown: Vec<String> = ids.iter().map(TaskId::to_string).collect();
        assert_eq!(shown, ["0.1", "2.9", "2.10", "10.1"]);
    }

    #[test]
    fn an_id_has_one_spelling() {
        for bad in [
            "", "1", "1.", ".1", "01.1", "1.01", "+1.1", "1.-1", "a.b", "1.1.1",
        ] {
            assert!(bad.parse::<TaskId>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_verify_block_has_an_id_that_no_document_can_give_a_task() {
        let id = TaskId::verify(PhaseId(2));
        assert_eq!(id.to_string(), "2.verify");
        assert_eq!("2.verify".parse::<TaskId>().unwrap(), id);
        assert_eq!("2.verify".parse::<ItemId>().unwrap(), id.into());
        assert!(TaskId::new(2, 1_000_000) < id);
        assert!("2.4294967295".parse::<TaskId>().is_err());
    }

    #[test]
    fn items_are_tasks_or_their_sub_tasks() {
        let item: ItemId = "2.1".parse().unwrap();
        assert_eq!(item, ItemId::from(TaskId::new(2, 1)));
        let sub: ItemId = "2.1.A".parse().unwrap();
        assert_eq!((sub.task, sub.sub.as_deref()), (TaskId::new(2, 1), Some("A")));
        assert_eq!(sub.to_string(), "2.1.A");
        for bad in ["2", "2.1.", "2.1..3", "2.1.é"] {
            assert!(bad.parse::<ItemId>().is_err(), "{bad:?} was accepted");
        }
    }
}
