//! Attempts that were handed over to the engine of a cluster: handed over, watched, stopped, taken in.
//!
//! One thread for each executor asks the hub and the engine one question for all attempts, and answers the loop by the same messages as
//! an attempt here. Everything that must survive this process is in the attempt's `away.json` and on the hub.
//!
//! May import `desk` and below.

mod away_attempt;
mod executor_monitor;
pub(super) mod executor_monitors;
mod fate;
mod poll;
mod steps;
mod take_in;
