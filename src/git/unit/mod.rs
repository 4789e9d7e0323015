//! Parallel tasks: a lane checks out a unit's branch, leaves it or gives it up, and the unit's commits are merged into
//! the plan's branch.
//!
//! May import `worktree`, `landing` and below.

pub(super) mod enter;
pub(super) mod give_up;
pub(super) mod integrate;
pub(super) mod set_back;

pub use enter::{enter_unit, leave_unit, step_off};
pub use give_up::{give_up, put_back};
pub use integrate::{finish_move, integrate};
pub use set_back::{drop_unit, set_back};
