//! Explains the state of a plan, a phase or a task, as values, and escalates waits that take too long.
//!
//! May import `merge` and below.

pub(super) mod conflicts;
pub(super) mod delay;
pub(super) mod escalating;
pub(super) mod outcome;
pub(super) mod prefix;
pub(super) mod reason;
pub(super) mod reasons;
pub(super) mod since;
pub(super) mod standstill;
pub(super) mod states;
pub(super) mod tally;
pub(super) mod wait;
