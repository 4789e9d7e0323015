//! Performing effects: one file for each. These functions block and hold no state; each returns the one event that
//! answers its effect.

mod candidate;
mod check;
mod conflict;
mod hook;
mod launch;
mod merge;
mod pin;
mod unit;
mod verify;
mod worktree;

pub use check::check;
pub use hook::hook;
pub use launch::launch;
pub(super) use merge::TRAIN;
pub use merge::{land_commit, merge, rehearse, resume_landing};
pub use pin::{AtWork, pin};
pub use unit::{UnitLocks, integrate};
pub use verify::{stop_verification, verify};
pub use worktree::make_worktree;
