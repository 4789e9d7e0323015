//! What the benchmarks share.
//!
//! | noun | file |
//! |---|---|
//! | a scratch repository, cut off from the machine's configuration | `sandbox` |
//! | the program under test, and its journal | `orch` |
//! | other tools, when they are installed | `peer` |
//! | measured values and what is said about them | `samples` |
//! | several contestants, in turns | `contest` |
//! | processor time and memory, as the kernel counts them | `usage` |
//! | the command line of a benchmark | `options` |
//! | people who watch | `viewers` |
//! | a server of ssh | `sshd` |

#![allow(dead_code, unused_imports, reason = "every benchmark uses a part")]

mod contest;
mod options;
mod orch;
mod peer;
mod samples;
mod sandbox;
mod sshd;
mod usage;
mod viewers;

pub use contest::Contest;
pub use options::Options;
pub use orch::{Entry, entries, orch, run, self_program};
pub use peer::installed;
pub use samples::{Samples, milliseconds};
pub use sandbox::{Sandbox, git_in};
pub use sshd::Sshd;
pub use usage::{Usage, children_processor_time, tree_processor_time};
pub use viewers::Viewers;
