//! The other end of a hand-over: what `orch __node` does on a node of a cluster.
//!
//! `orch __node` reads a [`payload::Payload`] from standard input, claims the attempt on the hub, makes a clone, runs the
//! agent under the same runner as a local attempt, and reports by refs. A node opens no port, because nobody calls it back.
//!
//! May import `project` and below.

pub(super) mod payload;
pub(super) mod report;
pub(super) mod reporter;
pub mod work;
