//! Commands for agents and scripts: tasks, prompts, the skill.

pub mod mcp;
mod mcp_tool;
mod mcp_tools;
pub mod prompt;
pub mod skill;
pub mod task;
pub mod task_ask;
pub mod task_gate;
pub mod task_inbox;
pub mod task_stop;
pub mod task_subject;
