//! What the integration tests share.

mod lanes;
pub mod reading;
mod repo;
mod sandbox;

pub use lanes::{HOME, LANE, Lanes, PLAN, refused};
pub use repo::{Scratch, Tree, isolate};
pub use sandbox::{Said, Sandbox, document, has_fields, kill, program, wait_for};
