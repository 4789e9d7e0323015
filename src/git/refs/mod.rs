//! Refs of `orch`'s own besides the backups: pins, records of units, candidates, notes, resolutions.
//!
//! May import `keep` and below.

pub(super) mod candidate_ref;
pub(super) mod found_work;
pub(super) mod made_ref;
pub(super) mod makers;
pub(super) mod notes;
pub(super) mod pin;
pub(super) mod resolution;
pub(super) mod unit;
pub(super) mod unit_error;

pub use candidate_ref::{has_commit, hold_candidate};
pub use found_work::{all_units, began_at, forget_unit, is_of_plan, landings};
pub use made_ref::{keep_made, release_made};
pub use makers::{Makers, made_in};
pub use notes::{note, noted, write_note};
pub use pin::{pin, pinned, pins, unpin};
pub use resolution::{forget_resolution, put_resolution_back, resolution, stand_in};
pub use unit::{delete_unit, note_unit_again, units};
