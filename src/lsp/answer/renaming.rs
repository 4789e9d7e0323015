//! Renaming a plan, a phase or a task everywhere.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::link::named;
use crate::lsp::view::editor_view::EditorView;
use crate::lsp::view::mention::{Meaning, Mention, all_mentions};
use crate::plan::{NameError, PhaseId, PlanName, TaskId};

/// The changes for a new name.
#[derive(Debug, Default)]
pub struct Renaming {
    /// New texts for ranges, by file.
    pub edits: BTreeMap<PathBuf, Vec<(Range<usize>, String)>>,
    /// The old and new path of a document that is renamed, too.
    pub file: Option<(PathBuf, PathBuf)>,
}

/// The plan to which a renamable thing belongs.
fn owner(meaning: &Meaning) -> Option<&PlanName> {
    match meaning {
        Meaning::Plan(plan) | Meaning::Phase(plan, _) | Meaning::Task(plan, _) => Some(plan),
        Meaning::Agent(_) | Meaning::Resource(_) | Meaning::Document(_) => None,
    }
}

/// The renamable thing at a byte, with its plan.
///
/// # Errors
///
/// When nothing there can be renamed.
pub fn renamable(view: &EditorView, path: &Path, offset: usize) -> Result<(Mention, PlanName), String> {
    let found = named(view, path, offset).ok_or("there is no plan, phase or task here")?;
    let plan = owner(&found.meaning).cloned();
    let plan = plan.ok_or("only plans, phases and tasks can be renamed")?;
    Ok((found, plan))
}

/// The edits that give the thing at a byte a new name. `with_file` also renames a plan's document that has the plan's
/// name.
///
/// # Errors
///
/// When the name is invalid or taken.
pub fn renamed(
    view: &EditorView,
    path: &Path,
    offset: usize,
    new: &str,
    with_file: bool,
) -> Result<Renaming, String> {
    let (found, _) = renamable(view, path, offset)?;
    let new = new.trim();
    let name = new_name(view, &found.meaning, new)?;
    let mut renaming = Renaming::default();
    for (path, mention) in all_mentions(view) {
        let other = &mention.meaning;
        let text = match (&found.meaning, other) {
            (Meaning::Plan(_), other) if *other == found.meaning => name.clone(),
            (Meaning::Phase(..) | Meaning::Task(..), other) if *other == found.meaning => name.clone(),
            _ => continue,
        };
        renaming
            .edits
            .entry(path)
            .or_default()
            .push((mention.range, text));
    }
    if let (true, Meaning::Plan(plan)) = (with_file, &found.meaning) {
        rename_document(view, plan, &name, &mut renaming);
    }
    for edits in renaming.edits.values_mut() {
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        edits.dedup();
    }
    Ok(renaming)
}

fn new_name(view: &EditorView, meaning: &Meaning, new: &str) -> Result<String, String> {
    let document = |plan: &PlanName| view.documents.get(plan)?.document.as_ref();
    match meaning {
        Meaning::Plan(_) => {
            let name: PlanName = new.parse().map_err(|error: NameError| error.to_string())?;
            match view.plan_names().any(|known| known == name.as_str()) {
                true => Err(format!("there is a plan `{name}` already")),
                false => Ok(name.to_string()),
            }
        }
        Meaning::Phase(plan, _) => {
            let number = new.to_ascii_lowercase();
            let number = number.strip_prefix("phase").unwrap_or(&number).trim();
            let id = number.parse().map(PhaseId);
            let id = id.map_err(|_| format!("`{new}` is not the number of a phase"))?;
            match document(plan).and_then(|document| document.phase(id)) {
                Some(_) => Err(format!("plan `{plan}` has a phase {id} already")),
                None => Ok(id.to_string()),
            }
        }
        Meaning::Task(plan, old) => {
            let id: TaskId = new
                .parse()
                .map_err(|_| format!("`{new}` is not the id of a task"))?;
            if id.phase != old.phase {
                return Err(format!(
                    "task {old} is in phase {}: move its line to give it {id}",
                    old.phase
                ));
            }
            match document(plan).and_then(|document| document.task(id)) {
                Some(_) => Err(format!("plan `{plan}` has a task {id} already")),
                None => Ok(id.to_string()),
            }
        }
        Meaning::Agent(_) | Meaning::Resource(_) | Meaning::Document(_) => {
            Err("only plans, phases and tasks can be renamed".to_owned())
        }
    }
}

fn rename_document(view: &EditorView, plan: &PlanName, name: &str, renaming: &mut Renaming) {
    let Some(viewed) = view.documents.get(plan) else {
        return;
    };
    let is_named_so = viewed.path.file_stem().is_some_and(|stem| stem == plan.as_str());
    let ending = viewed
        .path
        .extension()
        .map(|ending| ending.to_string_lossy().into_owned());
    if !is_named_so || viewed.document.is_none() {
        return;
    }
    let file = |stem: &str| match &ending {
        Some(ending) => format!("{stem}.{ending}"),
        None => stem.to_owned(),
    };
    let others = view.documents.iter().filter(|(other, _)| *other != plan);
    let new = viewed.path.with_file_name(file(name));
    if others
        .into_iter()
        .any(|(_, other)| other.path == viewed.path || other.path == new)
    {
        return;
    }
    let own = Meaning::Document(plan.clone());
    for (path, mention) in all_mentions(view) {
        if mention.meaning == own {
            let end = mention.range.end;
            let start = end - file(plan.as_str()).len();
            renaming
                .edits
                .entry(path)
                .or_default()
                .push((start..end, file(name)));
        }
    }
    renaming.file = Some((viewed.path.clone(), new));
}
