//! Which work matters most, and when it could start.
//!
//! May import `network` and `order`.

pub(super) mod members;
pub(super) mod opening;
pub(super) mod rank;
pub(super) mod timeline;
