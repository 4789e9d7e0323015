//! Performing effects: one file for each. These functions block and hold no state; each returns the one event that
//! answers its effect.

mod call;
mod candidate;
mod check;
mod conflict;
mod copy_in;
mod furnish;
mod hand_over;
mod hook;
mod land;
mod launch;
mod lost_work;
mod mend;
mod merge;
mod own_folder;
mod phase_check;
mod pin;
mod pre_merge;
mod resolver;
mod resolver_judge;
mod target_lost;
mod top;
mod union;
mod unit;
mod verify;
mod wording;
mod worktree;
mod yard;

pub use candidate::{Known, rehearse};
pub use check::{Left, check};
pub use furnish::{Progress, stop_setups};
pub use hook::{Hook, forget, hook};
pub use land::{land, land_commit, resume_landing};
pub use launch::{TasksKnown, launch};
pub(super) use mend::MEND_KEY;
pub use merge::try_out;
pub use phase_check::{stop_phase_check, verify_phase};
pub use pin::{AtWork, pin};
pub use resolver::resolve_by_agent;
pub use union::try_union;
pub use unit::{UnitLocks, integrate, note_again_before};
pub use verify::{stop_verification, verify};
pub use worktree::{furnish_own, make_worktree};
pub use yard::Yard;
pub(super) use yard::train_key;
