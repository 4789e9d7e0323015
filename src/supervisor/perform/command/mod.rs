//! Commands of the manifest: verifications and hooks.
//!
//! Floor 0: imports no other sub-room of `perform`.

pub(in crate::supervisor) mod hook;
pub(in crate::supervisor) mod pre_merge;
pub(in crate::supervisor) mod verify;
