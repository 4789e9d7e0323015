//! Merges built outside every checkout, and the evidence that a commit is already on the target.
//!
//! May import `merging` and below.

pub(super) mod builder;
pub(super) mod evidence;
pub(super) mod merged_file;
pub(super) mod outside;
pub(super) mod own_folder;
pub(super) mod union;

pub use evidence::{landed_as_tried_by, landed_by, read_patches_of};
pub use merged_file::merged_files;
pub use outside::{held_elsewhere, outside_of_conflict};
pub use own_folder::orch_files_in;
pub use union::unions;
