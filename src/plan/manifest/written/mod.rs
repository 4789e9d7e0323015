//! The manifest as it is written: keys, words and values, and where each stands.
//!
//! Imports nothing of the folder above.

pub(super) mod at;
pub(super) mod due_date;
pub(super) mod parsed;
pub(super) mod raw;
pub(super) mod raw_agent;
pub(super) mod raw_job;
pub(super) mod reader;
pub(super) mod resource;
pub(super) mod schema;
pub(super) mod tables;
pub(super) mod unsupported;
pub(super) mod values;
pub(super) mod words;
