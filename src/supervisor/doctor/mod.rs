//! `orch doctor`: finding and repairing problems.
//!
//! [`look`] gathers facts and changes nothing, [`diagnose`] turns facts into findings with repair steps and changes
//! nothing, and [`repair`] carries out exactly those steps.

pub(super) mod behind;
pub(super) mod diagnose;
pub(super) mod executors;
pub(super) mod facts;
pub(super) mod kind;
pub(super) mod machine;
pub(super) mod missing_events;
pub(super) mod rebuild;
pub(super) mod refs;
pub(super) mod repair;

pub use super::project::agents::{AgentFacts, agent_facts, installed_agents, installed_facts};
pub(super) use behind::{begin_again, catch_up};
pub use diagnose::diagnose;
pub(super) use facts::foreign_runners;
pub use facts::{RepositorySeen, look};
pub use finding::{ExecutorFacts, Finding, RepairStep};
pub use kind::FindingKind;
pub use machine::{MachineFacts, machine_facts, machine_facts_at};
pub use repair::{RepairEnd, repair};
pub(super) mod finding;
