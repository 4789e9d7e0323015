//! The runner: how it is started, what it does, and how a supervisor sees it.
//!
//! May import `logs` and below.

#[allow(unsafe_code, reason = "a process is told of its surroundings before its exec")]
pub(super) mod launcher;
#[allow(unsafe_code, reason = "a process is told of its surroundings before its exec")]
pub(super) mod leader;
pub(super) mod recorder;
pub(super) mod rollout;
pub(super) mod runner;
pub(super) mod runner_handle;
pub(super) mod runner_leash;
#[allow(unsafe_code, reason = "signals are held back by a call of the C library")]
pub(super) mod runner_signals;
pub(super) mod stopping;
