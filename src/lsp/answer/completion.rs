//! Completion: the texts that may be typed at a position.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use serde_json::{Value, json};

use crate::lsp::text::manifest_key::{described, has_free_names, is_text, key_at, keys_of, words_of};
use crate::lsp::text::text_index::TextIndex;
use crate::lsp::text::toml_cursor::{TomlCursor, cursor};
use crate::lsp::view::editor_view::EditorView;
use crate::plan::manifest::LOCAL;
use crate::plan::{Document, PRESETS, PlanName};

/// One completion.
struct Offered {
    label: String,
    text: String,
    detail: String,
    documentation: String,
    kind: u8,
}

const MODULE: u8 = 9;
const PROPERTY: u8 = 10;
const WORD: u8 = 12;
const KEYWORD: u8 = 14;
const FILE: u8 = 17;
const REFERENCE: u8 = 18;

impl Offered {
    fn new(kind: u8, text: impl Into<String>, detail: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            label: text.clone(),
            text,
            detail: detail.into(),
            documentation: String::new(),
            kind,
        }
    }
}

/// The completions at a byte of a file. `documents` are files that the manifest could name.
pub fn completions(view: &EditorView, path: &Path, offset: usize, documents: &[String]) -> Value {
    let Some(text) = view.text_of(path) else {
        return json!([]);
    };
    let (offered, range) = if path == view.manifest {
        in_manifest(view, text, offset, documents)
    } else {
        match view.document_at(path) {
            Some((plan, document)) => in_document(view, plan, document, offset),
            None => (Vec::new(), offset..offset),
        }
    };
    let range = TextIndex::new(text).range(&range);
    let items = offered.into_iter().enumerate().map(|(place, offered)| {
        json!({
            "label": offered.label,
            "kind": offered.kind,
            "detail": offered.detail,
            "documentation": { "kind": "markdown", "value": offered.documentation },
            "sortText": format!("{place:06}"),
            "filterText": offered.text,
            "textEdit": { "range": range, "newText": offered.text },
        })
    });
    items.collect()
}

fn in_manifest(
    view: &EditorView,
    text: &str,
    offset: usize,
    documents: &[String],
) -> (Vec<Offered>, Range<usize>) {
    match cursor(text, offset) {
        TomlCursor::Nothing => (Vec::new(), offset..offset),
        TomlCursor::Header(_, range) => (headers(view), range),
        TomlCursor::Key { table, range } => (keys(view, text, &table, &range), range),
        TomlCursor::Value { path, range, quoted } => {
            let mut offered = values(view, &path, documents);
            let is_text = key_at(&path).is_some_and(is_text);
            for item in offered.iter_mut().filter(|_| is_text && !quoted) {
                item.text = format!("\"{}\"", item.text);
            }
            (offered, range)
        }
    }
}

fn headers(view: &EditorView) -> Vec<Offered> {
    let mut offered = Vec::new();
    for (name, key) in keys_of(&[]) {
        let is_table = !keys_of(&[name.to_owned()]).is_empty() || has_free_names(&[name.to_owned()]);
        if is_table {
            let mut item = Offered::new(MODULE, name, "table");
            item.documentation = described(key);
            offered.push(item);
        }
    }
    for (plan, viewed) in &view.documents {
        let phases = viewed.document.iter().flat_map(|document| &document.phases);
        offered.extend(phases.map(|phase| {
            Offered::new(
                MODULE,
                format!("plans.{plan}.phases.{}", phase.id),
                phase.title.as_str(),
            )
        }));
    }
    offered
}

fn keys(view: &EditorView, text: &str, table: &[String], typed: &Range<usize>) -> Vec<Offered> {
    let taken = taken(text, table, typed);
    let mut offered = Vec::new();
    for (name, key) in keys_of(table) {
        if taken.contains(name) {
            continue;
        }
        let mut item = Offered::new(PROPERTY, name, "key");
        let inner = [table, &[name.to_owned()]].concat();
        let is_table = !key["items"].is_object() && (!keys_of(&inner).is_empty() || has_free_names(&inner));
        if !is_table && !text[typed.end..].trim_start_matches([' ', '\t']).starts_with('=') {
            item.text = format!("{name} = ");
        }
        item.documentation = described(key);
        offered.push(item);
    }
    if has_free_names(table) && table == ["plans"] {
        offered.extend(view.plan_names().map(|name| Offered::new(MODULE, name, "plan")));
    }
    offered
}

/// The keys that a table has already, except the one that is being typed.
fn taken<'t>(text: &'t str, table: &[String], typed: &Range<usize>) -> BTreeSet<&'t str> {
    let header = format!("[{}]", table.join("."));
    let index = TextIndex::new(text);
    let mut inside = table.is_empty();
    let mut found = BTreeSet::new();
    for line in 0..index.lines() {
        let range = index.line(line);
        let bare = text[range.clone()].trim();
        if bare.starts_with('[') {
            inside = bare.split('#').next().is_some_and(|bare| bare.trim() == header);
        }
        if inside
            && !(range.start..=range.end).contains(&typed.start)
            && let Some((key, _)) = bare.split_once('=')
        {
            found.insert(key.trim());
        }
    }
    found
}

