//! What the integration tests share.

mod repo;

pub use repo::{Scratch, Tree, isolate};
