//! Turns drafts into phases: assigns numbers by position, joins groups and resolves references.

use std::collections::{BTreeMap, BTreeSet};

use super::DocumentDiagnostic;
use super::annotations::NamedDependency;
use super::checks;
use super::draft::{ExecutionNote, PhaseDraft, SubDraft, TaskDraft};
use super::files::files;
use super::notes::{apply_beside, apply_notes, beside_each_other};
use crate::plan::{ItemId, Phase, PhaseId, Subtask, Task, TaskId};

/// Finishes the phases of a document and checks them.
pub(super) fn finish(
    drafts: Vec<PhaseDraft>,
    notes: &[ExecutionNote],
    diagnostics: &mut Vec<DocumentDiagnostic>,
) -> Vec<Phase> {
    let mut phases = Vec::new();
    let mut named = Vec::new();
    let mut beside: Vec<(PhaseId, PhaseId, usize)> = Vec::new();
    let mut runs: Vec<Vec<PhaseId>> = vec![Vec::new()];
    for mut draft in drafts {
        // The first phase waits for none anyway.
        draft.free &= !phases.is_empty();
        beside.extend(
            draft
                .parallel_with
                .iter()
                .map(|other| (draft.id, *other, draft.line)),
        );
        match (draft.parallel, runs.last_mut()) {
            (true, Some(run)) => run.push(draft.id),
            _ => runs.push(Vec::new()),
        }
        phases.push(phase(draft, &mut named, diagnostics));
    }
    for run in runs.iter().filter(|run| run.len() > 1) {
        let line = phases
            .iter()
            .find(|phase| Some(&phase.id) == run.first())
            .map_or(1, |phase| phase.line);
        beside_each_other(run, line, &mut beside, diagnostics);
    }
    apply_notes(&mut phases, notes, &mut beside, diagnostics);
    apply_beside(&mut phases, &beside, diagnostics);
    resolve_depends(&mut phases, named, diagnostics);
    checks::check(&phases, diagnostics);
    phases
}

/// The entries of a task's `depends`, to be looked up when all tasks are known.
struct Names {
    task: TaskId,
    named: Vec<NamedDependency>,
}

fn phase(draft: PhaseDraft, named: &mut Vec<Names>, diagnostics: &mut Vec<DocumentDiagnostic>) -> Phase {
    let PhaseDraft {
        id,
        title,
        objective,
        depends,
        free,
        pipeline_start,
        expected,
        tasks: mut numbered,
        loose,
        mut verify,
        line,
        ..
    } = draft;
    // A numbered heading is a section, unless boxes stand below it or the phase has nothing else.
    let is_work = |task: &TaskDraft| !task.headed || !task.subs.is_empty();
    let has_work = numbered.iter().any(is_work);
    let mut drafts: Vec<TaskDraft> = if has_work {
        numbered.retain(is_work);
        numbered
    } else if loose.is_empty() {
        numbered
    } else {
        loose
    };
    for task in drafts.iter_mut().filter(|_| free) {
        task.depends.get_or_insert_default();
    }
    once_each(&mut drafts, diagnostics);
    renew(id, &mut drafts);
    for (number, task) in (1_u32..).zip(&mut drafts) {
        task.id.get_or_insert(TaskId { phase: id, number });
    }
    if let Some(block) = &mut verify {
        let mut taken: BTreeSet<ItemId> = drafts
            .iter()
            .filter_map(|task| task.id)
            .map(ItemId::from)
            .collect();
        block.numbered.retain(|check| taken.insert(check.id.clone()));
    }
    let runs = sequential_runs(&drafts);
    let tasks = drafts
        .into_iter()
        .zip(runs)
        .filter_map(|(draft, run)| {
            let mut task = task(draft, named, diagnostics)?;
            task.sequential = run;
            Some(task)
        })
        .collect();
    Phase {
        id,
        title,
        objective,
        depends,
        parallel_with: Vec::new(),
        pipeline_start,
        expected,
        tasks,
        verify,
        line,
    }
}

