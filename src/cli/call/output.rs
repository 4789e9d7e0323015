//! Writes answers to standard output.

use anyhow::Context as _;
use std::io::Write;

use serde::Serialize;

use super::CliError;

/// Prints text, in colour if wanted.
///
/// # Errors
///
/// Returns an error when standard output is closed.
pub fn text(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    // Write in one piece. A stream that strips colours would write each line, and each coloured word, separately.
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

/// Prints one JSON document on its own line.
///
/// # Errors
///
/// Returns an error when standard output is closed.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(value)
        .map_err(|error| CliError::new(super::ProgramExit::Bug, format!("cannot write JSON: {error}")))?;
    text(&format!("{line}\n"))
}
