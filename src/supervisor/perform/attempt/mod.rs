//! An agent's attempt: its call, its start, the inspection of its work, and the merge into the plan's branch. Also
//! attempts at conflicts.
//!
//! May import `build` and below.

pub(in crate::supervisor) mod attach_call;
pub(in crate::supervisor) mod call;
pub(in crate::supervisor) mod check;
pub(in crate::supervisor) mod departure;
pub(in crate::supervisor) mod ended_attempt;
pub(in crate::supervisor) mod hand_over;
pub(in crate::supervisor) mod launch;
pub(in crate::supervisor) mod remains;
pub(in crate::supervisor) mod resolver;
pub(in crate::supervisor) mod resolver_judge;
pub(in crate::supervisor) mod unit;
