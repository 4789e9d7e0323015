//! Attempts on the engine of a cluster: handing over, watching, stopping, taking in.
//!
//! One thread for each executor asks the hub and the engine one question for all attempts. The thread answers the loop with
//! the same messages as a local attempt. Everything that must survive this process is in the attempt's `away.json` and on
//! the hub.
//!
//! May import `desk` and below.

mod away_attempt;
mod executor_monitor;
pub(super) mod executor_monitors;
mod fate;
mod poll;
mod steps;
mod take_in;
