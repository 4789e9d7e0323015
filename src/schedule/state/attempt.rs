//! An agent's attempt at some work, and the record that remains of an attempt.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::plan::{AgentName, AttemptId, CommitId, ExecutorName, ItemId, OnStall, TaskId, UnitId};

use crate::schedule::event::at::At;
use crate::schedule::event::exit::{Evidence, Exit};
use crate::schedule::event::facts::Facts;
use crate::schedule::event::notice::Ages;
use crate::schedule::event::why::because::Because;

/// An attempt that is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The number of the attempt at this work, from 1.
    pub number: u32,
    /// Its agent.
    pub agent: AgentName,
    /// Its units.
    pub units: Vec<UnitId>,
    /// Its state.
    pub state: AttemptState,
    /// What is known of its job, when it was handed over.
    pub away: Option<AwayJob>,
    /// True once it reported any task.
    pub reported: bool,
    /// True for a person's attempt, and when an agent of the plan had reported by the time this one was checked: reports decide what
    /// it completed. Reports that others make later, while its commits are on their way to the plan's branch, come too late to
    /// change that.
    pub judged_by_word: bool,
    /// The time of its last report on each item, if the report has a time.
    pub said: BTreeMap<ItemId, Timestamp>,
    /// Tasks beyond its own units that it reported done.
    pub claimed: BTreeSet<TaskId>,
    /// When it was assigned.
    pub since: At,
    /// When its process ended.
    pub ended: Option<At>,
    /// The branch's tip when it started.
    pub head: Option<CommitId>,
    /// True when it was started only because the plan's verification failed.
    pub repair: bool,
    /// The state of its commits, when it has a branch of its own.
    pub integration: Integration,
    /// True when its conflict was in files that it was not known to touch.
    pub learned: bool,
    /// Its stall, once that was noticed.
    pub stall: Option<Stall>,
    /// How many of the plan's messages it got with its prompt.
    pub told: u32,
    /// The account it uses, `None` when its agent has only one.
    pub account: Option<String>,
    /// The facts in its output so far.
    pub facts: Facts,
    /// When the obstacle that it reports is over, if known.
    pub resets_at: Option<At>,
}

/// The state of the commits of an attempt on a branch of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Integration {
    /// Not on the plan's branch.
    #[default]
    Open,
    /// On the plan's branch.
    Merged,
    /// They conflict with the plan's branch. Holds the files.
    Conflict(Vec<String>),
    /// They could not be merged for another reason. Holds the reason.
    Refused(String),
}

/// The state of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptState {
    /// Being started.
    Assigned,
    /// Handed over to an executor. No agent has begun.
    Submitted,
    /// Its process runs.
    Running,
    /// Its process has ended, and its work is being inspected.
    Ended(Exit),
    /// Its work has been inspected.
    Checked(Exit, Evidence),
}

impl Attempt {
    /// True when a person did the work, which is only judged.
    pub fn is_by_hand(&self) -> bool {
        match &self.state {
            AttemptState::Ended(exit) | AttemptState::Checked(exit, _) => *exit == Exit::ByHand,
            AttemptState::Assigned | AttemptState::Submitted | AttemptState::Running => false,
        }
    }

    /// True when the attempt stalled and is being ended for that.
    pub fn is_given_up(&self) -> bool {
        let acted = self.stall.as_ref().and_then(|stall| stall.acted);
        acted.is_some_and(OnStall::ends_it)
    }
}

/// The job of an attempt that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwayJob {
    /// The executor.
    pub executor: ExecutorName,
    /// The engine's name of the job, once it is known.
    pub job: Option<String>,
    /// The node, once the job runs.
    pub node: Option<String>,
    /// Since when nothing was heard from the node, as far as that was noticed.
    pub silent: Option<At>,
}

/// The stall of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// When the stall was noticed.
    pub since: At,
    /// How long ago each sign of life had been seen by then.
    pub ages: Ages,
    /// The action taken, if any.
    pub acted: Option<OnStall>,
    /// When that action was taken.
    pub acted_at: Option<At>,
}

impl AttemptState {
    /// True while the attempt takes up a slot: its process is being started or runs.
    pub fn holds_slot(&self) -> bool {
        match self {
            Self::Assigned | Self::Submitted | Self::Running => true,
            Self::Ended(_) | Self::Checked(..) => false,
        }
    }

    /// True while the attempt can be asked to end: its process runs, or an executor has it.
    pub fn can_be_stopped(&self) -> bool {
        matches!(self, Self::Submitted | Self::Running)
    }

    /// True before its agent runs.
    pub fn is_before_its_start(&self) -> bool {
        matches!(self, Self::Assigned | Self::Submitted)
    }
}

/// The record of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRecord {
    /// Its id.
    pub id: AttemptId,
    /// Its agent.
    pub agent: AgentName,
    /// Its units.
    pub units: Vec<UnitId>,
    /// The worktree it worked in.
    pub lane: u32,
    /// When its process started.
    pub started: Option<At>,
    /// When it ended.
    pub ended: Option<At>,
    /// How its process ended.
    pub exit: Option<Exit>,
    /// Why it did not complete its work, if so.
    pub failure: Option<Because>,
    /// True when that counts as a failed attempt: it was neither stopped nor ended by a question.
    pub counted: bool,
    /// The time of its last report on each item, if the report has a time.
    pub said: BTreeMap<ItemId, Timestamp>,
    /// Commits it made.
    pub commits: u32,
    /// True once its commits are on the plan's branch.
    pub merged: bool,
    /// The account it used, `None` when its agent has only one.
    pub account: Option<String>,
    /// The facts in its output.
    pub facts: Facts,
    /// True for an attempt at a conflict with the target.
    pub resolves: bool,
}
