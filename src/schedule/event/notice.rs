//! Facts about stalls: attempts without a sign of life, late reports, waits that take too long, and messages about them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::omitted::is_zero;
use crate::plan::{AttemptId, ItemId, Message, OnStall, PlanName, TaskState, Waiting};

/// How long ago each sign of life of an attempt was seen, in milliseconds, as of one examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs {
    /// Time since the last output.
    pub output_ms: u64,
    /// Time since the last change of the status file.
    pub status_ms: u64,
    /// Time since the last change in the worktree, or `None` when nobody looked, or could.
    pub files_ms: Option<u64>,
    /// Time since the processes last used more processor time than waiting takes, or `None` if that was never seen.
    pub processor_ms: Option<u64>,
    /// How long the processes have been watched.
    pub watched_ms: u64,
}

impl Signs {
    /// Returns signs of life that were all seen just now.
    pub fn of_life() -> Self {
        Self {
            output_ms: 0,
            status_ms: 0,
            files_ms: Some(0),
            processor_ms: Some(0),
            watched_ms: 0,
        }
    }

    /// Returns the ages when all of them have reached `stall_after`. One old sign alone means nothing. An unknown sign
    /// counts as a sign of life.
    pub fn stalled_for(&self, stall_after: Duration) -> Option<Ages> {
        let ages = Ages {
            output_ms: self.output_ms,
            status_ms: self.status_ms,
            files_ms: self.files_ms?,
            processor_ms: self.processor_ms.unwrap_or(self.watched_ms),
        };
        let least = ages
            .output_ms
            .min(ages.status_ms)
            .min(ages.files_ms)
            .min(ages.processor_ms);
        (u128::from(least) >= stall_after.as_millis()).then_some(ages)
    }

    /// Returns true when any sign of life was seen within `stall_after`.
    pub fn has_moved_within(&self, stall_after: Duration) -> bool {
        let known = [
            Some(self.output_ms),
            Some(self.status_ms),
            self.files_ms,
            self.processor_ms,
        ];
        known
            .into_iter()
            .flatten()
            .any(|age| u128::from(age) < stall_after.as_millis())
    }
}

/// The ages of all four signs of life, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ages {
    /// Time since the last output.
    pub output_ms: u64,
    /// Time since the last change of the status file.
    pub status_ms: u64,
    /// Time since the last change in the worktree.
    pub files_ms: u64,
    /// Time since the processor was last used.
    pub processor_ms: u64,
}

impl Ages {
    /// Returns the ages of the same signs `later`.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        let later = u64::try_from(later.as_millis()).unwrap_or(u64::MAX);
        Self {
            output_ms: self.output_ms.saturating_add(later),
            status_ms: self.status_ms.saturating_add(later),
            files_ms: self.files_ms.saturating_add(later),
            processor_ms: self.processor_ms.saturating_add(later),
        }
    }
}

/// An attempt shows no sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StallNotice {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// How long ago each sign of life was seen.
    pub ages: Ages,
}

/// An action on a stalled attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StallAction {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The action.
    pub action: OnStall,
    /// How long ago each sign of life was seen.
    pub ages: Ages,
}

/// An attempt of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfAttempt {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
}

/// A report from a worktree in which no agent works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateReport {
    /// The plan.
    pub plan: PlanName,
    /// The task or sub-task.
    pub task: ItemId,
    /// Lane of the worktree that the report came from; 0 is the plan's own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lane: u32,
    /// The report.
    pub state: TaskState,
    /// True when the report was in time but concerned work that could not start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// The agent's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A message to the agents of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The plan.
    pub plan: PlanName,
    /// The message.
    pub message: Message,
}

/// A conflict that a merge would meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreseen {
    /// The plan.
    pub plan: PlanName,
    /// The other side: another plan, or the target's branch.
    pub with: String,
    /// The files, each with the kind of conflict. Empty when the conflict is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// A wait that takes too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The plan that waits.
    pub plan: PlanName,
    /// The kind of wait.
    pub waiting: Waiting,
    /// The cause of the wait: a point, a plan or an attempt.
    pub on: String,
    /// How long the plan has waited, in milliseconds.
    pub waited_ms: u64,
    /// The reason in words. The shell adds it before the event is written.
    pub why: String,
}

/// Branches that each pass on the target and merge, but do not pass together; or that now do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnionSeen {
    /// The plan.
    pub plan: PlanName,
    /// The other plans, in manifest order.
    pub with: Vec<PlanName>,
    /// The output of the verification; empty when they pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// How many agents a run uses at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Width {
    /// As many as the manifest allows.
    #[default]
    Full,
    /// Half as many, and half the lanes of each plan.
    Narrow,
    /// Likewise, in batches: none begins between the first end of a batch and its last.
    Batched,
}

impl Width {
    /// The number of slots or lanes in use, out of this many.
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Full => all,
            Self::Narrow | Self::Batched => all.div_ceil(2),
        }
    }
}

/// A change of the width, with the gain of the last attempts, in percent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WidthChange {
    /// The width from now on.
    pub width: Width,
    /// The share of the time of sequential work that was saved.
    pub efficiency: u32,
    /// The share of time in which only `orch` itself was at work.
    pub overhead: u32,
    /// The share of the agents' time in failed attempts.
    pub lost: u32,
    /// How many attempts were judged.
    pub attempts: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn still() -> Signs {
        Signs {
            output_ms: 60_000,
            status_ms: 61_000,
            files_ms: Some(70_000),
            processor_ms: Some(60_000),
            watched_ms: 90_000,
        }
    }

    #[test]
    fn one_sign_of_life_is_enough_to_be_alive() {
        assert!(still().stalled_for(PATIENCE).is_some());
        assert!(!still().has_moved_within(PATIENCE));
        let moved = [
            Signs {
                output_ms: 59_999,
                ..still()
            },
            Signs {
                status_ms: 0,
                ..still()
            },
            Signs {
                files_ms: Some(1),
                ..still()
            },
            Signs {
                processor_ms: Some(59_000),
                ..still()
            },
        ];
        for signs in moved {
            assert_eq!(signs.stalled_for(PATIENCE), None, "{signs:?}");
            assert!(signs.has_moved_within(PATIENCE), "{signs:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_neither_life_nor_its_absence() {
        let unknown_files = Signs {
            files_ms: None,
            ..still()
        };
        let barely_watched = Signs {
            processor_ms: None,
            watched_ms: 15_000,
            ..still()
        };
        for signs in [unknown_files, barely_watched] {
            assert_eq!(signs.stalled_for(PATIENCE), None);
            assert!(!signs.has_moved_within(PATIENCE));
        }
        let watched = Signs {
            processor_ms: None,
            ..still()
        };
        assert_eq!(
            watched.stalled_for(PATIENCE).map(|ages| ages.processor_ms),
            Some(90_000)
        );
    }
}
