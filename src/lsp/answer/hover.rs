//! The text to show for the thing at a position.

use std::ops::Range;
use std::path::Path;

use crate::lsp::text::manifest_key::{described, key_at};
use crate::lsp::text::toml_cursor::{TomlCursor, cursor};
use crate::lsp::view::editor_view::EditorView;
use crate::lsp::view::mention::{Meaning, at, mentions_in};
use crate::plan::{Document, PlanName};

/// The thing at a byte: its range, its description in Markdown, and the plan whose state could be shown
/// with it.
pub struct Hovered {
    /// The range of the thing.
    pub range: Range<usize>,
    /// The description in Markdown.
    pub text: String,
    /// The plan, if a plan itself is named here.
    pub plan: Option<PlanName>,
}

/// The thing at a byte of a file.
pub fn hovered(view: &EditorView, path: &Path, offset: usize) -> Option<Hovered> {
    let mentions = mentions_in(view, path);
    if let Some(mention) = at(&mentions, offset) {
        let plan = match &mention.meaning {
            Meaning::Plan(plan) => Some(plan.clone()),
            Meaning::Phase(..)
            | Meaning::Task(..)
            | Meaning::Agent(_)
            | Meaning::Resource(_)
            | Meaning::Document(_) => None,
        };
        return Some(Hovered {
            range: mention.range.clone(),
            text: meaning(view, &mention.meaning)?,
            plan,
        });
    }
    if path != view.manifest {
        return None;
    }
    let TomlCursor::Key { table, range } = cursor(&view.text, offset) else {
        return None;
    };
    let typed = view.text.get(range.clone())?;
    let keys = typed.split('.').map(|key| key.trim().to_owned());
    let path: Vec<String> = table.into_iter().chain(keys).collect();
    Some(Hovered {
        text: format!("**{typed}**\n\n{}", described(key_at(&path)?)),
        range,
        plan: None,
    })
}

fn meaning(view: &EditorView, meaning: &Meaning) -> Option<String> {
    let document = |plan: &PlanName| -> Option<&Document> { view.documents.get(plan)?.document.as_deref() };
    Some(match meaning {
        Meaning::Plan(plan) => {
            let title = document(plan).map_or("", |document| document.title.as_str());
            format!("plan **{plan}** {title}").trim_end().to_owned()
        }
        Meaning::Document(plan) => {
            let document = document(plan)?;
            let tasks = document.tasks().count();
            format!(
                "**{}**\n\n{} phases, {tasks} tasks",
                document.title,
                document.phases.len()
            )
        }
        Meaning::Phase(plan, id) => {
            let phase = document(plan)?.phase(*id)?;
            let objective = phase.objective.as_deref().unwrap_or_default();
            format!("phase {id} of {plan}: **{}**\n\n{objective}", phase.title)
                .trim_end()
                .to_owned()
        }
        Meaning::Task(plan, id) => {
            let task = document(plan)?.task(*id)?;
            format!("task {id} of {plan}: **{}**\n\n{}", task.title, task.details)
                .trim_end()
                .to_owned()
        }
        Meaning::Agent(name) => format!("agent **{name}**"),
        Meaning::Resource(name) => format!("resource **{name}**"),
    })
}
