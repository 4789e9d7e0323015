//! Merges built off every checkout, and the evidence that something is on the target already.
//!
//! May import `merging` and below.

pub(super) mod both_sides;
pub(super) mod builder;
pub(super) mod evidence;
pub(super) mod outside;
pub(super) mod own_folder;
pub(super) mod union;
