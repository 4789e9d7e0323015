//! Attempts that were handed over to the engine of a cluster: submitting, watching, stopping and importing them.
//!
//! One thread for each executor asks the hub and the engine one question for all attempts, and sends the loop the same messages as a
//! local attempt. Everything that must survive this process is in the attempt's `away.json` and on the hub.
//!
//! May import `desk` and below.

mod away_attempt;
mod executor_monitor;
pub(super) mod executor_monitors;
mod fate;
mod pace;
mod poll;
mod steps;
mod take_in;
mod told;
