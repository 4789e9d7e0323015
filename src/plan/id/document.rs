//! A parsed plan document: phases, tasks, checks and the annotations that shape the schedule.
//!
//! The parser is in [`crate::plan::markdown`]; nothing here touches a file.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::document_diagnostic::DocumentDiagnostic;
use crate::plan::text::memo::Memo;
use crate::plan::text::seek::seek;
use crate::plan::{Dependency, ItemId, PhaseId, Priority, ResourceName, TaskId};

/// A plan document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Document {
    /// The first `#` heading, without a leading `Implementation Plan:`.
    pub title: String,
    /// `- **Goal:** …` of the overview.
    pub goal: Option<String>,
    /// `- **Priority:** …` of the overview. The manifest's priority overrides it.
    pub priority: Option<Priority>,
    /// Names of plans that the document builds on, as written and without `.md`: from front matter and `### Upstream`. A name
    /// counts when the manifest has a plan of that name or with that file.
    pub upstream: Vec<Upstream>,
    /// How long the whole plan is expected to take: `(expected: 3h)` in its title.
    pub expected: Option<Duration>,
    /// In document order.
    pub phases: Vec<Phase>,
    /// The document's text, byte for byte.
    pub text: String,
    /// Lints of the document, computed on first use.
    #[serde(skip)]
    pub doubts: Memo<Vec<DocumentDiagnostic>>,
}

/// One upstream plan named by the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The plan's name or file stem.
    pub name: String,
    /// Line of the mention, from 1.
    pub line: usize,
}

/// `## Phase N: Title`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its number.
    pub id: PhaseId,
    /// Its title, without annotations.
    pub title: String,
    /// `**Objective:** …`.
    pub objective: Option<String>,
    /// Cross-plan dependencies written on the phase's heading.
    pub depends: Vec<Dependency>,
    /// Phases that this one does not wait for, from `[PARALLEL]`, `parallel-with` and execution notes.
    pub parallel_with: Vec<PhaseId>,
    /// When the phase may start before the phases in front of it are done.
    pub pipeline_start: Option<PipelineStart>,
    /// How long it is expected to take: `(expected: 1h30m)` in its heading.
    pub expected: Option<Duration>,
    /// In document order.
    pub tasks: Vec<Task>,
    /// `**VERIFY Phase N:**` with its boxes.
    pub verify: Option<VerifyBlock>,
    /// Line of its heading, from 1.
    pub line: usize,
}

/// `pipeline-start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PipelineStart {
    /// `when 1.3 completes`.
    Task(TaskId),
    /// `60% of Phase 1`.
    Share {
        /// The phase that is measured.
        of: PhaseId,
        /// Percent of its tasks, 0 to 100.
        percent: u8,
    },
}

/// A task of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id, either written or assigned by its position.
    pub id: TaskId,
    /// First line, without box, id and annotations.
    pub title: String,
    /// The indented lines below it, dedented; empty when there are none.
    pub details: String,
    /// True when its box was ticked in the document.
    pub ticked: bool,
    /// Dependencies inside the plan. None when the task names none; an empty list is `(depends: none)`.
    pub depends: Option<Vec<TaskId>>,
    /// Dependencies on other plans.
    pub cross: Vec<Dependency>,
    /// The sequential group it belongs to, as written: `3.1-3.4`.
    pub sequential: Option<String>,
    /// The parallel group it belongs to. Its tasks do not wait for each other because of their phases alone.
    #[serde(default)]
    pub parallel: Option<String>,
    /// Parts of it that are tracked but never scheduled alone.
    pub subtasks: Vec<Subtask>,
    /// Files that its text names and that the task may change, in order, without duplicates.
    pub files: Vec<String>,
    /// Files that the task only reads, from `(reads: …)`. None of them is in `files`.
    pub reads: Vec<String>,
    /// Resources of which the task holds one token each while it runs: `(uses: database)` in its line.
    #[serde(default)]
    pub uses: Vec<ResourceName>,
    /// How long it is expected to take: `(expected: 20m)` in its line.
    pub expected: Option<Duration>,
    /// Line of its box or heading, from 1.
    pub line: usize,
}

/// A part of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtask {
    /// Full id: `2.1.3`, `2.1.A`. Assigned by position where none is written.
    pub id: crate::plan::ItemId,
    /// Its text.
    pub title: String,
    /// True when its box was ticked.
    pub ticked: bool,
    /// Line, from 1.
    pub line: usize,
}

/// Checks for the end of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyBlock {
    /// Texts of the boxes or bullets.
    pub checks: Vec<String>,
    /// The numbered boxes among the checks. They are reported by their number and tracked, but never scheduled.
    #[serde(default)]
    pub numbered: Vec<Subtask>,
    /// How many boxes it has.
    #[serde(default)]
    pub boxes: usize,
    /// How many of its boxes are ticked.
    #[serde(default)]
    pub ticked: usize,
    /// `(non-blocking)` or `(background: true)`.
    pub background: bool,
    /// Line, from 1.
    pub line: usize,
}

impl Task {
    /// True when the document has the task's own box and all boxes of its sub-tasks ticked.
    pub fn is_ticked(&self) -> bool {
        self.ticked && self.subtasks.iter().all(|part| part.ticked)
    }
}

