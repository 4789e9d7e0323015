//! The scheduler: takes one input, runs the policies in order, and returns events and effects.
//!
//! May import `steer` and below.

pub(super) mod capacity;
pub(super) mod ending;
pub(super) mod reworking;
pub(super) mod scheduler;
