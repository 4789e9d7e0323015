//! Templates of prompts, and the messages and facts that fill them.
//!
//! May import `id` and below.

pub(super) mod context;
pub(super) mod message;
pub(super) mod placeholder;
pub(super) mod templates;
