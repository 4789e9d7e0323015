//! Reports of agents: read, and changed beside other writers.
//!
//! May import `files`.

pub(super) mod change;
pub(super) mod edit;
pub(super) mod parse;
pub(super) mod prepare;
pub(super) mod read;
pub(super) mod ticks;
pub(super) mod update;
