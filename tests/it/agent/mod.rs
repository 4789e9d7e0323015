//! Floor 3: agents' processes and what orch reads from their programs.

mod acp;
mod fallback;
mod handed_on;
mod hidden_repository;
mod limits;
mod logs;
mod pipes;
mod real_agents;
mod real_attach;
mod runners;
mod stop_hook;
mod stuck;
mod suspended_runner;
