//! The target's move, and the checkouts that follow it.
//!
//! May import `step` and below.

pub(super) mod beside;
pub(super) mod branch_rewrite;
pub(super) mod follow;
pub(super) mod land;
pub(super) mod plan;

pub use beside::could_follow;
pub use land::{
    all_follow, behind, check_target, cut_short, finish_landing_holding, land, plan_landing,
    plan_landing_beside,
};
