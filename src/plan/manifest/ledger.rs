//! The list that checks write their diagnostics to.

use std::path::{Path, PathBuf};

use crate::plan::{Diagnostic, Place};

/// Diagnostics found so far, and the manifest that most of them are in.
pub(super) struct Ledger {
    pub(super) file: PathBuf,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Ledger {
    /// Adds a diagnostic about the manifest.
    pub(super) fn at(&mut self, place: Place, message: impl Into<String>, hint: impl Into<Option<String>>) {
        self.diagnostics
            .push(Diagnostic::at(&self.file, place, message).hint(hint));
    }

    /// Adds a diagnostic about a line of some file, with a column when it is known.
    pub(super) fn on_line(
        &mut self,
        file: &Path,
        (line, column): (usize, Option<usize>),
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        let mut diagnostic = Diagnostic::of_file(file, message).hint(hint);
        (diagnostic.line, diagnostic.column) = (Some(line), column);
        self.diagnostics.push(diagnostic);
    }
}
