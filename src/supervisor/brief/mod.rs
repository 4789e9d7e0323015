//! What an agent gets before it begins: its prompt, its assignment, the settings of its program.
//!
//! May import `project`.

pub(super) mod assignment;
pub(super) mod mcp_config;
pub(super) mod prompt;
pub(super) mod stop_hook;
