//! Passing recorded events on: hooks, notices, mail.
//!
//! May import `desk` and below.

pub(super) mod delivery;
pub(super) mod digest_hook;
pub(super) mod gates;
pub(super) mod notes;
pub(super) mod notifier;
pub(super) mod urgency;