fn values(view: &EditorView, path: &[String], documents: &[String]) -> Vec<Offered> {
    let last = path.last().map(String::as_str).unwrap_or_default();
    let own = match path {
        [plans, plan, ..] if plans == "plans" => plan.as_str(),
        _ => "",
    };
    match last {
        "depends" | "points" => references(view, own),
        "agent" | "agents" | "resolver" => agents(view),
        "executor" => {
            let executors = view.parsed.iter().flat_map(|parsed| &parsed.manifest.executors);
            let names = executors.flat_map(|executors| executors.value.names());
            // The local machine is always an executor.
            let all = names.chain([LOCAL]);
            all.map(|name| Offered::new(WORD, name, "executor")).collect()
        }
        "uses" => {
            let resources = view.parsed.iter().flat_map(|parsed| &parsed.manifest.resources);
            let names = resources.flat_map(|resources| resources.value.names());
            names.map(|name| Offered::new(WORD, name, "resource")).collect()
        }
        "file" => documents
            .iter()
            .map(|file| Offered::new(FILE, file.as_str(), "document"))
            .collect(),
        _ => {
            let words = key_at(path).map(words_of).unwrap_or_default();
            words
                .into_iter()
                .map(|(word, meaning)| Offered::new(WORD, word, meaning))
                .collect()
        }
    }
}

fn agents(view: &EditorView) -> Vec<Offered> {
    let agents = view.parsed.iter().flat_map(|parsed| &parsed.manifest.agents);
    let mut names: Vec<&str> = agents.flat_map(|agents| agents.value.names()).collect();
    let presets = PRESETS.iter().map(|preset| preset.name);
    let presets: Vec<&str> = presets.filter(|name| !names.contains(name)).collect();
    names.extend(presets);
    names
        .into_iter()
        .map(|name| Offered::new(WORD, name, "agent"))
        .collect()
}

/// Plans, their phases and tasks, except those of one plan.
fn references(view: &EditorView, own: &str) -> Vec<Offered> {
    let mut offered = Vec::new();
    for name in view.plan_names().filter(|name| *name != own) {
        let viewed = view.documents.iter().find(|(plan, _)| plan.as_str() == name);
        let document = viewed.and_then(|(_, viewed)| viewed.document.as_ref());
        let title = document.map_or("plan", |document| document.title.as_str());
        offered.push(Offered::new(REFERENCE, name, title));
        for phase in document.iter().flat_map(|document| &document.phases) {
            let id = phase.id;
            offered.push(Offered::new(
                REFERENCE,
                format!("{name}.phase{id}"),
                phase.title.as_str(),
            ));
            let tasks = phase.tasks.iter();
            offered.extend(
                tasks.map(|task| Offered::new(REFERENCE, format!("{name}.{}", task.id), task.title.as_str())),
            );
        }
    }
    offered
}

/// Annotations of tasks and headings.
const ANNOTATIONS: &[(&str, &str)] = &[
    ("(depends: )", "what it waits for: 1.1, auth.phase2, none"),
    ("(expected: 30m)", "how long it is expected to take"),
    ("(reads: )", "files that it reads and does not change"),
    ("(pipeline-start: when 1.1 completes)", "when the phase may start"),
    ("(pipeline-start: 60% of Phase 1)", "when the phase may start"),
    (
        "(parallel-with: Phase 1)",
        "a phase that this one does not wait for",
    ),
    ("(non-blocking)", "a check that the next phase does not wait for"),
];

/// Marks in square brackets.
const MARKS: &[(&str, &str)] = &[
    ("[SEQUENTIAL]", "one after the other"),
    ("[PARALLEL]", "beside the phases or tasks around it"),
];

fn in_document(
    view: &EditorView,
    plan: &PlanName,
    document: &Document,
    offset: usize,
) -> (Vec<Offered>, Range<usize>) {
    let text = &document.text;
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[start..offset];
    let opened = line.rfind('(').filter(|at| !line[*at..].contains(')'));
    if let Some(at) = opened {
        let inner = line[at + 1..].to_ascii_lowercase();
        let word = line.rfind([' ', ',', ':', ';', '(']).map_or(0, |at| at + 1);
        if inner.trim_start().starts_with("depends") && inner.contains(':') {
            let mut offered = vec![Offered::new(WORD, "none", "not even the phases in front of it")];
            let tasks = document.tasks();
            offered
                .extend(tasks.map(|task| Offered::new(REFERENCE, task.id.to_string(), task.title.as_str())));
            offered.extend(references(view, plan.as_str()));
            return (offered, start + word..offset);
        }
        if !inner.contains(':') {
            let closed = usize::from(text[offset..].starts_with(')'));
            return (annotations(ANNOTATIONS), start + at..offset + closed);
        }
        return (Vec::new(), offset..offset);
    }
    if let Some(at) = line.rfind('[').filter(|at| !line[*at..].contains(']')) {
        let closed = usize::from(text[offset..].starts_with(']'));
        return (annotations(MARKS), start + at..offset + closed);
    }
    let is_structure = line.trim_start().starts_with(['#', '-', '*']);
    let word = line.rfind(' ').map_or(0, |at| at + 1);
    match is_structure && line[word..].len() < 2 {
        true => (
            annotations(ANNOTATIONS)
                .into_iter()
                .chain(annotations(MARKS))
                .collect(),
            start + word..offset,
        ),
        false => (Vec::new(), offset..offset),
    }
}

fn annotations(all: &[(&str, &str)]) -> Vec<Offered> {
    all.iter()
        .map(|(text, detail)| Offered::new(KEYWORD, *text, *detail))
        .collect()
}
