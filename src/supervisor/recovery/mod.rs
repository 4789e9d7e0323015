//! Changes while no supervisor was running: ended attempts, landings by hand, changed documents, missing refs and notes.
//!
//! May import `perform` and below.

pub(super) mod attempts;
pub(super) mod brought;
pub(super) mod brought_ticks;
pub(super) mod changed_documents;
pub(super) mod evidence;
pub(super) mod landed_by_hand;
pub(super) mod lost_landings;
pub(super) mod output;
pub(super) mod own_refs;
pub(super) mod past;
