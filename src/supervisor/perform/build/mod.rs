//! The merge to verify: its contents, and the reasons to refuse it.
//!
//! May import `tree` and below.

pub(in crate::supervisor) mod candidate;
pub(in crate::supervisor) mod chain_end;
pub(in crate::supervisor) mod conflict;
pub(in crate::supervisor) mod known;
pub(in crate::supervisor) mod lost_work;
pub(in crate::supervisor) mod merged_by_others;
pub(in crate::supervisor) mod other_rules;
pub(in crate::supervisor) mod others_work;
pub(in crate::supervisor) mod refusal;
pub(in crate::supervisor) mod repair;
pub(in crate::supervisor) mod target_lost;
pub(in crate::supervisor) mod wording;
