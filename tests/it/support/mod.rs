//! What the integration tests share.

mod repo;
mod sandbox;
mod stage;

pub use repo::{Scratch, Tree, isolate};
pub use sandbox::{Said, Sandbox, document, has_fields, kill, program, wait_for};
pub use stage::{Stage, finished, said, signal, until};
