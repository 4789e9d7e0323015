//! Which edits of the manifest take effect while plans run.
//!
//! May import `set` and below.

pub(super) mod edit;
pub(super) mod fields;
pub(super) mod loosened;
pub(super) mod places;
