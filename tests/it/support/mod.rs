//! What the integration tests share.

mod repo;
mod stage;

pub use repo::{Scratch, Tree, isolate};
pub use stage::{Stage, finished, said, signal, until};
