//! The other end of a hand-over: `orch __node` on a node of a cluster.
//!
//! The node reads a [`payload::Payload`] from standard input, claims the attempt on the hub, clones the repository, runs the agent
//! under the same runner as a local attempt, and reports through refs. Nobody connects to the node: it opens no port.
//!
//! May import `project` and below.

pub mod detached;
pub mod far_log;
pub(super) mod payload;
pub(super) mod report;
pub(super) mod reporter;
pub mod work;
