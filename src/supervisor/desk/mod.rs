//! The shared parts of the engine.
//!
//! May import `preflight` and below.

pub(super) mod clock;
pub(super) mod core;
pub(super) mod message;
pub(super) mod observer;
