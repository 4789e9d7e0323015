//! What an agent gets before it starts: its prompt, its assignment, and the settings of its
//! program.
//!
//! May import `project`.

pub(super) mod assignment;
pub(super) mod mcp_config;
pub(super) mod prompt;
pub(super) mod stop_hook;
