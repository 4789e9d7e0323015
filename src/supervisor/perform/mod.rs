//! Performing effects: one file for each. These functions block and hold no state; each returns the one event that
//! answers its effect.
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 3 | `attempt` | an agent's attempt: its call, its start, the inspection of its work |
//! | 3 | `train` | the merge train's orders: trying and landing merges, pins, verifying phases and unions |
//! | 2 | `build` | the merge to verify: its contents, and the reasons to refuse it |
//! | 1 | `tree` | worktrees: creating, preparing and removing them, and verifying in them |
//! | 0 | `command` | commands of the manifest: verifications and hooks |

pub(super) mod attempt;
pub(super) mod build;
pub(super) mod command;
pub(super) mod train;
pub(super) mod tree;

pub use attempt::check::check;
pub use attempt::ended_attempt::EndedAttempt;
pub use attempt::launch::AttemptStart;
pub use attempt::resolver::resolve_by_agent;
pub use attempt::unit::{integrate, note_again_before};
pub use build::candidate::rehearse;
pub use build::known::KnownPlans;
pub use command::hook::{Hook, hook};
pub use command::verify::{stop_verification, verify};
pub use train::land::{behind, land, land_commit, resume_landing};
pub use train::merge::try_out;
pub use train::phase_check::{stop_phase_check, verify_phase};
pub use train::pin::{AtWork, PinOrder, pin};
pub use train::tip::check_tips;
pub use train::union::try_union;
pub use tree::build_context::BuildContext;
pub use tree::provision::stop_setups;
pub use tree::worktree::make_worktree;
