//! How often a stage, a phase or a task was tried.

use std::collections::BTreeSet;

use crate::plan::WhyAgain;

use crate::schedule::event::at::At;
use crate::schedule::event::why::because::Because;

/// The attempts at one stage, phase or task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tries {
    /// Attempts so far.
    pub attempts: u32,
    /// Attempts that used up a retry.
    pub failures: u32,
    /// Commits they made.
    pub commits: u32,
    /// Attempts whose commits did not merge into the plan's branch.
    pub conflicts: u32,
    /// True when the next attempt begins anew on the plan's branch.
    pub fresh: bool,
    /// The next attempt begins no earlier than this.
    pub retry_at: Option<At>,
    /// How many of the last attempts in a row ended at once and for the same reason.
    pub alike: u32,
    /// Why the last attempt failed.
    pub last_failure: Option<Because>,
    /// Why another attempt follows the last one: the kind of reason, and the reason.
    pub before: Option<(WhyAgain, Because)>,
    /// How often an agent continued because it had not read its messages.
    pub unread: u32,
    /// The numbers of messages with answers to questions of this work that no agent at this work was given yet.
    pub owed: BTreeSet<u32>,
    /// The numbers of messages that agents at this work were given with their prompts. None of them has completed it, so the next
    /// one is given them, too.
    pub given: BTreeSet<u32>,
}

impl Tries {
    /// True for a message that the next agent at this work is given, whatever agents at other work were given.
    pub fn needs(&self, message: u32) -> bool {
        self.owed.contains(&message) || self.given.contains(&message)
    }
}
