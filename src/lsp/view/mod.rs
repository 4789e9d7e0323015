//! A view of the manifest and its documents: what was read and found, every place that names something, what the journal says.
//!
//! May import `text`.

pub(super) mod editor_view;
pub(super) mod fleet_state;
pub(super) mod mention;
