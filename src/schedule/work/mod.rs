//! The work: plans, phases and units from the manifest and the documents. Only the load of the machine changes while
//! plans run.
//!
//! May import `train` and `event`.

pub(super) mod agent_work;
pub(super) mod behind;
pub(super) mod files_in_turn;
pub(super) mod locality;
pub(super) mod machine;
pub(super) mod plan_work;
pub(super) mod plans;
