//! The state of the walk over a document's outline.

use std::collections::{BTreeMap, BTreeSet};

use super::DocumentDiagnostic;
use super::draft::{ExecutionNote, PhaseDraft};
use super::shape::lines::LineCounter;
use super::shape::masked::Masked;
use crate::plan::{Document, PhaseId, VerifyBlock};

/// The section that the current text belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Upstream,
    /// The last phase so far.
    Phase,
    Other,
}

/// A heading that is a task, while its section lasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Headed {
    pub(super) task: usize,
    pub(super) level: u8,
    /// The offset where its text begins.
    pub(super) from: usize,
}

/// The role of a list item, so that items below it find their owner.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    None,
    Check,
    Task { task: usize, sub: Option<usize> },
    Loose { task: usize, sub: Option<usize> },
}

pub(super) struct Walk<'t> {
    pub(super) text: &'t str,
    pub(super) masked: Masked<'t>,
    pub(super) lines: LineCounter<'t>,
    pub(super) document: Document,
    pub(super) diagnostics: Vec<DocumentDiagnostic>,
    pub(super) phases: Vec<PhaseDraft>,
    /// The lines of the phases so far.
    pub(super) phase_lines: BTreeMap<PhaseId, usize>,
    pub(super) notes: Vec<ExecutionNote>,
    pub(super) phase_level: u8,
    /// The offsets of deeper headings that are phases.
    pub(super) nested: BTreeSet<usize>,
    pub(super) section: Section,
    pub(super) headed: Option<Headed>,
    pub(super) in_verify: bool,
    /// Roles of the items that may contain the next item.
    pub(super) stack: Vec<Role>,
}

impl Walk<'_> {
    /// Adds a diagnostic about a word of a line.
    pub(super) fn diagnostic(
        &mut self,
        line: usize,
        word: &str,
        message: String,
        hint: impl Into<Option<String>>,
    ) {
        self.diagnostics
            .push(DocumentDiagnostic::new(line, message, hint).about(word));
    }

    /// The VERIFY block of the current phase, opened at this byte offset when there is none.
    pub(super) fn verify_block(&mut self, at: usize) -> Option<&mut VerifyBlock> {
        let phase = self
            .phases
            .last_mut()
            .filter(|_| self.section == Section::Phase)?;
        if phase.verify.is_none() {
            phase.verify(self.lines.line(at));
        }
        phase.verify.as_mut()
    }

    /// The current phase.
    pub(super) fn phase(&mut self) -> Option<&mut PhaseDraft> {
        if self.section == Section::Phase {
            self.phases.last_mut()
        } else {
            None
        }
    }
}
