//! The other end of a hand-over: what `orch __node` does on a node of a cluster.
//!
//! It reads a [`payload::Payload`] from standard input, claims the attempt on the hub, makes a clone, runs the agent under the same
//! runner as here, and reports by refs. Nobody calls it back: it opens no port.
//!
//! May import `project` and below.

pub(super) mod payload;
pub(super) mod report;
pub(super) mod reporter;
pub mod work;
