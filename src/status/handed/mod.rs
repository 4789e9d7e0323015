//! What an agent is handed besides its document: its assignment and the work it may not begin.
//!
//! May import `report` and below.

pub(super) mod assignment;
pub(super) mod gates;
