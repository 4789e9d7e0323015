//! The shared parts of the policies: the work, the state, the index of ready work, and the requested effects that are not
//! yet answered.
//!
//! May import `ready` and below.

pub(super) mod answers;
pub(super) mod ask;
pub(super) mod core;
pub(super) mod effect;
pub(super) mod orch_message;
pub(super) mod step;
