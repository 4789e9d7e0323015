//! Reasons of the core as sentences.

mod because;
mod told;

pub use because::{because, held};
pub use told::told;
