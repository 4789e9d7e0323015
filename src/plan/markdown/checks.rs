//! Checks of the references in a document.

use std::collections::{BTreeMap, BTreeSet};

use super::DocumentDiagnostic;
use crate::plan::text::near_miss::near_miss;
use crate::plan::{Phase, PhaseId, PipelineStart, Task, TaskId};

/// Reports dependencies on missing work and on the task itself, pipeline starts on missing work, and cycles.
pub(super) fn check(phases: &[Phase], diagnostics: &mut Vec<DocumentDiagnostic>) {
    if !refers(phases) {
        return;
    }
    let tasks: BTreeMap<TaskId, &Task> = phases
        .iter()
        .flat_map(|phase| &phase.tasks)
        .map(|task| (task.id, task))
        .collect();
    let checks = numbered(phases);
    for task in phases.iter().flat_map(|phase| &phase.tasks) {
        for on in task.depends.iter().flatten() {
            if *on == task.id {
                let hint = "take it out of `depends`".to_owned();
                diagnostics.push(
                    DocumentDiagnostic::new(task.line, format!("task {on} depends on itself"), hint)
                        .about(task.id),
                );
            } else if checks.contains(on) {
                let message = format!(
                    "task {} depends on {on}, which is a check of VERIFY phase {}",
                    task.id, on.phase
                );
                let hint = format!(
                    "name the tasks that it needs, or `Phase {}` for all of them",
                    on.phase
                );
                diagnostics.push(DocumentDiagnostic::new(task.line, message, hint).about(on));
            } else if !tasks.contains_key(on) {
                let message = format!("task {} depends on {on}, which does not exist", task.id);
                diagnostics.push(DocumentDiagnostic::new(task.line, message, nearest(*on, &tasks)).about(on));
            }
        }
    }
    let known: BTreeSet<PhaseId> = phases.iter().map(|phase| phase.id).collect();
    for phase in phases {
        let missing = match phase.pipeline_start {
            Some(PipelineStart::Task(id)) if !tasks.contains_key(&id) => format!("task {id}"),
            Some(PipelineStart::Share { of, .. }) if !known.contains(&of) => {
                format!("phase {of}")
            }
            Some(PipelineStart::Share { of, .. }) if of == phase.id => "itself".to_owned(),
            Some(PipelineStart::Task(_) | PipelineStart::Share { .. }) | None => continue,
        };
        let message = match missing.as_str() {
            "itself" => format!("phase {} would start after a part of itself", phase.id),
            _ => format!("phase {} starts after {missing}, which does not exist", phase.id),
        };
        diagnostics.push(DocumentDiagnostic::new(phase.line, message, None).about("pipeline-start"));
    }
    if let Some(cycle) = cycle(phases, &tasks) {
        let path: Vec<String> = cycle.iter().map(TaskId::to_string).collect();
        let line = cycle
            .first()
            .and_then(|id| tasks.get(id))
            .map_or(1, |task| task.line);
        let message = format!("dependency cycle: {}", path.join(" → "));
        let hint = "each waits for the next; take one of these dependencies out".to_owned();
        let named = cycle.get(1).copied();
        let diagnostic = DocumentDiagnostic::new(line, message, hint);
        diagnostics.push(match named {
            Some(named) => diagnostic.about(named),
            None => diagnostic,
        });
    }
}

/// The numbers of the boxes in VERIFY blocks.
pub(super) fn numbered(phases: &[Phase]) -> BTreeSet<TaskId> {
    let blocks = phases.iter().filter_map(|phase| phase.verify.as_ref());
    let checks = blocks.flat_map(|block| &block.numbered);
    checks.map(|check| check.id.task).collect()
}

/// True when anything can be wrong here: some work names other work, or the order of a group could form a cycle. The order of a
/// group forms no cycle while ids rise from task to task.
fn refers(phases: &[Phase]) -> bool {
    let (mut last, mut rising, mut grouped) = (None, true, false);
    for phase in phases {
        if phase.pipeline_start.is_some() {
            return true;
        }
        for task in &phase.tasks {
            if task.depends.iter().flatten().next().is_some() {
                return true;
            }
            rising &= last.replace(task.id) < Some(task.id);
            grouped |= task.sequential.is_some();
        }
    }
    grouped && !rising
}

fn nearest(id: TaskId, tasks: &BTreeMap<TaskId, &Task>) -> Option<String> {
    let text = id.to_string();
    let same_phase: Vec<String> = tasks
        .keys()
        .filter(|other| other.phase == id.phase || other.number == id.number)
        .take(200)
        .map(TaskId::to_string)
        .collect();
    let meant = near_miss(&text, same_phase.iter().map(String::as_str))?;
    Some(format!("did you mean {meant}?"))
}

/// The first cycle of named dependencies and sequential order, from a task back to itself.
fn cycle(phases: &[Phase], tasks: &BTreeMap<TaskId, &Task>) -> Option<Vec<TaskId>> {
    let mut before: BTreeMap<TaskId, TaskId> = BTreeMap::new();
    let mut last: BTreeMap<&str, TaskId> = BTreeMap::new();
    for task in phases.iter().flat_map(|phase| &phase.tasks) {
        if let Some(group) = &task.sequential
            && let Some(previous) = last.insert(group, task.id)
        {
            before.insert(task.id, previous);
        }
    }
    let waits = |id: TaskId| -> Vec<TaskId> {
        let named = tasks
            .get(&id)
            .into_iter()
            .flat_map(|task| task.depends.iter().flatten());
        let named = named.copied().filter(|on| *on != id && tasks.contains_key(on));
        named.chain(before.get(&id).copied()).collect()
    };
    // Depth-first with an explicit path. A task that is met again while it is on the path closes a cycle.
    let mut done: BTreeMap<TaskId, bool> = BTreeMap::new();
    for root in tasks.keys() {
        if done.contains_key(root) {
            continue;
        }
        done.insert(*root, false);
        let mut path = vec![(*root, waits(*root).into_iter())];
        while let Some((id, next)) = path.last_mut() {
            let Some(on) = next.next() else {
                done.insert(*id, true);
                path.pop();
                continue;
            };
            match done.get(&on) {
                None => {
                    done.insert(on, false);
                    path.push((on, waits(on).into_iter()));
                }
                Some(true) => {}
                Some(false) => {
                    let ids = path.iter().map(|(id, _)| *id).skip_while(|id| *id != on);
                    return Some(ids.chain([on]).collect());
                }
            }
        }
    }
    None
}
