//! Writing answers to standard output.

use anyhow::Context as _;
use std::io::Write;

use serde::Serialize;

use super::CliError;

/// Prints text, in colour where that is wanted.
///
/// # Errors
///
/// When standard output is closed.
pub fn text(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    // In one piece: what takes colour away as it writes would write each line, and each word in colour, on its own.
    let plain = match anstream::AutoStream::choice(&out) {
        anstream::ColorChoice::Never => Some(anstream::adapter::strip_bytes(text.as_bytes()).into_vec()),
        _ => None,
    };
    out.write_all(plain.as_deref().unwrap_or(text.as_bytes()))
        .and_then(|()| out.flush())
        .context("cannot write to standard output")?;
    Ok(())
}

pub use crate::report::count;

/// Prints one JSON document on a line of its own.
///
/// # Errors
///
/// When standard output is closed.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(value)
        .map_err(|error| CliError::new(super::ProgramExit::Bug, format!("cannot write JSON: {error}")))?;
    text(&format!("{line}\n"))
}
