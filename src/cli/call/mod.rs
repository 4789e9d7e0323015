//! What every command is called with and answers: the context, errors, output, and asking a supervisor.

pub mod asking;
pub mod context;
pub mod error;
pub mod global;
pub mod output;

pub use context::Context;
pub use error::{CliError, ProgramExit};
pub use global::GlobalArgs;
