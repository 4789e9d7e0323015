//! A conflict of a plan that a person resolves: checked out, taken in, given up.
//!
//! May import `perform` and below.

pub(super) mod about_conflict;
pub(super) mod resolve;
pub(super) mod resolved;
