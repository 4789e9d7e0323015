//! The files that an editor has open, and the view on which every answer is based.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::text::position::Utf16Range;
use super::text::text_index::replaced;
use super::uri::uri_of;
use super::view::editor_view::EditorView;
use crate::supervisor::{self, MANIFEST, Project, SourceFiles};

/// The most documents to offer for a manifest.
const MOST_DOCUMENTS: usize = 200;

/// An open file.
#[derive(Debug)]
struct OpenFile {
    uri: String,
    version: i64,
}

/// The open files, and their common view.
#[derive(Debug)]
pub struct Workspace {
    dir: PathBuf,
    named: Option<PathBuf>,
    files: SourceFiles,
    open: BTreeMap<PathBuf, OpenFile>,
    view: Option<EditorView>,
    /// The number of changes so far.
    revision: u64,
    /// The plans at the last time without problems.
    project: Option<Project>,
}

impl Workspace {
    /// A workspace with the named manifest, or with the one found from `dir`.
    pub fn new(dir: PathBuf, named: Option<PathBuf>) -> Self {
        Self {
            dir,
            named,
            files: SourceFiles::remembering(),
            open: BTreeMap::new(),
            view: None,
            revision: 1,
            project: None,
        }
    }

    /// Changes the folder.
    pub fn set_dir(&mut self, dir: PathBuf) {
        self.dir = dir;
        self.forget();
    }

    /// Opens a file with its text.
    pub fn open(&mut self, path: &Path, uri: &str, version: i64, text: &str) {
        let uri = uri.to_owned();
        self.open.insert(path.to_owned(), OpenFile { uri, version });
        self.files.put(path, text);
        self.forget();
    }

    /// Closes a file: the contents on disk count again.
    pub fn close(&mut self, path: &Path) {
        self.open.remove(path);
        self.files.drop_text(path);
        self.forget();
    }

    /// Edits a file.
    ///
    /// # Errors
    ///
    /// When the file is not open, or the edit is outdated or invalid.
    pub fn change(&mut self, path: &Path, version: i64, changes: &[Value]) -> Result<(), String> {
        let open = self.open.get_mut(path);
        let open = open.ok_or_else(|| format!("{} is not open", path.display()))?;
        if version < open.version {
            let known = open.version;
            return Err(format!(
                "version {version} of {} comes after {known}",
                path.display()
            ));
        }
        let text = self.files.text(path).cloned().unwrap_or_default();
        let mut text = text.to_string();
        for change in changes {
            let new = change["text"].as_str().ok_or("a change without a text")?;
            text = match &change["range"] {
                Value::Null => new.to_owned(),
                range => {
                    let range = serde_json::from_value::<Utf16Range>(range.clone());
                    replaced(
                        &text,
                        range.map_err(|error| format!("a change without a range: {error}"))?,
                        new,
                    )
                }
            };
        }
        open.version = version;
        self.files.put(path, text);
        self.forget();
        Ok(())
    }

    /// Forgets all data read from disk, because something changed there.
    pub fn forget(&mut self) {
        self.view = None;
        self.revision += 1;
    }

    /// The number of changes so far.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn manifest(&self) -> Option<PathBuf> {
        let open = || {
            self.open
                .keys()
                .find(|path| path.file_name().is_some_and(|name| name == MANIFEST))
        };
        self.named
            .clone()
            .or_else(|| supervisor::locate(&self.dir).ok())
            .or_else(|| open().cloned())
    }

    /// The current view; `None` without a manifest.
    pub fn view(&mut self) -> Option<&EditorView> {
        if self.view.is_none() {
            let manifest = self.manifest()?;
            self.view = Some(EditorView::new(&manifest, &self.files));
        }
        self.view.as_ref()
    }

    /// The current view with its problems, which takes longer.
    pub fn checked(&mut self) -> Option<&EditorView> {
        self.view()?;
        let view = self.view.as_mut()?;
        view.check();
        if let Some(project) = view.project.take() {
            self.project = Some(project);
        }
        self.view.as_ref()
    }

    /// The last view, as it was.
    pub fn known(&self) -> Option<&EditorView> {
        self.view.as_ref()
    }

    /// The plans at the last time without problems.
    pub fn project(&mut self) -> Option<&Project> {
        if self.project.is_none() {
            self.checked();
        }
        self.project.as_ref()
    }

    /// The files that the view depends on.
    pub fn watched(&self) -> BTreeSet<PathBuf> {
        let view = self.view.iter();
        let files = view.flat_map(|view| {
            let documents = view.documents.values().map(|viewed| viewed.path.clone());
            documents.chain([view.manifest.clone()])
        });
        files.collect()
    }

    /// The URI of a file, in the editor's own spelling if known.
    pub fn uri(&self, path: &Path) -> String {
        let open = self.open.get(path);
        open.map_or_else(|| uri_of(path), |open| open.uri.clone())
    }

    /// The version of a file that is open.
    pub fn version(&self, path: &Path) -> Option<i64> {
        self.open.get(path).map(|open| open.version)
    }

    /// Existing documents without a plan, named as in a manifest.
    pub fn documents_around(&self) -> Vec<String> {
        let Some(view) = &self.view else {
            return Vec::new();
        };
        let taken = self.watched();
        let mut found = Vec::new();
        let mut folders = vec![(view.home().to_owned(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let name = name.to_string_lossy();
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if is_folder
                    && depth < 2
                    && !name.starts_with('.')
                    && name != "target"
                    && name != "node_modules"
                {
                    folders.push((path, depth + 1));
                } else if name.ends_with(".md") && depth > 0 && !taken.contains(&path) {
                    let shown = path.strip_prefix(view.home()).unwrap_or(&path);
                    found.push(shown.to_string_lossy().into_owned());
                }
            }
        }
        found.sort_by_key(|file| (!file.starts_with("plans/"), file.clone()));
        found.truncate(MOST_DOCUMENTS);
        found
    }
}
