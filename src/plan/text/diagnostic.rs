//! What is wrong with a manifest or a plan document, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::plan::Place;

/// One problem at one position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    /// The file as the person would name it: relative to the manifest's folder when the file is below that folder.
    pub file: PathBuf,
    /// Line from 1; none when the diagnostic is about the whole file.
    pub line: Option<usize>,
    /// Column from 1, in characters.
    pub column: Option<usize>,
    /// What is wrong: the thing, and what was expected.
    pub message: String,
    /// What to do next, or what was probably meant.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A diagnostic at a position in a file.
    pub fn at(file: &Path, place: Place, message: impl Into<String>) -> Self {
        Self {
            file: file.to_path_buf(),
            line: Some(place.line),
            column: Some(place.column),
            message: message.into(),
            hint: None,
        }
    }

    /// A diagnostic about a whole file.
    pub fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self {
            file: file.to_path_buf(),
            line: None,
            column: None,
            message: message.into(),
            hint: None,
        }
    }

    /// The same diagnostic with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl Diagnostics {
    /// Sorts by file and position, and drops duplicates.
    pub fn sorted(mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort();
        diagnostics.dedup();
        Self(diagnostics)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// All diagnostics that were found, sorted by file and position. Never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, thiserror::Error)]
#[serde(transparent)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}
