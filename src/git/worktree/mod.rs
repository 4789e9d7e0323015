//! Making, filling, repairing, surveying and removing worktrees.
//!
//! May import `step` and below.

pub(super) mod add;
pub(super) mod broken_index;
pub(super) mod ensure;
pub(super) mod exact;
pub(super) mod keep_reason;
pub(super) mod lane;
pub(super) mod populate;
pub(super) mod removal;
pub(super) mod repair;
pub(super) mod scour;
pub(super) mod sparse;
pub(super) mod survey;
pub(super) mod wanted;

pub use broken_index::renew_index;
pub use ensure::{ensure, ensure_detached, hide};
pub use exact::ensure_exact;
pub use lane::ensure_lane;
pub use removal::{removable, removable_once_landed, remove};
pub use scour::{is_fresh, unhide};
pub use survey::{finish_half_made, follow, forget, record_again, recorded_base, repair, strayed, survey};
