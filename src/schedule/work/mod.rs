//! What is to be scheduled: plans, phases and units as the manifest and the documents give them. It never changes while plans run.
//!
//! May import `train` and `event`.

pub(super) mod agent_work;
pub(super) mod behind;
pub(super) mod plan_work;
pub(super) mod plans;
