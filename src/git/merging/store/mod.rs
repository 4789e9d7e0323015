//! Objects on disk and new objects: entries of trees, common ancestors, reading ahead, and the pack of new objects.
//!
//! Imports nothing from the folder above.

pub(super) mod ahead;
pub(super) mod entry;
pub(super) mod ids;
pub(super) mod lineage;
pub(super) mod objects;
pub(super) mod pack;
pub(super) mod shelf;
