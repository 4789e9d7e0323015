//! A run without agents, on the real scheduler, and bounds for how short a run can be.
//!
//! May import `drive` and below.

pub(super) mod bound;
mod course;
pub mod history;
pub(super) mod simulation;
pub(super) mod world;
