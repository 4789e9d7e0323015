//! How often a stage, a phase or a task was tried.

use crate::plan::WhyAgain;

use crate::schedule::event::at::At;

/// The attempts at one stage, phase or task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tries {
    /// Attempts so far.
    pub attempts: u32,
    /// The attempts that used up a retry.
    pub failures: u32,
    /// Commits they made.
    pub commits: u32,
    /// The attempts whose commits did not merge into the plan's branch.
    pub conflicts: u32,
    /// True when the next one begins again on the plan's branch.
    pub fresh: bool,
    /// No new attempt before this moment.
    pub retry_at: Option<At>,
    /// The last attempts that ended at once and for the same reason.
    pub alike: u32,
    /// Why the last one was not enough.
    pub last_failure: Option<String>,
    /// Why there is another one after the last, and the same in words.
    pub before: Option<(WhyAgain, String)>,
    /// How often an agent continued with messages that it had not read.
    pub unread: u32,
}
