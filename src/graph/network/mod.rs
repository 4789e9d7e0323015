//! The graph of all plans: its nodes, and the gates at which each node waits.
//!
//! May import `order`.

pub(super) mod beside;
pub(super) mod build;
pub(super) mod file_turn;
pub(super) mod landings;
pub(super) mod node;
pub(super) mod overlap;
pub(super) mod places;
pub(super) mod serialize;
pub(super) mod series;
pub(super) mod wait_lists;
pub(super) mod whole;
