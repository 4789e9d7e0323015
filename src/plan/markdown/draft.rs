//! Phases and tasks while a document is being read: numbers may still be missing, references are as written.

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
    /// `[PARALLEL]` is on its heading.
    pub(super) parallel: bool,
    /// `parallel-with` on its heading.
    pub(super) parallel_with: Vec<PhaseId>,
    pub(super) pipeline_start: Option<PipelineStart>,
    /// `(expected: …)` on its heading.
    pub(super) expected: Option<Duration>,
    /// Tasks with an id, in document order.
    pub(super) tasks: Vec<TaskDraft>,
    /// Where the task of an id is in `tasks`.
    pub(super) index: BTreeMap<TaskId, usize>,
    /// Boxes without a number; they are the tasks of a phase that has no others.
    pub(super) loose: Vec<TaskDraft>,
    pub(super) verify: Option<VerifyBlock>,
    pub(super) line: usize,
}

/// A task being read.
#[derive(Debug, Default)]
pub(super) struct TaskDraft {
    pub(super) id: Option<TaskId>,
    /// It is a heading: a task only if boxes stand below it.
    pub(super) headed: bool,
    pub(super) title: String,
    pub(super) details: String,
    pub(super) ticked: bool,
    /// What its `depends` names; none when it has no such annotation.
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
    pub(super) subs: Vec<SubDraft>,
    pub(super) line: usize,
}

/// A sub-task being read.
#[derive(Debug)]
pub(super) struct SubDraft {
    /// What follows the task's id, where it is written.
    pub(super) sub: Option<String>,
    /// The sub-task that it is indented under.
    pub(super) parent: Option<usize>,
    pub(super) title: String,
    pub(super) ticked: bool,
    pub(super) line: usize,
}

/// `**Execution ExecutionNote:** …`, with code blotted out and plain dashes.
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

    /// The block of checks, opened on this line if there is none.
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

    /// True when nothing but its heading and objective is known of it.
    pub(super) fn is_bare(&self) -> bool {
        let says = self.parallel || self.pipeline_start.is_some() || self.verify.is_some();
        !says && self.tasks.is_empty() && self.loose.is_empty() && self.depends.is_empty()
    }

    /// The task of this id, made when there is none: for `- [ ] 2.1.3` without a 2.1.
    pub(super) fn task_of(&mut self, id: TaskId, line: usize) -> usize {
        if let Some(at) = self.index.get(&id) {
            return *at;
        }
        self.index.insert(id, self.tasks.len());
        self.tasks.push(TaskDraft {
            id: Some(id),
            title: self.title.clone(),
            line,
            ..TaskDraft::default()
        });
        self.tasks.len() - 1
    }
}
