//! Reading and writing small texts: durations, sizes, positions, lists, misspelled names.
//!
//! Imports nothing from the other sub-rooms.

pub(super) mod branch_name;
pub(super) mod diagnostic;
pub(super) mod duration;
pub(super) mod list;
pub(super) mod memo;
pub(super) mod near_miss;
pub(super) mod one_line;
pub(super) mod place;
pub(super) mod same_title;
pub(crate) mod seek;
pub(super) mod size;
pub(super) mod unprintable;
pub(super) mod vanished;
