//! The documents of plans: bytes from a caller, or a prompt in the manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ledger::Ledger;
use super::written::raw::RawPlan;
use crate::plan::markdown::{DocumentDiagnostic, read_document};
use crate::plan::text::near_miss::near_miss;
use crate::plan::{Document, Phase, PhaseId, Place, PlanName, Task, TaskId};

/// A plan document as a caller read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSource {
    /// The file as diagnostics name it.
    pub display: PathBuf,
    /// The content of the file, or why it could not be read.
    pub content: Result<Content, Unreadable>,
}

/// The content of a plan document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes, not parsed yet.
    Bytes(Vec<u8>),
    /// The parsed document and its diagnostics, from a caller that parses several documents at once.
    Read(Arc<Document>, Vec<DocumentDiagnostic>),
}

impl Content {
    /// Parses the document. Bytes that are not UTF-8 stay as they are.
    pub fn read(self) -> Self {
        match self {
            Self::Bytes(bytes) => match String::from_utf8(bytes) {
                Ok(text) => {
                    let (document, diagnostics) = read_document(&text);
                    Self::Read(Arc::new(document), diagnostics)
                }
                Err(error) => Self::Bytes(error.into_bytes()),
            },
            read @ Self::Read(..) => read,
        }
    }
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The file does not exist. The list has other files of its folder.
    #[error("the file does not exist")]
    Missing(Vec<String>),
    /// The file exists, but reading it failed for this reason.
    #[error("the file cannot be read: {0}")]
    Failed(String),
}

/// A plan's document and the file it came from.
pub(super) struct Loaded {
    pub(super) document: Arc<Document>,
    /// The file as diagnostics name it; the manifest for a prompt.
    pub(super) file: PathBuf,
}

/// Reads the document of one plan and reports its problems.
pub(super) fn load(
    name: &PlanName,
    place: Place,
    plan: &RawPlan,
    sources: &mut BTreeMap<PlanName, DocumentSource>,
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
            document: Arc::new(document_of_prompt(&prompt.value.0, prompt.place.line)),
            file: ledger.file.clone(),
        }),
        (Some(file), None) => {
            let source = sources.remove(name)?;
            let (document, diagnostics) = match source.content {
                Ok(Content::Bytes(bytes)) => {
                    let (document, diagnostics) = read_document(utf8(&source.display, &bytes, ledger)?);
                    (Arc::new(document), diagnostics)
                }
                Ok(Content::Read(document, diagnostics)) => (document, diagnostics),
                Err(reason) => {
                    let message = format!("document `{}` of plan `{name}`: {reason}", file.value.display());
                    let hint = match &reason {
                        Unreadable::Missing(others) => Some(missing(name, &file.value, others)),
                        Unreadable::Failed(_) => None,
                    };
                    ledger.at(file.place, message, hint);
                    return None;
                }
            };
            Some(Loaded {
                document: take(&source.display, document, diagnostics, ledger),
                file: source.display,
            })
        }
    }
}

/// A hint for a document that does not exist: a similar name was meant, or the document is still to be written.
fn missing(name: &PlanName, file: &Path, others: &[String]) -> String {
    let stem = |file: &str| file.strip_suffix(".md").unwrap_or(file).to_owned();
    let wanted = stem(&file.file_name().unwrap_or_default().to_string_lossy());
    let stems: Vec<String> = others.iter().map(|other| stem(other)).collect();
    let meant = near_miss(&wanted, stems.iter().map(String::as_str));
    match meant.and_then(|meant| others.iter().find(|other| stem(other) == meant)) {
        Some(meant) => format!("did you mean `{}`?", file.with_file_name(meant).display()),
        None => format!("`orch new {name}` writes one"),
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
                (line, None),
                "the document is not UTF-8",
                "save it as UTF-8".to_owned(),
            );
            None
        }
    }
}

fn take(
    file: &Path,
    document: Arc<Document>,
    diagnostics: Vec<DocumentDiagnostic>,
    ledger: &mut Ledger,
) -> Arc<Document> {
    for diagnostic in diagnostics {
        let place = (diagnostic.line, diagnostic.column);
        ledger.on_line(file, place, diagnostic.message, diagnostic.hint);
    }
    if document.phases.is_empty() {
        let message = "the document has no phase, so there is nothing to do";
        let hint = "write `## Phase 1: Title` and below it `- [ ] 1.1 Task`".to_owned();
        ledger.on_line(file, (1, None), message, hint);
    }
    document
}

/// Makes one phase with one task. The first line is the title, and the rest is the details.
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
                parallel: None,
                subtasks: Vec::new(),
                files: Vec::new(),
                reads: Vec::new(),
                uses: Vec::new(),
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
