//! The work: plans, phases and units from the manifest and the documents. It never changes while plans run.
//!
//! May import `train` and `event`.

pub(super) mod agent_work;
pub(super) mod behind;
pub(super) mod plan_work;
pub(super) mod plans;
