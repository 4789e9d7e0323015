//! Texts: an editor's positions in them, the cursor in a manifest, and the schema's information on keys.
//!
//! Imports nothing of the other sub-rooms.

pub(super) mod manifest_key;
pub(super) mod position;
pub(super) mod text_index;
pub(super) mod toml_cursor;
