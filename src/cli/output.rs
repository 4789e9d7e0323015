//! Writing answers to standard output.

use std::io::Write;

use serde::Serialize;

use super::CliError;

/// Prints text, in colour where that is wanted.
///
/// # Errors
///
/// When standard output is closed.
pub fn text(text: &str) -> Result<(), CliError> {
    // In one piece: standard output would otherwise be written line by line.
    let mut out = std::io::BufWriter::with_capacity(64 << 10, anstream::stdout().lock());
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(CliError::io("write to standard output"))
}

pub use crate::report::count;

/// Prints one JSON document on a line of its own.
///
/// # Errors
///
/// When standard output is closed.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(value)
        .map_err(|error| CliError::new(super::Exit::Bug, format!("cannot write JSON: {error}")))?;
    text(&format!("{line}\n"))
}
