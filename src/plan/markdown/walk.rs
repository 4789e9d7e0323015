//! The state of the walk over a document's outline.

use std::collections::BTreeMap;

use super::DocumentDiagnostic;
use super::draft::{ExecutionNote, PhaseDraft, TaskNumber};
use super::nested::Nested;
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

/// A phase that has other phases below it.
#[derive(Debug)]
pub(super) struct Surrounding {
    pub(super) id: PhaseId,
    pub(super) level: u8,
    /// The phase, while it has nothing but its heading and objective: then it is none, unless work for it comes later.
    pub(super) bare: Option<PhaseDraft>,
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
    pub(super) nested: Nested,
    /// The phases around the current one, from the outermost on.
    pub(super) around: Vec<Surrounding>,
    /// The level of the heading of the current phase.
    pub(super) level: u8,
    /// The number in the last deeper heading that is like a phase but is none, because the document has that phase elsewhere.
    pub(super) repeated: Option<PhaseId>,
    /// The line of the last heading.
    pub(super) heading_line: usize,
    /// The index of the current phase.
    pub(super) current: usize,
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
            .get_mut(self.current)
            .filter(|_| self.section == Section::Phase)?;
        if phase.verify.is_none() {
            phase.verify(self.lines.line(at));
        }
        phase.verify.as_mut()
    }

    /// The current phase.
    pub(super) fn phase(&mut self) -> Option<&mut PhaseDraft> {
        if self.section == Section::Phase {
            self.phases.get_mut(self.current)
        } else {
            None
        }
    }

    /// Makes a phase the current one.
    pub(super) fn enter(&mut self, draft: PhaseDraft) {
        self.phase_lines.entry(draft.id).or_insert(draft.line);
        self.current = self.phases.len();
        self.phases.push(draft);
        self.section = Section::Phase;
        self.repeated = None;
    }

    /// Keeps the current phase as one around the phase that begins now with a heading of this level, if that is deeper.
    pub(super) fn go_below(&mut self, level: u8) {
        if level > self.level
            && let Some(id) = self.phase().map(|phase| phase.id)
        {
            let is_bare = self.current + 1 == self.phases.len() && self.phases[self.current].is_bare();
            let bare = if is_bare { self.phases.pop() } else { None };
            if bare.is_some() {
                self.phase_lines.remove(&id);
            }
            let own = self.level;
            self.around.push(Surrounding { id, level: own, bare });
        }
        self.around.retain(|around| around.level < level);
        self.level = level;
    }

    /// Where a task of this phase number belongs. Numbers tell when the text goes back from an inner phase to one around it.
    pub(super) fn number(&mut self, written: PhaseId) -> TaskNumber {
        if self.phase().is_some_and(|phase| phase.id == written) {
            return TaskNumber::Own;
        }
        if let Some(place) = self.around.iter().position(|around| around.id == written) {
            self.go_back(place);
            return TaskNumber::Own;
        }
        if self.repeated == Some(written) {
            // Every repeated number belongs to the outermost phase, which has the heading of the document's phases.
            if !self.around.is_empty() {
                self.go_back(0);
            }
            return TaskNumber::Renewed;
        }
        TaskNumber::Foreign
    }

    /// Goes back to a phase around the current one.
    fn go_back(&mut self, place: usize) {
        let mut left = self.around.split_off(place);
        let Surrounding { id, level, bare } = left.swap_remove(0);
        self.level = level;
        let known = self.phases.iter().position(|phase| phase.id == id);
        match (known, bare) {
            (Some(known), _) => self.current = known,
            (None, Some(mut draft)) => {
                // Its text begins at the last heading, unless that is another phase's.
                if !self.phases.iter().any(|phase| phase.line == self.heading_line) {
                    draft.line = self.heading_line;
                }
                let repeated = self.repeated;
                self.enter(draft);
                self.repeated = repeated;
            }
            (None, None) => {}
        }
    }
}
