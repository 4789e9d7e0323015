//! What of an edited manifest counts while plans run.
//!
//! May import `set` and below.

pub(super) mod edit;
pub(super) mod fields;
pub(super) mod loosened;
