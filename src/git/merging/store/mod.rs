//! Objects on disk and new ones: entries of trees, common ancestors, reading ahead, and the pack that new objects become.
//!
//! Imports nothing of the folder above.

pub(super) mod ahead;
pub(super) mod entry;
pub(super) mod ids;
pub(super) mod lineage;
pub(super) mod objects;
pub(super) mod pack;
pub(super) mod shelf;
