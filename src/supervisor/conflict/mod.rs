//! A person's resolution of a plan's conflict: checking it out, accepting it, or giving it up.
//!
//! May import `perform` and below.

pub(super) mod about_conflict;
pub(super) mod resolve;
pub(super) mod resolved;
