//! Random numbers and randomly generated plan sets. The same seed gives the same result.
//!
//! This module imports nothing else of `graph`.

pub(super) mod generated;
pub(super) mod rng;
