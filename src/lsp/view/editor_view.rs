//! The manifest and its documents as an editor shows them, read and checked once for all answers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::plan::manifest::{Content, Parsed};
use crate::plan::{Diagnostic, Diagnostics, Document, Lint, LintPlace, PlanName};
use crate::supervisor::{self, ManifestReading, Project, SourceFiles, SupervisorError, plain_path};

/// A plan's document.
#[derive(Debug)]
pub struct ViewedDocument {
    /// Its file.
    pub path: PathBuf,
    /// Its contents; `None` when the file does not exist or is not text.
    pub document: Option<Arc<Document>>,
}

/// The data read from the manifest and its documents, and the problems found.
#[derive(Debug)]
pub struct EditorView {
    /// The manifest's file.
    pub manifest: PathBuf,
    /// Its text; empty when it cannot be read.
    pub text: Arc<str>,
    /// The parsed manifest.
    pub parsed: Option<Parsed>,
    /// The documents, by plan.
    pub documents: BTreeMap<PlanName, ViewedDocument>,
    /// The diagnostics of `orch check`, once the check has run.
    pub faults: Vec<Diagnostic>,
    /// The lints of `orch check`, when there are no diagnostics.
    pub lints: Vec<Lint>,
    /// The plans in their repository, when there are no problems.
    pub project: Option<Project>,
    /// The data that is not checked yet.
    unchecked: Option<Result<ManifestReading, SupervisorError>>,
}

impl EditorView {
    /// Reads the files, without checking them.
    pub fn new(manifest: &Path, files: &SourceFiles) -> Self {
        let text = files
            .read(manifest)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let home = manifest.parent().unwrap_or(Path::new(""));
        let mut view = Self {
            manifest: manifest.to_owned(),
            text: text.unwrap_or_default().into(),
            parsed: None,
            documents: BTreeMap::new(),
            faults: Vec::new(),
            lints: Vec::new(),
            project: None,
            unchecked: None,
        };
        let reading = ManifestReading::of(manifest, files);
        if let Ok(reading) = &reading {
            view.parsed = Some(reading.parsed.clone());
            let documents = reading.sources.iter().map(|(plan, source)| {
                let document = match &source.content {
                    Ok(Content::Read(document, _)) => Some(Arc::clone(document)),
                    Ok(Content::Bytes(_)) | Err(_) => None,
                };
                let path = plain_path(&home.join(&source.display));
                (plan.clone(), ViewedDocument { path, document })
            });
            view.documents = documents.collect();
        }
        view.unchecked = Some(reading);
        view
    }

    /// Checks the data, once.
    pub fn check(&mut self) {
        let Some(reading) = self.unchecked.take() else {
            return;
        };
        let found = reading.and_then(|reading| supervisor::examine(self.home(), &self.manifest, reading));
        match found {
            Ok(found) => (self.lints, self.project) = (found.lints, found.plans.ok()),
            Err(SupervisorError::Diagnostics(Diagnostics(faults))) => self.faults = faults,
            Err(other) => {
                let name = self.manifest.file_name().unwrap_or_default();
                self.faults = vec![Diagnostic::of_file(name.as_ref(), other.to_string())];
            }
        }
    }

    /// The folder to which paths in the manifest are relative.
    pub fn home(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new(""))
    }

    /// The names of all plans, valid or not.
    pub fn plan_names(&self) -> impl Iterator<Item = &str> {
        let plans = self.parsed.iter().flat_map(|parsed| &parsed.manifest.plans);
        plans.flat_map(|plans| plans.value.names())
    }

    /// The plan to which this document belongs, with the document.
    pub fn document_at(&self, path: &Path) -> Option<(&PlanName, &Document)> {
        let found = self.documents.iter().find(|(_, viewed)| viewed.path == path)?;
        Some((found.0, found.1.document.as_deref()?))
    }

    /// The text of a file at the time of reading.
    pub fn text_of(&self, path: &Path) -> Option<&str> {
        if path == self.manifest {
            return Some(&self.text);
        }
        self.document_at(path).map(|(_, document)| document.text.as_str())
    }

    /// The file and position of a lint.
    pub fn place_of(&self, lint: &Lint) -> (PathBuf, Option<usize>, Option<usize>) {
        let name = match &lint.place {
            LintPlace::File { file, line, column } => {
                return (plain_path(&self.home().join(file)), *line, *column);
            }
            LintPlace::Pair(one, _) => one.as_str(),
            LintPlace::Named(name) => name.split(['.', ',']).next().unwrap_or_default(),
        };
        let plans = self.parsed.iter().flat_map(|parsed| &parsed.manifest.plans);
        let mut keys = plans.flat_map(|plans| &plans.value.entries).map(|(key, _)| key);
        let place = keys.find(|key| key.value == name).map(|key| key.place);
        (
            self.manifest.clone(),
            place.map(|place| place.line),
            place.map(|place| place.column),
        )
    }
}
