//! Texts: an editor's places in them, what is being typed in a manifest, and what the schema says of it.
//!
//! Imports nothing of the other sub-rooms.

pub(super) mod manifest_key;
pub(super) mod position;
pub(super) mod text_index;
pub(super) mod toml_cursor;
