//! Floor 5: the command line. There is one file per command, in the groups of `orch --help`. The doc comments of the
//! arguments are the help text.

mod agents;
mod call;
mod command_line;
mod help;
mod integrate;
mod look;
mod maintain;
mod start;
mod steer;

pub use call::ProgramExit;
pub use command_line::{Cli, main};
