//! The gate before whatever takes work away, and the backups that let it through.
//!
//! May import `lock` and below.

pub(super) mod backup;
pub(super) mod came;
pub(super) mod gate;
pub(super) mod kept;
pub(super) mod set_aside;
pub(super) mod snapshot;
pub(super) mod stage;
pub(super) mod step;
