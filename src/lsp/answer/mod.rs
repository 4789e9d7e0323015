//! Answers: a view and a position go in, data or changes for an editor come out. No clock, no
//! files.
//!
//! May import `view` and `text`.

pub(super) mod completion;
pub(super) mod diagnosis;
pub(super) mod hover;
pub(super) mod link;
pub(super) mod outline;
pub(super) mod renaming;