impl VerifyBlock {
    /// True when every box of the block is ticked.
    pub fn is_ticked(&self) -> bool {
        self.boxes > 0 && self.ticked == self.boxes
    }
}

impl Phase {
    /// True when the document has every task of the phase ticked, and every box of its VERIFY block if the block has any.
    pub fn is_ticked(&self) -> bool {
        let block = self.verify.as_ref().filter(|block| block.boxes > 0);
        !self.tasks.is_empty()
            && self.tasks.iter().all(Task::is_ticked)
            && block.is_none_or(VerifyBlock::is_ticked)
    }
}

impl Document {
    /// The phase with this number.
    pub fn phase(&self, id: PhaseId) -> Option<&Phase> {
        seek(&self.phases, id.0, |phase| phase.id.0).map(|place| &self.phases[place])
    }

    /// The task with this id.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        let tasks = &self.phase(id.phase)?.tasks;
        seek(tasks, id.number, |task| task.id.number).map(|place| &tasks[place])
    }

    /// The numbered boxes of VERIFY blocks, in document order. They are parts of a check, not tasks.
    pub fn numbered_checks(&self) -> impl Iterator<Item = &Subtask> {
        let blocks = self.phases.iter().filter_map(|phase| phase.verify.as_ref());
        blocks.flat_map(|block| &block.numbered)
    }

    /// The sub-tasks of each task and the numbered boxes of each VERIFY block that has any.
    pub fn pieces(&self) -> BTreeMap<TaskId, Vec<ItemId>> {
        let ids =
            |pieces: &[Subtask]| -> Vec<ItemId> { pieces.iter().map(|piece| piece.id.clone()).collect() };
        let tasks = self.tasks().map(|task| (task.id, ids(&task.subtasks)));
        let blocks = self.phases.iter().filter_map(|phase| {
            let block = phase.verify.as_ref()?;
            Some((TaskId::verify(phase.id), ids(&block.numbered)))
        });
        tasks
            .chain(blocks)
            .filter(|(_, pieces)| !pieces.is_empty())
            .collect()
    }

    /// Every item that may be reported, and whether its box is ticked. Tasks and sub-tasks come first in document order, then
    /// numbered checks, then the VERIFY blocks of phases. A VERIFY block is ticked when all of its boxes are.
    pub fn items(&self) -> impl Iterator<Item = (ItemId, bool)> + '_ {
        let part = |part: &Subtask| (part.id.clone(), part.ticked);
        let tasks = self.tasks().flat_map(move |task| {
            std::iter::once((ItemId::from(task.id), task.ticked)).chain(task.subtasks.iter().map(part))
        });
        let blocks = self.phases.iter().filter_map(|phase| {
            let block = phase.verify.as_ref()?;
            Some((TaskId::verify(phase.id).into(), block.is_ticked()))
        });
        tasks.chain(self.numbered_checks().map(part)).chain(blocks)
    }

    /// The title of a task, sub-task or numbered check, or the boxes of a VERIFY block. None when the document has no such
    /// item.
    pub fn title_of(&self, item: &ItemId) -> Option<String> {
        if item.task.is_verify() {
            let block = self.phase(item.task.phase)?.verify.as_ref()?;
            return Some(block.checks.join("; "));
        }
        let check = || self.numbered_checks().find(|check| check.id == *item);
        match (self.task(item.task), &item.sub) {
            (Some(task), None) => Some(task.title.clone()),
            (Some(task), Some(_)) => {
                let part = task.subtasks.iter().find(|part| part.id == *item);
                part.or_else(check).map(|part| part.title.clone())
            }
            (None, _) => check().map(|check| check.title.clone()),
        }
    }

    /// A fingerprint of the tasks as written (FNV-1a of ids and titles). The same tasks have the same fingerprint on every
    /// machine and in every version.
    pub fn print(&self) -> u32 {
        let mut print = Fingerprint(0x811c_9dc5);
        for task in self.tasks() {
            // Writing into a fingerprint never fails.
            let _ = write!(print, "{}\0{}\0", task.id, task.title);
        }
        print.0
    }

    /// All tasks in document order.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.phases.iter().flat_map(|phase| &phase.tasks)
    }
}

/// A fingerprint that is being computed.
struct Fingerprint(u32);

impl Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::markdown::read_document;

    #[test]
    fn a_fingerprint_is_that_of_the_ids_and_titles_as_they_are_written() {
        let (mut document, _) = read_document("# P\n\n## Phase 12: A\n\n- [ ] 12.9 é\n- [ ] 12.10 b\n");
        document.phases[0].tasks[0].id = TaskId::new(0, 1_234_567_890);
        let mut last = document.phases[0].tasks[1].clone();
        last.id = TaskId::verify(PhaseId(u32::MAX));
        document.phases[0].tasks.push(last);
        let ids: Vec<String> = document.tasks().map(|task| task.id.to_string()).collect();
        assert_eq!(ids, ["0.1234567890", "12.10", "4294967295.verify"]);
        let written: String = document
            .tasks()
            .map(|task| format!("{}\0{}\0", task.id, task.title))
            .collect();
        let print = written.bytes().fold(0x811c_9dc5_u32, |print, byte| {
            (print ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        assert_eq!(document.print(), print);
    }
}
