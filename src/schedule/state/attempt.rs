//! One agent's attempt at some work: while it is under way, and what remains known of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::plan::{AgentName, AttemptId, CommitId, ItemId, OnStall, TaskId, UnitId};

use crate::schedule::event::at::At;
use crate::schedule::event::exit::{Evidence, Exit};
use crate::schedule::event::facts::Facts;
use crate::schedule::event::notice::Ages;

/// The attempt under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Which attempt at this work, from 1.
    pub number: u32,
    /// Its agent.
    pub agent: AgentName,
    /// Its units.
    pub units: Vec<UnitId>,
    /// How far it is.
    pub state: AttemptState,
    /// True once it reported any task.
    pub reported: bool,
    /// True when an agent of the plan had reported by the time at which all was known of this one: what others say while
    /// its commits are on their way to the plan's branch comes too late for it.
    pub judged_by_word: bool,
    /// The time of the last statement that it made about each item, where the writer gives times.
    pub said: BTreeMap<ItemId, Timestamp>,
    /// Tasks that it reported done beyond what it was given.
    pub claimed: BTreeSet<TaskId>,
    /// When it was assigned.
    pub since: At,
    /// When its process ended.
    pub ended: Option<At>,
    /// The branch's tip when it started.
    pub head: Option<CommitId>,
    /// True when it was started only because the plan's verification failed.
    pub repair: bool,
    /// Where its commits stand that were made on a branch of its own.
    pub integration: Integration,
    /// True when its conflict was in files that it was not known to touch.
    pub learned: bool,
    /// Since when nothing of it moves, once that was noticed.
    pub stall: Option<Stall>,
    /// How many of the plan's messages it was told when it began.
    pub told: u32,
    /// The account it uses; none when its agent has but one.
    pub account: Option<String>,
    /// The facts in its output so far.
    pub facts: Facts,
    /// When the obstacle that it tells of is over, where that was said.
    pub resets_at: Option<At>,
}

/// Where the commits of an attempt on a branch of its own stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Integration {
    /// Not on the plan's branch.
    #[default]
    Open,
    /// On the plan's branch.
    Merged,
    /// They conflict with what is there.
    Conflict(Vec<String>),
    /// Something else is in the way.
    Refused(String),
}

/// How far an attempt is.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptState {
    /// Being started.
    Assigned,
    /// Its process runs.
    Running,
    /// Its process has ended; its work is inspected.
    Ended(Exit),
    /// All is known.
    Checked(Exit, Evidence),
}

impl Attempt {
    /// True when it stayed still for too long and is being ended for that.
    pub fn is_given_up(&self) -> bool {
        let acted = self.stall.as_ref().and_then(|stall| stall.acted);
        acted.is_some_and(OnStall::ends_it)
    }
}

/// The stall of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// When that was noticed.
    pub since: At,
    /// How long ago each sign of life had been seen by then.
    pub ages: Ages,
    /// The action.
    pub acted: Option<OnStall>,
    /// When.
    pub acted_at: Option<At>,
}

impl AttemptState {
    /// True while the attempt takes up a slot: its process is being started or runs.
    pub fn holds_slot(&self) -> bool {
        match self {
            Self::Assigned | Self::Running => true,
            Self::Ended(_) | Self::Checked(..) => false,
        }
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
    pub failure: Option<String>,
    /// The time of the last statement that it made about each item, where the writer gives times.
    pub said: BTreeMap<ItemId, Timestamp>,
    /// Commits it made.
    pub commits: u32,
    /// True once these are on the plan's branch.
    pub merged: bool,
    /// The account it used; none when its agent has but one.
    pub account: Option<String>,
    /// The facts in its output.
    pub facts: Facts,
    /// True for an attempt at a conflict with the target.
    pub resolves: bool,
}
