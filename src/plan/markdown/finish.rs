//! From drafts to phases: numbers by place, groups joined, references resolved.

use std::collections::BTreeSet;

use super::annotations::Named;
use super::checks;
use super::draft::{Note, PhaseDraft, SubDraft, TaskDraft};
use super::fault::DocumentFault;
use super::files::files;
use super::groups::{Group, groups};
use crate::plan::{ItemId, Phase, PhaseId, Subtask, Task, TaskId};

/// Finishes the phases of a document and checks them.
pub(super) fn finish(drafts: Vec<PhaseDraft>, notes: &[Note], faults: &mut Vec<DocumentFault>) -> Vec<Phase> {
    let mut phases = Vec::new();
    let mut named = Vec::new();
    let mut beside: Vec<(PhaseId, PhaseId, usize)> = Vec::new();
    let mut runs: Vec<Vec<PhaseId>> = vec![Vec::new()];
    for draft in drafts {
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
        phases.push(phase(draft, &mut named, faults));
    }
    for run in &runs {
        for phase in run {
            beside.extend(run.iter().map(|other| (*phase, *other, 0)));
        }
    }
    for note in notes {
        for group in groups(note) {
            match group {
                Group::Sequential(ranges, text) => sequential(&mut phases, &ranges, &text, note.line, faults),
                Group::Parallel(ranges) => beside.extend(parallel(&phases, &ranges, note.line, faults)),
            }
        }
    }
    apply_beside(&mut phases, &beside, faults);
    resolve_depends(&mut phases, named, faults);
    checks::check(&phases, faults);
    phases
}

/// What a task's `depends` names, to be looked up when all tasks are known.
struct Names {
    task: TaskId,
    named: Vec<Named>,
}

