//! What all commands share: the context, errors, output, and requests to a supervisor.

pub mod asking;
pub mod context;
pub mod error;
pub mod global;
pub mod output;

pub use context::Context;
pub use error::{CliError, ProgramExit};
pub use global::GlobalArgs;
