//! Why a plan, a phase or a task is in its state, in words, and the notices when a wait takes too long.
//!
//! May import `merge` and below.

pub(super) mod conflicts;
pub(super) mod delay;
pub(super) mod escalating;
pub(super) mod outcome;
pub(super) mod prefix;
pub(super) mod reason;
pub(super) mod reasons;
pub(super) mod standstill;
pub(super) mod states;
pub(super) mod tally;
pub(super) mod wait;
