//! Reading all files through which an agent may report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::plan::{Document, ItemId, PlanName, Statement, TaskState};
use crate::status::files::folder::{FOLDER, PLAN, STATUS, plan_file, status_file};
use crate::status::files::untrusted::{DOCUMENT_LIMIT, Flaw, Links, STATUS_LIMIT, read_text};
use crate::status::files::warnings::Warnings;
use crate::status::report::parse::{StatusReport, object, parse};
use crate::status::report::ticks::{is_other_document, new_ticks};

/// The result of reading a worktree once. It has only the present content; the caller keeps what was known before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The statements about tasks and sub-tasks, each item once, ordered by id.
    pub items: Vec<Statement>,
    /// Free text for people.
    pub message: Option<String>,
    /// What the agent needs from a person.
    pub needs: Option<String>,
    /// Content that could not be used, with the reason. The same trouble has the same text in every reading.
    pub warnings: Vec<String>,
}

impl Reading {
    /// Only the states, as [`task_list`](crate::status::tasks::task_list()) and [`task_next`](crate::status::tasks::task_next()) take them.
    pub fn states(&self) -> BTreeMap<ItemId, TaskState> {
        let state = |said: &Statement| (said.item.clone(), said.state);
        self.items.iter().map(state).collect()
    }
}

/// Reads `.orch/status.json` and, for boxes ticked since `document` was read, `.orch/plan.md` and the `committed`
/// document (a full path into the worktree).
///
/// Never fails: a file that is missing, huge, malformed, foreign or not a regular file becomes a warning. A tick means
/// done when the status file says nothing about the item, or only `pending` or `running`; otherwise the status file wins.
pub fn read(worktree: &Path, plan: &PlanName, document: &Document, committed: Option<&Path>) -> Reading {
    read_new(worktree, plan, document, committed, &BTreeSet::new)
}

/// Like [`read()`], without boxes that others ticked in the committed document. `by_others` is called only when there
/// are new ticks.
pub fn read_new(
    worktree: &Path,
    plan: &PlanName,
    document: &Document,
    committed: Option<&Path>,
    by_others: &dyn Fn() -> BTreeSet<ItemId>,
) -> Reading {
    if !worktree.exists() {
        return Reading::default();
    }
    let mut warnings = Warnings::default();
    let mut report = report(worktree, plan, document, &mut warnings);

    let own = (plan_file(worktree), Links::Refuse, format!("{FOLDER}/{PLAN}"));
    let committed = committed.map(|path| {
        let shown = path.strip_prefix(worktree).unwrap_or(path);
        (path.to_owned(), Links::Follow, shown.display().to_string())
    });
    for (path, links, shown) in std::iter::once(own).chain(committed) {
        match read_text(&path, DOCUMENT_LIMIT, links) {
            Ok(text) if links == Links::Refuse && is_other_document(&text, document) => warnings.file(
                format!("{shown} is a copy of another plan's document; its ticked boxes do not count"),
            ),
            Ok(text) => {
                let mut ticked = new_ticks(&text, document);
                if links == Links::Follow && !ticked.is_empty() {
                    let others = by_others();
                    ticked.retain(|item| !others.contains(item));
                }
                count_ticks(&mut report.entries, ticked);
            }
            Err(Flaw::Missing) => {}
            Err(flaw) => warnings.file(format!("{shown} {flaw}; its ticked boxes do not count")),
        }
    }
    Reading {
        items: report.entries.into_values().collect(),
        message: report.message,
        needs: report.needs,
        warnings: warnings.into_texts(),
    }
}

fn report(worktree: &Path, plan: &PlanName, document: &Document, warnings: &mut Warnings) -> StatusReport {
    let text = match read_text(&status_file(worktree), STATUS_LIMIT, Links::Refuse) {
        Ok(text) => text,
        Err(flaw) => {
            warnings.file(format!("{FOLDER}/{STATUS} {flaw}; what was known before stays"));
            return StatusReport::default();
        }
    };
    match object(&text, plan) {
        Ok(object) => {
            let known: BTreeSet<ItemId> = document.items().map(|(item, _)| item).collect();
            parse(&object, &known, warnings)
        }
        Err(malformed) => {
            warnings.file(format!(
                "{FOLDER}/{STATUS} {malformed}; what was known before stays"
            ));
            StatusReport::default()
        }
    }
}

fn count_ticks(entries: &mut BTreeMap<ItemId, Statement>, ticked: BTreeSet<ItemId>) {
    for item in ticked {
        let pending = Statement::bare(item.clone(), TaskState::Pending);
        let entry = entries.entry(item.clone()).or_insert(pending);
        // The file has `pending` from the start, and an agent that began a task may end it with a tick. But `failed`
        // and `skipped` were reported on purpose.
        if matches!(entry.state, TaskState::Pending | TaskState::Running) {
            *entry = Statement {
                note: entry.note.take(),
                ..Statement::bare(item, TaskState::Done)
            };
        }
    }
}

#[cfg(test)]
mod tests;
