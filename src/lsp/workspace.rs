//! What an editor has open, and the view of it that every answer is taken from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::text::position::Utf16Range;
use super::text::text_index::replaced;
use super::uri::uri_of;
use super::view::editor_view::EditorView;
use crate::supervisor::{self, MANIFEST, Project, SourceFiles};

/// Most documents that are offered for a manifest.
const MOST_DOCUMENTS: usize = 200;

/// An open file.
#[derive(Debug)]
struct OpenFile {
    uri: String,
    version: i64,
}

/// The open files, and what they say together.
#[derive(Debug)]
pub struct Workspace {
    dir: PathBuf,
    named: Option<PathBuf>,
    files: SourceFiles,
    open: BTreeMap<PathBuf, OpenFile>,
    view: Option<EditorView>,
    /// How often something has changed.
    revision: u64,
    /// The plans as they were when nothing was wrong last.
    project: Option<Project>,
}

impl Workspace {
    /// With the manifest that is named, else the one that a person in `dir` means.
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

    /// Another folder is worked in.
    pub fn set_dir(&mut self, dir: PathBuf) {
        self.dir = dir;
        self.forget();
    }

    /// A file is opened, with its text.
    pub fn open(&mut self, path: &Path, uri: &str, version: i64, text: &str) {
        let uri = uri.to_owned();
        self.open.insert(path.to_owned(), OpenFile { uri, version });
        self.files.put(path, text);
        self.forget();
    }

    /// A file is closed: what is on the disk counts again.
    pub fn close(&mut self, path: &Path) {
        self.open.remove(path);
        self.files.drop_text(path);
        self.forget();
    }

    /// A file is edited.
    ///
    /// # Errors
    ///
    /// When it is not open, the edit is older than what is known, or it is none.
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

    /// Something changed on the disk.
    pub fn forget(&mut self) {
        self.view = None;
        self.revision += 1;
    }

    /// How often something has changed so far.
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

    /// What is known now; none without a manifest.
    pub fn view(&mut self) -> Option<&EditorView> {
        if self.view.is_none() {
            let manifest = self.manifest()?;
            self.view = Some(EditorView::new(&manifest, &self.files));
        }
        self.view.as_ref()
    }

    /// What is known now, with what is wrong with it, which takes longer.
    pub fn checked(&mut self) -> Option<&EditorView> {
        self.view()?;
        let view = self.view.as_mut()?;
        view.check();
        if let Some(project) = view.project.take() {
            self.project = Some(project);
        }
        self.view.as_ref()
    }

    /// What was known last.
    pub fn known(&self) -> Option<&EditorView> {
        self.view.as_ref()
    }

    /// The plans as they were when nothing was wrong last.
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

    /// The address of a file, as the editor wrote it where it did.
    pub fn uri(&self, path: &Path) -> String {
        let open = self.open.get(path);
        open.map_or_else(|| uri_of(path), |open| open.uri.clone())
    }

    /// The version of a file that is open.
    pub fn version(&self, path: &Path) -> Option<i64> {
        self.open.get(path).map(|open| open.version)
    }

    /// The documents that lie around and that no plan has yet, as a manifest would name them.
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
