//! Refs of `orch`'s own beside the backups: pins, the marks of units, candidates, notes, resolutions.
//!
//! May import `keep` and below.

pub(super) mod candidate_ref;
pub(super) mod found_work;
pub(super) mod made_ref;
pub(super) mod notes;
pub(super) mod pin;
pub(super) mod resolution;
pub(super) mod unit;
pub(super) mod unit_error;
