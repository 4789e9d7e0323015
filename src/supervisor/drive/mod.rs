//! The engine: the loop over the parts.
//!
//! May import all others.

pub(super) mod afterwards;
pub(super) mod announcing;
pub(super) mod closing;
#[allow(unsafe_code, reason = "a descriptor is watched that is closed elsewhere")]
pub(super) mod effects;
pub(super) mod engine;
pub(super) mod inbox;
pub(super) mod last_look;
pub(super) mod live_edit;
pub(super) mod outbox;
