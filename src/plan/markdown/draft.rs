//! Drafts of phases and tasks while a document is being read. Numbers may still be missing, and references are as written.

use std::collections::BTreeMap;
use std::time::Duration;

use super::annotations::NamedDependency;
use crate::plan::{Dependency, PhaseId, PipelineStart, ResourceName, TaskId, VerifyBlock};

/// A phase being read.
#[derive(Debug)]
pub(super) struct PhaseDraft {
    pub(super) id: PhaseId,
    pub(super) title: String,
    pub(super) objective: Option<String>,
    pub(super) depends: Vec<Dependency>,
    /// `(depends: none)` is on its heading.
    pub(super) free: bool,
    /// `[PARALLEL]` is on its heading.
    pub(super) parallel: bool,
    /// `parallel-with` on its heading.
    pub(super) parallel_with: Vec<PhaseId>,
    pub(super) pipeline_start: Option<PipelineStart>,
    /// `(expected: …)` on its heading.
    pub(super) expected: Option<Duration>,
    /// Tasks with an id, in document order.
    pub(super) tasks: Vec<TaskDraft>,
    /// The index in `tasks` of the task with an id.
    pub(super) index: BTreeMap<TaskId, usize>,
    /// Boxes without a number. They are the tasks of a phase that has no other tasks.
    pub(super) loose: Vec<TaskDraft>,
    pub(super) verify: Option<VerifyBlock>,
    pub(super) line: usize,
}

/// A task being read.
#[derive(Debug, Default)]
pub(super) struct TaskDraft {
    pub(super) id: Option<TaskId>,
    /// The id as written, where the phase gives the task another one.
    pub(super) renewed: Option<TaskId>,
    /// The task is a heading. A heading is a task only with boxes below it, or when the phase has nothing else.
    pub(super) headed: bool,
    pub(super) title: String,
    pub(super) details: String,
    pub(super) ticked: bool,
    /// The entries of `depends`; none without such an annotation.
    pub(super) depends: Option<Vec<NamedDependency>>,
    /// `(expected: …)` on its line.
    pub(super) expected: Option<Duration>,
    /// `(reads: …)` on its line.
    pub(super) reads: Vec<String>,
    /// `(touches: …)` on its line.
    pub(super) touches: Vec<String>,
    /// `(uses: …)` on its line.
    pub(super) uses: Vec<ResourceName>,
    /// `[SEQUENTIAL]` is on its line.
    pub(super) sequential: bool,
    /// `[PARALLEL]` is on its line.
    pub(super) parallel: bool,
    pub(super) subs: Vec<SubDraft>,
    pub(super) line: usize,
}

/// Where a task belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TaskNumber {
    /// To the current phase, under its number.
    Own,
    /// To the current phase, under a number that is still to be found: the written one counts from a phase that repeats another.
    Renewed,
    /// To another phase.
    Foreign,
}

impl TaskDraft {
    /// Sets the id. A task that gets another number keeps the written one in its title.
    pub(super) fn set_id(&mut self, id: TaskId, number: TaskNumber) {
        if number == TaskNumber::Renewed {
            self.renewed = Some(id);
            self.title = format!("{id} {}", self.title).trim_end().to_owned();
        } else {
            self.id = Some(id);
        }
    }
}

/// A sub-task being read.
#[derive(Debug)]
pub(super) struct SubDraft {
    /// The part of the id after the task's id; none when it is not written.
    pub(super) sub: Option<String>,
    /// The index of the sub-task that this one is indented under.
    pub(super) parent: Option<usize>,
    pub(super) title: String,
    pub(super) ticked: bool,
    pub(super) line: usize,
}

/// `**Execution Note:** …`, with code masked and with plain dashes.
#[derive(Debug)]
pub(super) struct ExecutionNote {
    pub(super) text: String,
    pub(super) line: usize,
}

impl PhaseDraft {
    pub(super) fn new(id: PhaseId, title: String, line: usize) -> Self {
        Self {
            id,
            title,
            objective: None,
            depends: Vec::new(),
            free: false,
            parallel: false,
            parallel_with: Vec::new(),
            pipeline_start: None,
            expected: None,
            tasks: Vec::new(),
            index: BTreeMap::new(),
            loose: Vec::new(),
            verify: None,
            line,
        }
    }

    /// The VERIFY block, opened on this line if there is none.
    pub(super) fn verify(&mut self, line: usize) -> &mut VerifyBlock {
        self.verify.get_or_insert_with(|| VerifyBlock {
            checks: Vec::new(),
            numbered: Vec::new(),
            boxes: 0,
            ticked: 0,
            background: false,
            line,
        })
    }

    /// True when nothing is known of the phase except its heading and objective.
    pub(super) fn is_bare(&self) -> bool {
        let says = self.parallel || self.pipeline_start.is_some() || self.verify.is_some();
        !says && self.tasks.is_empty() && self.loose.is_empty() && self.depends.is_empty()
    }

    /// The index of the task with this id. Adds the task when there is none: for `- [ ] 2.1.3` without a 2.1.
    pub(super) fn task_of(&mut self, id: TaskId, number: TaskNumber, line: usize) -> usize {
        let known = match number {
            TaskNumber::Renewed => self.tasks.iter().rposition(|task| task.renewed == Some(id)),
            TaskNumber::Own | TaskNumber::Foreign => self.index.get(&id).copied(),
        };
        if let Some(at) = known {
            return at;
        }
        let mut task = TaskDraft {
            title: self.title.clone(),
            line,
            ..TaskDraft::default()
        };
        task.set_id(id, number);
        if task.id.is_some() {
            self.index.insert(id, self.tasks.len());
        }
        self.tasks.push(task);
        self.tasks.len() - 1
    }
}
