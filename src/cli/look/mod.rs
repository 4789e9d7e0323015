//! Commands that only look and change nothing.

pub mod arrangement;
pub mod conflicts;
pub mod diff;
pub mod digest;
pub mod events;
pub mod graph;
pub mod logs;
pub mod report;
pub mod serve;
pub mod simulate;
pub mod status;
pub mod top;
pub mod train;
pub mod why;
pub mod why_commit;
