//! Prompt templates, and the messages and values that fill them.
//!
//! May import `id` and below.

pub(super) mod context;
pub(super) mod message;
pub(super) mod placeholder;
pub(super) mod templates;
