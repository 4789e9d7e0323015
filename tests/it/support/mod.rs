//! What the integration tests share.

pub mod reading;
mod repo;
mod sandbox;

pub use repo::{Scratch, Tree, isolate};
pub use sandbox::{Said, Sandbox, document, has_fields, kill, program, wait_for};