/// Numbers the tasks that need another number than the written one, behind all others of the phase. Among each other, they name
/// each other by the written numbers.
fn renew(phase: PhaseId, drafts: &mut [TaskDraft]) {
    let taken = drafts.iter().filter_map(|task| task.id);
    let mut number = taken.map(|id| id.number).max().unwrap_or(0);
    let mut renewed: BTreeMap<TaskId, TaskId> = BTreeMap::new();
    for task in drafts.iter_mut() {
        if let Some(written) = task.renewed {
            number += 1;
            let id = TaskId { phase, number };
            renewed.insert(written, id);
            task.id = Some(id);
        }
    }
    let is_renewed = drafts.iter_mut().filter(|task| task.renewed.is_some());
    for name in is_renewed.flat_map(|task| task.depends.iter_mut().flatten()) {
        match name {
            NamedDependency::Task(id) => *id = *renewed.get(id).unwrap_or(id),
            NamedDependency::Tasks(from, to) => {
                (*from, *to) = (*renewed.get(from).unwrap_or(from), *renewed.get(to).unwrap_or(to));
            }
            NamedDependency::Phase(_) | NamedDependency::Other(_) => {}
        }
    }
}

/// Keeps the first task of each id. Headings without boxes may repeat an id, so only the drafts that turned out to be work are
/// compared.
fn once_each(drafts: &mut Vec<TaskDraft>, diagnostics: &mut Vec<DocumentDiagnostic>) {
    if drafts.is_sorted_by(|a, b| a.id < b.id || b.id.is_none()) {
        return;
    }
    let mut lines: BTreeMap<TaskId, usize> = BTreeMap::new();
    drafts.retain(|task| {
        let Some(id) = task.id else { return true };
        let first = *lines.entry(id).or_insert(task.line);
        if first != task.line {
            diagnostics.push(DocumentDiagnostic::twice(id, first, task.line));
        }
        first == task.line
    });
}

/// `[SEQUENTIAL]` on neighbouring lines makes a group. The first and the last id name the group.
fn sequential_runs(drafts: &[TaskDraft]) -> Vec<Option<String>> {
    let mut names = vec![None; drafts.len()];
    let mut at = 0;
    while at < drafts.len() {
        let length = drafts[at..].iter().take_while(|task| task.sequential).count();
        if let (true, Some(first), Some(last)) = (
            length > 1,
            drafts[at].id,
            drafts[at..].get(length.wrapping_sub(1)),
        ) {
            let last = last.id.map_or(String::new(), |id| id.to_string());
            names[at..at + length].fill(Some(format!("{first}-{last}")));
        }
        at += length.max(1);
    }
    names
}

