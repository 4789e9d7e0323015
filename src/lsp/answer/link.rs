//! Definitions, and all references to them.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::lsp::view::editor_view::EditorView;
use crate::lsp::view::mention::{Meaning, Mention, all_mentions, at, mentions_in};

/// A range in a file.
pub type FilePlace = (PathBuf, Range<usize>);

/// The thing that is named at a byte of a file.
pub fn named(view: &EditorView, path: &Path, offset: usize) -> Option<Mention> {
    at(&mentions_in(view, path), offset).cloned()
}

/// The definition of the thing at a byte.
pub fn definition(view: &EditorView, path: &Path, offset: usize) -> Vec<FilePlace> {
    let Some(found) = named(view, path, offset) else {
        return Vec::new();
    };
    if let Meaning::Document(plan) = &found.meaning {
        let viewed = view.documents.get(plan);
        return viewed
            .map(|viewed| (viewed.path.clone(), 0..0))
            .into_iter()
            .collect();
    }
    let all = all_mentions(view).into_iter();
    let defined = all.filter(|(_, other)| other.defines && other.meaning == found.meaning);
    let mut places: Vec<FilePlace> = defined.map(|(path, other)| (path, other.range)).collect();
    // From a plan's table the link leads to its document.
    if let (true, Meaning::Plan(plan), Some(viewed)) =
        (found.defines, &found.meaning, document_of(view, &found))
        && view.documents.contains_key(plan)
    {
        places = vec![(viewed, 0..0)];
    }
    places
}

fn document_of(view: &EditorView, found: &Mention) -> Option<PathBuf> {
    match &found.meaning {
        Meaning::Plan(plan) => view.documents.get(plan).map(|viewed| viewed.path.clone()),
        Meaning::Phase(..)
        | Meaning::Task(..)
        | Meaning::Agent(_)
        | Meaning::Resource(_)
        | Meaning::Document(_) => None,
    }
}

/// Every range that names the thing at a byte.
pub fn references(view: &EditorView, path: &Path, offset: usize, with_definition: bool) -> Vec<FilePlace> {
    let Some(found) = named(view, path, offset) else {
        return Vec::new();
    };
    let all = all_mentions(view).into_iter();
    let same = all.filter(|(_, other)| other.meaning == found.meaning && (with_definition || !other.defines));
    same.map(|(path, other)| (path, other.range)).collect()
}
