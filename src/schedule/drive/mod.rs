//! The scheduler: one input in, the policies in their order, events and effects out.
//!
//! May import all of the room but `simulate`.

pub(super) mod ending;
pub(super) mod reworking;
pub(super) mod scheduler;
