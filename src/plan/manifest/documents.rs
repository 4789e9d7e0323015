//! The documents of plans: bytes from a caller, or a prompt in the manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ledger::Ledger;
use super::raw::RawPlan;
use crate::plan::markdown::read_document;
use crate::plan::{Document, Phase, PhaseId, Place, PlanName, Task, TaskId};

/// A plan document as a caller read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSource {
    /// The file as faults name it.
    pub display: PathBuf,
    /// Its bytes, or why there are none.
    pub content: Result<Vec<u8>, Unreadable>,
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is no such file.
    #[error("the file does not exist")]
    Missing,
    /// It is there and reading it failed, for this reason.
    #[error("the file cannot be read: {0}")]
    Failed(String),
}

/// A plan's document and the file it came from.
pub(super) struct Loaded {
    pub(super) document: Document,
    /// The file as faults name it; the manifest for a prompt.
    pub(super) file: PathBuf,
}

/// Reads the document of one plan and reports what is wrong with it.
pub(super) fn load(
    name: &PlanName,
    place: Place,
    plan: &RawPlan,
    sources: &BTreeMap<PlanName, DocumentSource>,
    ledger: &mut Ledger,
) -> Option<Loaded> {
    match (&plan.file, &plan.prompt) {
        (Some(_), Some(prompt)) => {
            let message = format!("plan `{name}` has both `file` and `prompt`");
            ledger.at(prompt.place, message, "keep one of them".to_owned());
            None
        }
        (None, None) => {
            let message = format!("plan `{name}` has no work: neither `file` nor `prompt`");
            let hint = format!("write file = \"plans/{name}.md\", or prompt = \"…\"");
            ledger.at(place, message, hint);
            None
        }
        (None, Some(prompt)) => Some(Loaded {
            document: document_of_prompt(&prompt.value.0, prompt.place.line),
            file: ledger.file.clone(),
        }),
        (Some(file), None) => {
            let source = sources.get(name)?;
            let text = match &source.content {
                Ok(bytes) => utf8(&source.display, bytes, ledger)?,
                Err(reason) => {
                    let message = format!("document `{}` of plan `{name}`: {reason}", file.value.display());
                    let hint =
                        (*reason == Unreadable::Missing).then(|| format!("`orch new {name}` writes one"));
                    ledger.at(file.place, message, hint);
                    return None;
                }
            };
            Some(Loaded {
                document: read(&source.display, text, ledger),
                file: source.display.clone(),
            })
        }
    }
}

fn utf8<'b>(file: &Path, bytes: &'b [u8], ledger: &mut Ledger) -> Option<&'b str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            ledger.on_line(
                file,
                line,
                "the document is not UTF-8",
                "save it as UTF-8".to_owned(),
            );
            None
        }
    }
}

fn read(file: &Path, text: &str, ledger: &mut Ledger) -> Document {
    let (document, faults) = read_document(text);
    for fault in faults {
        ledger.on_line(file, fault.line, fault.message, fault.hint);
    }
    if document.phases.is_empty() {
        let message = "the document has no phase, so there is nothing to do";
        let hint = "write `## Phase 1: Title` and below it `- [ ] 1.1 Task`".to_owned();
        ledger.on_line(file, 1, message, hint);
    }
    document
}

/// One phase with one task: the first line is its title, the rest its details.
fn document_of_prompt(prompt: &str, line: usize) -> Document {
    let text = prompt.trim();
    let (title, details) = text.split_once('\n').unwrap_or((text, ""));
    let title = title.trim().to_owned();
    Document {
        title: title.clone(),
        phases: vec![Phase {
            id: PhaseId(1),
            title: title.clone(),
            objective: None,
            depends: Vec::new(),
            parallel_with: Vec::new(),
            pipeline_start: None,
            expected: None,
            tasks: vec![Task {
                id: TaskId::new(1, 1),
                title,
                details: details.trim_matches('\n').to_owned(),
                ticked: false,
                depends: None,
                cross: Vec::new(),
                sequential: None,
                subtasks: Vec::new(),
                files: Vec::new(),
                reads: Vec::new(),
                expected: None,
                line,
            }],
            verify: None,
            line,
        }],
        text: prompt.to_owned(),
        ..Document::default()
    }
}
