//! Reasons of the core as sentences.

mod attempt_end;
mod because;
mod closed_work;
mod need;
mod not_landing;
mod stalled;
mod told;

pub use attempt_end::{exit, foreign};
pub use because::{because, held};
pub use closed_work::closed_because;
pub use need::advice;
pub use stalled::{ages, obstacle};
pub use told::told;
