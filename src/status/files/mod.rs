//! The files in `.orch/`: their names, their format, and safe ways to read and replace them.
//!
//! Imports nothing else of `status`.

pub(super) mod entry_state;
pub(super) mod error;
pub(super) mod file_format;
pub(super) mod folder;
pub(super) mod guard;
pub(super) mod replace;
pub(super) mod untrusted;
pub(super) mod warnings;
