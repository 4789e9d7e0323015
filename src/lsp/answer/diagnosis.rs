//! Diagnostics and lints of `orch check` at their positions, and quick fixes for them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::lsp::text::text_index::TextIndex;
use crate::lsp::view::editor_view::EditorView;
use crate::supervisor::plain_path;

/// A diagnostic or lint of a file.
#[derive(Debug)]
pub struct ShownFault {
    /// The bytes that it covers.
    pub range: Range<usize>,
    /// 1 for a diagnostic, 2 for a lint.
    pub severity: u8,
    /// Its code: `fault`, or the id of a lint.
    pub code: String,
    /// The problem.
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
    /// The line and column that `orch check` names.
    pub at: (Option<usize>, Option<usize>),
}

/// All diagnostics and lints of a view, by file. Files without problems have an empty list.
pub fn all(view: &EditorView) -> BTreeMap<PathBuf, Vec<ShownFault>> {
    let mut found: BTreeMap<PathBuf, Vec<ShownFault>> = BTreeMap::from([(view.manifest.clone(), Vec::new())]);
    for viewed in view.documents.values() {
        found.entry(viewed.path.clone()).or_default();
    }
    let mut texts: BTreeMap<PathBuf, TextIndex<'_>> = BTreeMap::new();
    let mut range = |path: &Path, line: Option<usize>, column: Option<usize>| {
        let text = view.text_of(path).unwrap_or_default();
        let index = texts
            .entry(path.to_owned())
            .or_insert_with(|| TextIndex::new(text));
        about(index, line, column)
    };
    for fault in &view.faults {
        let path = plain_path(&view.home().join(&fault.file));
        let shown = ShownFault {
            range: range(&path, fault.line, fault.column),
            severity: 1,
            code: "fault".to_owned(),
            message: fault.message.clone(),
            hint: fault.hint.clone(),
            at: (fault.line, fault.column),
        };
        found.entry(path).or_default().push(shown);
    }
    for lint in &view.lints {
        let (path, line, column) = view.place_of(lint);
        let shown = ShownFault {
            range: range(&path, line, column),
            severity: 2,
            code: serde_json::to_value(lint.id)
                .map_or_else(|_| String::new(), |id| id.as_str().unwrap_or_default().to_owned()),
            message: lint.message.clone(),
            hint: lint.hint.clone(),
            at: (line, column),
        };
        found.entry(path).or_default().push(shown);
    }
    found
}

/// The range of the thing at a position: a value with its quotes, a word, or else the line.
fn about(index: &TextIndex<'_>, line: Option<usize>, column: Option<usize>) -> Range<usize> {
    let range = index.line(line.unwrap_or(1).saturating_sub(1));
    let text = &index.text[range.clone()];
    let (Some(line), Some(column)) = (line, column) else {
        let start = range.start + text.len() - text.trim_start().len();
        return start..start.max(range.start + text.trim_end().len());
    };
    let start = index.at(line, column).min(range.end);
    let rest = &index.text[start..range.end];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let length = match quote.and_then(|quote| rest[1..].find(quote)) {
        Some(at) => at + 2,
        None => {
            let word = |c: char| !(c.is_alphanumeric() || "_.-@/".contains(c));
            match rest.find(word).unwrap_or(rest.len()) {
                0 => rest.len(),
                length => length,
            }
        }
    };
    start..start + length
}

/// A file's list in the form of the protocol.
pub fn published(text: &str, shown: &[ShownFault]) -> Value {
    let index = TextIndex::new(text);
    let all = shown.iter().map(|shown| {
        let message = match &shown.hint {
            Some(hint) => format!("{}\nhint: {hint}", shown.message),
            None => shown.message.clone(),
        };
        json!({
            "range": index.range(&shown.range),
            "severity": shown.severity,
            "source": "orch",
            "code": shown.code,
            "message": message,
            "data": { "line": shown.at.0, "column": shown.at.1, "message": shown.message, "hint": shown.hint },
        })
    });
    all.collect()
}

/// A quick fix.
#[derive(Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Replaces these bytes by this text.
    Replace(String, Range<usize>, String),
    /// Creates this document.
    Write(PathBuf),
}

/// The quick fixes for a problem in a file.
pub fn remedies(view: &EditorView, path: &Path, shown: &ShownFault) -> Vec<Remedy> {
    let Some(text) = view.text_of(path) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let hint = shown.hint.as_deref().unwrap_or_default();
    let token = &text[shown.range.clone()];
    if let Some(meant) = hint
        .strip_prefix("did you mean `")
        .and_then(|rest| rest.strip_suffix("`?"))
    {
        let inner = token.trim_matches(['"', '\'']);
        let start = shown.range.start + token.find(inner).unwrap_or_default();
        let wrong = match shown.message.contains("unknown plan `") {
            true => shown.message.rsplit('`').nth(1).unwrap_or(inner),
            false => inner,
        };
        if !wrong.is_empty()
            && let Some(at) = inner.find(wrong)
        {
            let range = start + at..start + at + wrong.len();
            found.push(Remedy::Replace(
                format!("Change to `{meant}`"),
                range,
                meant.to_owned(),
            ));
        }
    }
    let named = shown.message.split('`').nth(1).unwrap_or_default();
    let below = |line: &str| {
        let index = TextIndex::new(text);
        let end = index.line(index.line_of(shown.range.start)).end;
        Remedy::Replace(format!("Add `{line}`"), end..end, format!("\n{line}"))
    };
    if shown.message.ends_with("neither `file` nor `prompt`") {
        found.push(below(&format!("file = \"plans/{named}.md\"")));
    }
    let agent = hint
        .split("write agent = \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    if let Some(agent) = agent {
        found.push(below(&format!("agent = \"{agent}\"")));
    }
    if shown.message.starts_with("unknown resource `") {
        let line = format!("\n[resources]\n{named} = 1\n");
        let has_table = text.lines().any(|line| line.trim() == "[resources]");
        if !has_table {
            let title = format!("Declare the resource `{named}`");
            found.push(Remedy::Replace(title, text.len()..text.len(), line));
        }
    }
    if hint.starts_with("`orch new ") || (shown.message.contains("the file does not exist")) {
        let viewed = view.documents.values().find(|viewed| {
            let shown = viewed.path.strip_prefix(view.home()).unwrap_or(&viewed.path);
            viewed.document.is_none() && shown == Path::new(named)
        });
        found.extend(viewed.map(|viewed| Remedy::Write(viewed.path.clone())));
    }
    found
}
