//! The forms that lines of a document have: heading, item, label, fence, front matter.
//!
//! Imports nothing from the folder above.

pub(super) mod front_matter;
pub(super) mod heading;
pub(super) mod item;
pub(super) mod label;
pub(super) mod lines;
pub(super) mod masked;
pub(super) mod outline;
pub(super) mod path;
pub(super) mod upstream;
