//! Numbers and plan sets drawn by chance, the same for the same seed.
//!
//! Imports nothing else of `graph`.

pub(super) mod generated;
pub(super) mod rng;
