//! Finding and reading the manifest and its plan documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::graph::{Durations, Graph, cycles};
use crate::plan::manifest::{Content, DocumentSource, Parsed, Unreadable, parse_manifest, resolve};
use crate::plan::{Diagnostic, Diagnostics, Document, PlanName, PlanSet, Templates};
use crate::status::read_plain;
use crate::words::cycle_diagnostic;

use super::error::SupervisorError;
use super::side_by_side::side_by_side;
use super::source_files::SourceFiles;

/// The folder with the repository's own prompt templates, relative to the manifest's folder.
pub const TEMPLATES: &str = "templates/orch";

/// The manifest's name.
pub const MANIFEST: &str = "plans.toml";

/// Finds the manifest for the folder `from`: the nearest `plans.toml` in the folder or its parents, not above `top`.
///
/// # Errors
///
/// When there is none.
pub fn find_manifest(from: &Path, top: &Path) -> Result<PathBuf, SupervisorError> {
    for folder in from.ancestors() {
        let file = folder.join(MANIFEST);
        if file.metadata().is_ok_and(|found| !found.is_dir()) {
            return Ok(file);
        }
        if folder == top {
            break;
        }
    }
    Err(SupervisorError::NoManifest { top: top.to_owned() })
}

/// Reads the manifest and every document that it names, and checks all of them.
///
/// # Errors
///
/// When the manifest cannot be read, or with every diagnostic.
pub fn load(manifest: &Path) -> Result<PlanSet, SupervisorError> {
    ManifestReading::of(manifest, &SourceFiles::default())?.resolve(None)
}

/// Does the same as [`load`], but uses the document of an earlier set for each document that is missing or faulty
/// now.
///
/// # Errors
///
/// The same as [`load`], for all other problems.
pub fn load_over(manifest: &Path, earlier: &PlanSet) -> Result<PlanSet, SupervisorError> {
    ManifestReading::of(manifest, &SourceFiles::default())?.resolve(Some(earlier))
}

/// The paths of all documents that a manifest names, as far as the manifest can be read.
pub fn documents_of(manifest: &Path) -> Vec<PathBuf> {
    let text = read_plain(manifest)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let parsed = parse_manifest(Path::new(MANIFEST), &text.unwrap_or_default());
    let folder = manifest.parent().unwrap_or(Path::new(""));
    parsed
        .documents()
        .map(|request| folder.join(request.file))
        .collect()
}

/// The document of one plan, whatever is wrong with others. `None` when it breaks a rule itself, or is not named.
pub fn document_of(manifest: &Path, plan: &PlanName) -> Option<Document> {
    let text = String::from_utf8(read_plain(manifest).ok()?).ok()?;
    let parsed = parse_manifest(Path::new(MANIFEST), &text);
    let file = parsed
        .documents()
        .find(|request| request.plan == *plan)?
        .file
        .to_owned();
    let folder = manifest.parent().unwrap_or(Path::new(""));
    match read_document(&SourceFiles::default(), folder, &file)
        .content
        .ok()?
    {
        Content::Read(document, diagnostics) if diagnostics.is_empty() && !document.phases.is_empty() => {
            Some(Arc::unwrap_or_clone(document))
        }
        Content::Read(..) | Content::Bytes(_) => None,
    }
}

/// A manifest and its documents after reading, before they are checked together.
#[derive(Debug, Clone)]
pub struct ManifestReading {
    /// The manifest as written, with the diagnostics of its text.
    pub parsed: Parsed,
    /// The documents that it names, as far as they could be read.
    pub sources: BTreeMap<PlanName, DocumentSource>,
    folder: PathBuf,
}

