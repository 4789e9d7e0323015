//! Performing effects: one file for each. These functions block and hold no state; each returns the one event that
//! answers its effect.

mod call;
mod candidate;
mod check;
mod conflict;
mod copy_in;
mod furnish;
mod hook;
mod launch;
mod merge;
mod pin;
mod pre_merge;
mod unit;
mod verify;
mod worktree;

pub use check::check;
pub use furnish::{Progress, stop_setups};
pub use hook::{Hook, forget, hook};
pub use launch::launch;
pub(super) use merge::TRAIN;
pub use merge::{land_commit, merge, rehearse, resume_landing};
pub use pin::{AtWork, pin};
pub use unit::{UnitLocks, integrate};
pub use verify::{stop_verification, verify};
pub use worktree::{furnish_own, make_worktree};
