//! The scheduler: one input in, the policies in their order, events and effects out.
//!
//! May import `steer` and below.

pub(super) mod ending;
pub(super) mod reworking;
pub(super) mod scheduler;
