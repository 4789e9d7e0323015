//! `orch doctor`: finding and repairing what is off.
//!
//! [`look`] gathers facts and changes nothing, [`diagnose`] makes findings and steps of them and touches nothing, and
//! [`repair`] carries out exactly those steps.

pub(super) mod behind;
pub(super) mod diagnose;
pub(super) mod kind;
pub(super) mod look;
pub(super) mod machine;
pub(super) mod rebuild;
pub(super) mod refs;
pub(super) mod repair;
pub(super) mod told;

pub use super::project::agents::{AgentFacts, agent_facts, installed_agents, installed_facts};
pub(super) use behind::{begin_again, catch_up};
pub use diagnose::diagnose;
pub use finding::{Finding, RepairStep};
pub use kind::FindingKind;
pub(super) use look::foreign_runners;
pub use look::{RepositorySeen, look};
pub use machine::{MachineFacts, machine_facts, machine_facts_at};
pub use repair::{RepairEnd, repair};
pub(super) mod finding;
