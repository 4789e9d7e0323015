//! The engine: the loop over the parts.
//!
//! May import all others.

pub(super) mod afterwards;
pub(super) mod beginning;
pub(super) mod closing;
pub(super) mod conclusion;
pub(super) mod effects;
pub(super) mod engine;
pub(super) mod inbox;