fn phase(draft: PhaseDraft, named: &mut Vec<Names>, faults: &mut Vec<DocumentFault>) -> Phase {
    let PhaseDraft {
        id,
        title,
        objective,
        depends,
        pipeline_start,
        tasks: numbered,
        loose,
        verify,
        line,
        ..
    } = draft;
    // A heading with a number is a section, unless boxes stand below it or the phase has nothing else.
    let is_work = |task: &TaskDraft| !task.headed || !task.subs.is_empty();
    let has_work = numbered.iter().any(is_work);
    let mut drafts: Vec<TaskDraft> = if has_work {
        numbered.into_iter().filter(is_work).collect()
    } else if loose.is_empty() {
        numbered
    } else {
        loose
    };
    for (number, task) in (1_u32..).zip(&mut drafts) {
        task.id.get_or_insert(TaskId { phase: id, number });
    }
    let runs = sequential_runs(&drafts);
    let tasks = drafts
        .into_iter()
        .zip(runs)
        .filter_map(|(draft, run)| {
            let mut task = task(draft, named, faults)?;
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
        tasks,
        verify,
        line,
    }
}

/// `[SEQUENTIAL]` on neighbouring lines makes a group named by its ends.
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

fn task(draft: TaskDraft, named: &mut Vec<Names>, faults: &mut Vec<DocumentFault>) -> Option<Task> {
    let id = draft.id?;
    let subtasks = subtasks(id, draft.subs, faults);
    let mut cross = Vec::new();
    let mut own = Vec::new();
    let is_free = draft.depends.as_ref().is_some_and(Vec::is_empty);
    for name in draft.depends.into_iter().flatten() {
        match name {
            Named::Other(dependency) => cross.push(dependency),
            own_name => own.push(own_name),
        }
    }
    // Waiting for another plan alone does not free a task from the order of its own.
    let depends = (is_free || !own.is_empty()).then(Vec::new);
    named.push(Names { task: id, named: own });
    Some(Task {
        id,
        files: files(&[&draft.title, &draft.details]),
        title: draft.title,
        details: draft.details,
        ticked: draft.ticked,
        depends,
        cross,
        sequential: None,
        subtasks,
        line: draft.line,
    })
}

/// Numbers the sub-tasks that have no number by their place below the task or sub-task they belong to.
fn subtasks(task: TaskId, drafts: Vec<SubDraft>, faults: &mut Vec<DocumentFault>) -> Vec<Subtask> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for draft in &drafts {
        if let Some(sub) = &draft.sub {
            if !taken.insert(sub.clone()) {
                let message = format!("sub-task {task}.{sub} stands here a second time");
                let hint = "give one of them another number".to_owned();
                faults.push(DocumentFault::new(draft.line, message, hint));
            }
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

fn sequential(
    phases: &mut [Phase],
    ranges: &[(TaskId, TaskId)],
    text: &str,
    line: usize,
    faults: &mut Vec<DocumentFault>,
) {
    for (from, to) in ranges {
        for end in BTreeSet::from([from, to]) {
            let exists = phases
                .iter()
                .any(|phase| phase.tasks.iter().any(|task| task.id == *end));
            if !exists {
                faults.push(DocumentFault::new(
                    line,
                    format!("the note names task {end}, which does not exist"),
                    None,
                ));
            }
        }
        for task in phases.iter_mut().flat_map(|phase| &mut phase.tasks) {
            if (*from..=*to).contains(&task.id) {
                task.sequential = Some(text.to_owned());
            }
        }
    }
}

fn parallel(
    phases: &[Phase],
    ranges: &[(PhaseId, PhaseId)],
    line: usize,
    faults: &mut Vec<DocumentFault>,
) -> Vec<(PhaseId, PhaseId, usize)> {
    let mut members = BTreeSet::new();
    for (from, to) in ranges {
        for end in BTreeSet::from([from, to]) {
            if !phases.iter().any(|phase| phase.id == *end) {
                faults.push(DocumentFault::new(
                    line,
                    format!("the note names phase {end}, which does not exist"),
                    None,
                ));
            }
        }
        members.extend(
            phases
                .iter()
                .map(|phase| phase.id)
                .filter(|id| (*from..=*to).contains(id)),
        );
    }
    let pairs = members
        .iter()
        .flat_map(|a| members.iter().map(move |b| (*a, *b, line)));
    pairs.collect()
}

/// Not waiting for each other holds both ways.
fn apply_beside(phases: &mut [Phase], beside: &[(PhaseId, PhaseId, usize)], faults: &mut Vec<DocumentFault>) {
    let known: BTreeSet<PhaseId> = phases.iter().map(|phase| phase.id).collect();
    let mut pairs: BTreeSet<(PhaseId, PhaseId)> = BTreeSet::new();
    for (a, b, line) in beside {
        if !known.contains(b) {
            let message = format!("`parallel-with` names phase {b}, which does not exist");
            faults.push(DocumentFault::new(*line, message, None));
        } else if a != b {
            pairs.extend([(*a, *b), (*b, *a)]);
        }
    }
    for phase in phases {
        let first = (phase.id, PhaseId(0));
        let own = pairs.range(first..).take_while(|(a, _)| *a == phase.id);
        phase.parallel_with = own.map(|(_, b)| *b).collect();
    }
}

/// Puts the tasks that `depends` names into place; what does not exist is left to the checks.
fn resolve_depends(phases: &mut [Phase], named: Vec<Names>, faults: &mut Vec<DocumentFault>) {
    let ids: BTreeSet<TaskId> = phases
        .iter()
        .flat_map(|phase| &phase.tasks)
        .map(|task| task.id)
        .collect();
    let tasks = phases.iter_mut().flat_map(|phase| &mut phase.tasks);
    for (task, names) in tasks.zip(named) {
        debug_assert_eq!(task.id, names.task);
        for name in names.named {
            let mut found: Vec<TaskId> = match name {
                Named::Task(id) => vec![id],
                Named::Tasks(from, to) if from <= to => {
                    let mut members: BTreeSet<TaskId> = ids.range(from..=to).copied().collect();
                    members.extend([from, to]);
                    members.into_iter().collect()
                }
                Named::Tasks(from, to) => vec![from, to],
                Named::Phase(id) => {
                    let first = TaskId { phase: id, number: 0 };
                    let last = TaskId {
                        phase: id,
                        number: u32::MAX,
                    };
                    let members: Vec<TaskId> = ids.range(first..=last).copied().collect();
                    if members.is_empty() {
                        let message = format!("task {} depends on phase {id}, which does not exist", task.id);
                        faults.push(DocumentFault::new(task.line, message, None));
                    }
                    members
                }
                Named::Other(_) => continue,
            };
            let depends = task.depends.get_or_insert_default();
            found.retain(|id| !depends.contains(id));
            depends.append(&mut found);
        }
    }
}
