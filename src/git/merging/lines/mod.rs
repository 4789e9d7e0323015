//! Merging the lines of a file that both sides changed, as git's `xdiff` does. Pure: bytes in, bytes out.
//!
//! Imports nothing from the folder above.

pub(super) mod histogram;
pub(super) mod hunks;
pub(super) mod slide;
pub(super) mod text;
