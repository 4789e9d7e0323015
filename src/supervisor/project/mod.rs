//! The project: reading the manifest, paths, names, and replaying the journal.
//!
//! Floor 0: imports no other sub-room.

pub(super) mod agents;
pub(super) mod environment;
pub(super) mod error;
pub(super) mod landed_range;
pub(super) mod load;
pub(super) mod orphan_git;
pub(super) mod orphans;
pub(super) mod plans_in_force;
pub(super) mod ports;
pub(super) mod recording;
pub(super) mod replay;
pub(super) mod repository_plans;
pub(super) mod selection;
pub(super) mod side_by_side;
pub(super) mod source_files;
