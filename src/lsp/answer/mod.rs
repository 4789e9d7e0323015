//! Answers: a view and a place in, what an editor shows or changes out. No clock, no files.
//!
//! May import `view` and `text`.

pub(super) mod completion;
pub(super) mod diagnosis;
pub(super) mod hover;
pub(super) mod link;
pub(super) mod outline;
pub(super) mod renaming;