fn task(draft: TaskDraft, named: &mut Vec<Names>, diagnostics: &mut Vec<DocumentDiagnostic>) -> Option<Task> {
    let id = draft.id?;
    let subtasks = subtasks(id, draft.subs, diagnostics);
    let mut cross = Vec::new();
    let mut own = Vec::new();
    let is_free = draft.depends.as_ref().is_some_and(Vec::is_empty);
    for name in draft.depends.into_iter().flatten() {
        match name {
            NamedDependency::Other(dependency) => cross.push(dependency),
            own_name => own.push(own_name),
        }
    }
    // Waiting only for another plan does not free a task from the order of its own plan.
    let depends = (is_free || !own.is_empty()).then(Vec::new);
    named.push(Names { task: id, named: own });
    let mut files = files(&[&draft.title, &draft.details]);
    for file in draft.touches {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    if !draft.reads.is_empty() {
        let reads: BTreeSet<&String> = draft.reads.iter().collect();
        files.retain(|file| !reads.contains(file));
    }
    Some(Task {
        id,
        files,
        reads: draft.reads,
        uses: draft.uses,
        expected: draft.expected,
        title: draft.title,
        details: draft.details,
        ticked: draft.ticked,
        depends,
        cross,
        sequential: None,
        // All tasks with the mark in a phase are one group.
        parallel: draft.parallel.then(|| format!("phase {}", id.phase)),
        subtasks,
        line: draft.line,
    })
}

/// Numbers the sub-tasks without a number by their position below the task or sub-task that they belong to.
fn subtasks(task: TaskId, drafts: Vec<SubDraft>, diagnostics: &mut Vec<DocumentDiagnostic>) -> Vec<Subtask> {
    if drafts.is_empty() {
        return Vec::new();
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for draft in &drafts {
        if let Some(sub) = &draft.sub
            && !taken.insert(sub.clone())
        {
            let message = format!("sub-task {task}.{sub} appears a second time");
            let hint = "give one of them another number".to_owned();
            diagnostics.push(DocumentDiagnostic::new(draft.line, message, hint));
        }
    }
    let mut next: Vec<u32> = vec![0; drafts.len() + 1];
    let mut subs: Vec<String> = Vec::new();
    for draft in &drafts {
        let sub = draft.sub.clone().unwrap_or_else(|| {
            let above = draft
                .parent
                .and_then(|parent| subs.get(parent))
                .map(|sub| format!("{sub}."));
            let above = above.unwrap_or_default();
            let counter = &mut next[draft.parent.map_or(0, |parent| parent + 1)];
            loop {
                *counter += 1;
                let sub = format!("{above}{counter}");
                if taken.insert(sub.clone()) {
                    break sub;
                }
            }
        });
        subs.push(sub);
    }
    let with_sub = drafts.into_iter().zip(subs);
    with_sub
        .map(|(draft, sub)| Subtask {
            id: ItemId { task, sub: Some(sub) },
            title: draft.title,
            ticked: draft.ticked,
            line: draft.line,
        })
        .collect()
}

/// Stores the tasks that `depends` names. The checks report tasks that do not exist.
fn resolve_depends(phases: &mut [Phase], named: Vec<Names>, diagnostics: &mut Vec<DocumentDiagnostic>) {
    if named.iter().all(|names| names.named.is_empty()) {
        return;
    }
    let ids: BTreeSet<TaskId> = phases
        .iter()
        .flat_map(|phase| &phase.tasks)
        .map(|task| task.id)
        .collect();
    let checks = checks::numbered(phases);
    let tasks = phases.iter_mut().flat_map(|phase| &mut phase.tasks);
    for (task, names) in tasks.zip(named) {
        debug_assert_eq!(task.id, names.task);
        let mut seen = BTreeSet::new();
        for name in names.named {
            let mut found: Vec<TaskId> = match name {
                NamedDependency::Task(id) => vec![id],
                NamedDependency::Tasks(from, to) if from <= to => {
                    let mut members: BTreeSet<TaskId> = ids.range(from..=to).copied().collect();
                    // A range that reaches into the checks means the tasks in the range.
                    members.extend([from, to].into_iter().filter(|end| !checks.contains(end)));
                    members.into_iter().collect()
                }
                NamedDependency::Tasks(from, to) => vec![from, to],
                NamedDependency::Phase(id) => {
                    let first = TaskId { phase: id, number: 0 };
                    let last = TaskId {
                        phase: id,
                        number: u32::MAX,
                    };
                    let members: Vec<TaskId> = ids.range(first..=last).copied().collect();
                    if members.is_empty() {
                        let message = format!("task {} depends on phase {id}, which does not exist", task.id);
                        diagnostics.push(DocumentDiagnostic::new(task.line, message, None).about("depends"));
                    }
                    members
                }
                NamedDependency::Other(_) => continue,
            };
            found.retain(|id| seen.insert(*id));
            task.depends.get_or_insert_default().append(&mut found);
        }
    }
}
