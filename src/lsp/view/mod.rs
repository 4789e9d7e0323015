//! A view of the manifest and its documents: the data and problems, every mention of a thing, and the state in the journal.
//!
//! May import `text`.

pub(super) mod editor_view;
pub(super) mod fleet_state;
pub(super) mod mention;
