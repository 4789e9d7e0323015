//! Data beside a text: its outline, foldable ranges, and commands above plans.

use std::path::Path;

use serde_json::{Value, json};

use crate::lsp::text::text_index::TextIndex;
use crate::lsp::view::editor_view::EditorView;
use crate::lsp::view::fleet_state::PlanCommand;
use crate::plan::Document;

const CLASS: u8 = 5;
const PROPERTY: u8 = 7;
const MODULE: u8 = 2;

fn symbol(index: &TextIndex<'_>, name: &str, kind: u8, lines: (usize, usize), children: Vec<Value>) -> Value {
    let own = index.range(&index.line(lines.0));
    let end = index.range(&index.line(lines.1.max(lines.0))).end;
    let name = if name.trim().is_empty() { "?" } else { name };
    json!({
        "name": name,
        "kind": kind,
        "range": { "start": own.start, "end": end },
        "selectionRange": own,
        "children": children,
    })
}

/// The tables of a manifest, or the phases and tasks of a document.
pub fn symbols(view: &EditorView, path: &Path) -> Value {
    let Some(text) = view.text_of(path) else {
        return json!([]);
    };
    let index = TextIndex::new(text);
    if let Some((_, document)) = view.document_at(path) {
        return phases(&index, document);
    }
    let tables = sections(&index, |line| line.starts_with('['));
    let tables = tables.into_iter().map(|(start, end)| {
        let name = text[index.line(start)].trim();
        let name = name
            .split('#')
            .next()
            .unwrap_or_default()
            .trim()
            .trim_matches(['[', ']']);
        symbol(&index, name, CLASS, (start, end), Vec::new())
    });
    tables.collect()
}

fn phases(index: &TextIndex<'_>, document: &Document) -> Value {
    let last = index.lines() - 1;
    let starts: Vec<usize> = document.phases.iter().map(|phase| phase.line - 1).collect();
    let all = document.phases.iter().enumerate().map(|(place, phase)| {
        let end = starts.get(place + 1).map_or(last, |next| next.saturating_sub(1));
        let tasks: Vec<usize> = phase.tasks.iter().map(|task| task.line - 1).collect();
        let children = phase.tasks.iter().enumerate().map(|(place, task)| {
            let start = tasks[place];
            let next = tasks.get(place + 1).map_or(start, |next| next.saturating_sub(1));
            let name = format!("{} {}", task.id, task.title);
            symbol(index, &name, PROPERTY, (start, next.min(end)), Vec::new())
        });
        let name = format!("Phase {}: {}", phase.id, phase.title);
        symbol(index, &name, MODULE, (starts[place], end), children.collect())
    });
    all.collect()
}

/// Each line that starts a section, with the section's last line that is not empty.
fn sections(index: &TextIndex<'_>, opens: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for line in 0..index.lines() {
        let text = &index.text[index.line(line)];
        if opens(text.trim_start()) {
            found.push((line, line));
        } else if let (Some(last), false) = (found.last_mut(), text.trim().is_empty()) {
            last.1 = line;
        }
    }
    found
}

/// The foldable ranges: tables, or phases.
pub fn folds(view: &EditorView, path: &Path) -> Value {
    let Some(text) = view.text_of(path) else {
        return json!([]);
    };
    let index = TextIndex::new(text);
    let parts = match path == view.manifest {
        true => sections(&index, |line| line.starts_with('[')),
        false => sections(&index, |line| line.starts_with("## ")),
    };
    let folds = parts.into_iter().filter(|(start, end)| end > start);
    folds
        .map(|(start, end)| json!({ "startLine": start, "endLine": end }))
        .collect()
}

/// The commands above the tables of plans.
pub fn lenses(view: &EditorView, commands: &[PlanCommand]) -> Value {
    let index = TextIndex::new(&view.text);
    let plans = view.parsed.iter().flat_map(|parsed| &parsed.manifest.plans);
    let keys = plans.flat_map(|plans| &plans.value.entries).map(|(key, _)| key);
    let lenses = keys.flat_map(|key| {
        let range = index.range(&index.line(key.place.line.saturating_sub(1)));
        let own = commands.iter().filter(|(_, plan)| *plan == key.value);
        own.map(move |(name, plan)| {
            json!({
                "range": range,
                "command": { "title": name, "command": format!("orch.{name}"), "arguments": [plan] },
            })
        })
    });
    lenses.collect()
}
