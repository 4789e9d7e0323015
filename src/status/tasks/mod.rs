//! Which tasks there are, and which can be worked on.
//!
//! May import `report` and below.

pub(super) mod task_list;
pub(super) mod task_next;