impl ManifestReading {
    /// Reads the manifest and every document that it names.
    ///
    /// # Errors
    ///
    /// When the manifest cannot be read, or is not text.
    pub fn of(manifest: &Path, files: &SourceFiles) -> Result<Self, SupervisorError> {
        let bytes = files.read(manifest).map_err(|source| SupervisorError::Manifest {
            path: manifest.to_owned(),
            source,
        })?;
        let folder = manifest.parent().unwrap_or(Path::new(""));
        let name = manifest
            .file_name()
            .map_or_else(|| PathBuf::from(MANIFEST), PathBuf::from);
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let diagnostic = Diagnostic {
                    file: name,
                    line: Some(1 + valid.iter().filter(|byte| **byte == b'\n').count()),
                    column: None,
                    message: "the manifest is not UTF-8".to_owned(),
                    hint: Some("save it as UTF-8".to_owned()),
                };
                return Err(Diagnostics(vec![diagnostic]).into());
            }
        };
        let parsed = parse_manifest(&name, &text);
        let wanted: Vec<(PlanName, PathBuf)> = parsed
            .documents()
            .map(|request| (request.plan.clone(), request.file.to_owned()))
            .collect();
        Ok(Self {
            sources: read_documents(files, folder, &wanted),
            parsed,
            folder: folder.to_owned(),
        })
    }

    /// Checks everything. For each document that is missing or faulty, the document of the earlier set is used, if
    /// there is one.
    ///
    /// # Errors
    ///
    /// With every diagnostic.
    pub fn resolve(self, earlier: Option<&PlanSet>) -> Result<PlanSet, SupervisorError> {
        let name = self.parsed.file.clone();
        let set = self.resolve_names(earlier)?;
        check_cycles(&set, &name)?;
        Ok(set)
    }

    /// Does the same as [`ManifestReading::resolve`], but leaves the search for cycles to the caller.
    ///
    /// # Errors
    ///
    /// With every other diagnostic.
    pub fn resolve_names(mut self, earlier: Option<&PlanSet>) -> Result<PlanSet, SupervisorError> {
        if let Some(earlier) = earlier {
            for (plan, source) in &mut self.sources {
                let known = earlier
                    .plan(plan)
                    .filter(|known| known.file.as_ref() == Some(&source.display));
                if let Some(known) = known.filter(|_| is_faulty(source)) {
                    source.content = Ok(Content::Bytes(known.document.text.clone().into_bytes()).read());
                }
            }
        }
        let (templates, wrong) = own_templates(&self.folder);
        let mut set = match (resolve(self.parsed, self.sources), wrong.is_empty()) {
            (Ok(set), true) => set,
            (Ok(_), false) => return Err(Diagnostics::sorted(wrong).into()),
            (Err(diagnostics), _) => {
                return Err(Diagnostics::sorted(diagnostics.0.into_iter().chain(wrong).collect()).into());
            }
        };
        set.templates = templates;
        Ok(set)
    }
}

/// Refuses plans that wait for themselves, directly or indirectly. `manifest` is the file that diagnostics name.
///
/// # Errors
///
/// With every cycle.
pub fn check_cycles(set: &PlanSet, manifest: &Path) -> Result<(), Diagnostics> {
    let find = |set: &PlanSet| -> Vec<_> {
        let graph = Graph::new(set, &Durations::default());
        let found = cycles(&graph);
        let diagnostics = found.iter();
        diagnostics
            .map(|cycle| cycle_diagnostic(set, &graph, cycle, manifest))
            .collect()
    };
    let mut diagnostics = find(set);
    // In a graph of phases, a dependency against the order of phases is not drawn. It is a cycle all the same, so the
    // graph of tasks is checked too.
    if let (true, Some(fine)) = (diagnostics.is_empty(), set.task_by_task()) {
        diagnostics = find(&fine);
    }
    if diagnostics.is_empty() {
        Ok(())
    } else {
        Err(Diagnostics::sorted(diagnostics))
    }
}

/// Below this number, reading the documents is faster than starting a thread.
const FEW: usize = 8;

/// Reads all of these files, on all cores.
fn read_documents(
    files: &SourceFiles,
    folder: &Path,
    wanted: &[(PlanName, PathBuf)],
) -> BTreeMap<PlanName, DocumentSource> {
    let read = |(plan, file): &(PlanName, PathBuf)| (plan.clone(), read_document(files, folder, file));
    // Finding out the number of cores reads several files itself.
    let cores = match wanted.len() {
        ..FEW => 1,
        _ => std::thread::available_parallelism().map_or(1, usize::from),
    };
    side_by_side(cores, wanted, read).into_iter().collect()
}

fn read_document(files: &SourceFiles, folder: &Path, path: &Path) -> DocumentSource {
    let content = files.content(&folder.join(path));
    let content = content.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Unreadable::Missing(beside(&folder.join(path))),
        _ => Unreadable::Failed(error.to_string()),
    });
    DocumentSource {
        display: path.to_owned(),
        content,
    }
}

fn is_faulty(source: &DocumentSource) -> bool {
    match &source.content {
        Ok(Content::Read(document, diagnostics)) => !diagnostics.is_empty() || document.phases.is_empty(),
        // Content that is not text stays unchanged.
        Ok(Content::Bytes(_)) | Err(_) => true,
    }
}

/// The documents in the folder of a file.
fn beside(file: &Path) -> Vec<String> {
    let folder = file.parent().and_then(|folder| fs::read_dir(folder).ok());
    let names = folder.into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
    names.sort();
    names
}

/// The repository's own templates, and their diagnostics.
fn own_templates(folder: &Path) -> (Templates, Vec<Diagnostic>) {
    let mut own = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder.join(TEMPLATES))
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = read_plain(&path)
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| std::io::Error::other("it is not UTF-8")));
        match text {
            Ok(text) => drop(own.insert(name, text)),
            Err(error) => wrong.push(Diagnostic::of_file(
                &Path::new(TEMPLATES).join(name),
                format!("it cannot be read: {error}"),
            )),
        }
    }
    let templates = Templates::new(own);
    wrong.extend(templates.diagnostics().into_iter().map(|diagnostic| Diagnostic {
        file: Path::new(TEMPLATES).join(&diagnostic.name),
        line: Some(diagnostic.line),
        column: None,
        message: diagnostic.reason,
        hint: Some("`orch prompt --templates` prints the built-in ones".to_owned()),
    }));
    (templates, wrong)
}
