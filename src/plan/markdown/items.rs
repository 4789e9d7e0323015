//! List items: tasks, sub-tasks, checks and all others.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};

use super::DocumentDiagnostic;
use super::annotations::{self, bracketed, marks, without};
use super::draft::{SubDraft, TaskDraft, TaskNumber};
use super::shape::item::{dedent, split_id, split_line};
use super::shape::label::{label, verify};
use super::shape::outline::ListItem;
use super::shape::upstream;
use super::stated;
use super::walk::{Headed, Role, Section, Walk};
use crate::plan::{ItemId, Subtask, Upstream, one_line};

/// A part of a task, as written.
struct TaskPart<'t> {
    /// The part of the id after the task's id.
    sub: Option<String>,
    /// The index of the part that this one is indented under.
    parent: Option<usize>,
    title: Cow<'t, str>,
    ticked: bool,
    /// The byte offset where it begins.
    at: usize,
}

impl Walk<'_> {
    pub(super) fn item(&mut self, item: &ListItem) {
        self.stack.truncate(item.depth);
        let parent = self.stack.last().copied().unwrap_or(Role::None);
        // A label on its own line right below an item ends the item, although Markdown joins the two.
        let cut = self.label_below(&item.head);
        let head = item.head.start..cut.unwrap_or(item.head.end);
        let role = match self.section {
            Section::Phase => self.item_in_phase(item, &head, cut, parent),
            Section::Overview | Section::Upstream | Section::Other => {
                if self.section == Section::Upstream && item.depth == 0 {
                    let name = upstream::name(&self.text[head.clone()]);
                    let line = self.lines.line(head.start);
                    self.document
                        .upstream
                        .extend(name.map(|name| Upstream { name, line }));
                }
                self.labelled(head);
                Role::None
            }
        };
        self.stack.push(role);
        if let Some(cut) = cut {
            self.paragraph(cut..item.head.end);
        }
    }

    /// The offset of an unindented label among the lines of an item's head.
    fn label_below(&self, head: &Range<usize>) -> Option<usize> {
        let source = &self.text[head.clone()];
        memchr_iter(b'\n', source.as_bytes())
            .map(|end| end + 1)
            .find(|at| {
                let line = &source[*at..];
                line.starts_with("**") && label(split_line(line).0).is_some()
            })
            .map(|at| head.start + at)
    }

    fn item_in_phase(
        &mut self,
        item: &ListItem,
        head: &Range<usize>,
        cut: Option<usize>,
        parent: Role,
    ) -> Role {
        let source = &self.text[head.clone()];
        if let Some(rest) = verify(source) {
            self.open_verify(rest, head.start);
            return Role::Check;
        }
        let Some(ticked) = item.ticked else {
            return self.bullet(item, head, parent);
        };
        let (id, title) = split_id(split_line(source).0);
        let part = |sub| TaskPart {
            sub,
            parent: None,
            title: Cow::Borrowed(&*title),
            ticked,
            at: head.start,
        };
        match (id, parent) {
            (id, Role::Check) => self.check(head, Some(ticked), id.map(|id| (id, title))),
            (id, Role::None) if self.in_verify => self.check(head, Some(ticked), id.map(|id| (id, title))),
            (Some(id), _) => self.numbered((id, title), item, head, cut, ticked),
            (None, Role::Task { task, sub }) => {
                let parent = sub;
                self.sub_task(Role::Task { task, sub: None }, TaskPart { parent, ..part(None) })
            }
            (None, Role::Loose { task, sub }) => {
                let parent = sub;
                self.sub_task(Role::Loose { task, sub: None }, TaskPart { parent, ..part(None) })
            }
            (None, Role::None) => match self.headed {
                Some(Headed { task, .. }) => self.sub_task(Role::Task { task, sub: None }, part(None)),
                None => self.loose(item, head, cut, ticked),
            },
        }
    }

    /// An item without a box: a check, a numbered part of a task heading, or plain text.
    fn bullet(&mut self, item: &ListItem, head: &Range<usize>, parent: Role) -> Role {
        if self.in_verify {
            return match (parent, item.depth) {
                (Role::None, 0) => self.check(head, None, None),
                (parent, _) => parent,
            };
        }
        let source = &self.text[head.clone()];
        if label(source).is_some() {
            self.labelled(head.clone());
            return parent;
        }
        let headed = self.headed.and_then(|headed| {
            let task = self.phases.get(self.current)?.tasks.get(headed.task)?;
            Some((headed.task, task.id?, task.ticked))
        });
        let Some((task, own, whole)) = headed else {
            return parent;
        };
        match split_id(split_line(source).0) {
            (Some(id), title) if id.task == own && id.sub.is_some() => {
                let part = TaskPart {
                    sub: id.sub,
                    parent: None,
                    title,
                    // Without a box, the part is ticked when its task is.
                    ticked: whole,
                    at: head.start,
                };
                self.sub_task(Role::Task { task, sub: None }, part)
            }
            _ => parent,
        }
    }

    /// Adds a check to the VERIFY block. A check with a number of its own phase is reported under that number, but is not a
    /// task.
    fn check(
        &mut self,
        head: &Range<usize>,
        ticked: Option<bool>,
        numbered: Option<(ItemId, Cow<'_, str>)>,
    ) -> Role {
        let text = one_line(&self.text[head.clone()]);
        let line = self.lines.line(head.start);
        let own = self.phase().map(|phase| phase.id);
        let numbered = numbered.filter(|(id, ..)| Some(id.task.phase) == own);
        if let Some(block) = self.verify_block(head.start) {
            block.checks.push(text);
            block.boxes += usize::from(ticked.is_some());
            block.ticked += usize::from(ticked == Some(true));
            block.numbered.extend(numbered.map(|(id, title)| Subtask {
                id,
                title: title.into_owned(),
                ticked: ticked == Some(true),
                line,
            }));
        }
        Role::Check
    }

    fn numbered(
        &mut self,
        (id, title): (ItemId, Cow<'_, str>),
        item: &ListItem,
        head: &Range<usize>,
        cut: Option<usize>,
        ticked: bool,
    ) -> Role {
        let number = self.number(id.task.phase);
        let Some(own) = self.phase().map(|phase| phase.id) else {
            return Role::None;
        };
        if number == TaskNumber::Foreign {
            let line = self.lines.line(head.start);
            let message = format!("task {id} is in phase {own}");
            let hint = format!("move it to phase {}, or give it another number", id.task.phase);
            self.diagnostic(line, &id.to_string(), message, hint);
            return Role::None;
        }
        if id.sub.is_some() {
            let line = self.lines.line(head.start);
            let Some(phase) = self.phase() else {
                return Role::None;
            };
            let task = phase.task_of(id.task, number, line);
            let part = TaskPart {
                sub: id.sub,
                parent: None,
                title,
                ticked,
                at: head.start,
            };
            return self.sub_task(Role::Task { task, sub: None }, part);
        }
        let mut draft = self.task_item(item, head, cut, ticked, |line| match line {
            // Nothing was cut out of the line, so the title is already known.
            Cow::Borrowed(_) => title.into_owned(),
            Cow::Owned(line) => split_id(&line).1.into_owned(),
        });
        draft.set_id(id.task, number);
        match self.add_task(draft) {
            Some(task) => Role::Task { task, sub: None },
            None => Role::None,
        }
    }

    fn loose(&mut self, item: &ListItem, head: &Range<usize>, cut: Option<usize>, ticked: bool) -> Role {
        let draft = self.task_item(item, head, cut, ticked, |line| line.into_owned());
        match self.phase() {
            Some(phase) => {
                phase.loose.push(draft);
                let task = phase.loose.len() - 1;
                Role::Loose { task, sub: None }
            }
            None => Role::None,
        }
    }

    fn sub_task(&mut self, owner: Role, part: TaskPart<'_>) -> Role {
        let line = self.lines.line(part.at);
        let Some(phase) = self.phase() else {
            return Role::None;
        };
        let draft = match owner {
            Role::Task { task, .. } => phase.tasks.get_mut(task),
            Role::Loose { task, .. } => phase.loose.get_mut(task),
            Role::None | Role::Check => None,
        };
        let Some(draft) = draft else {
            return Role::None;
        };
        draft.subs.push(SubDraft {
            sub: part.sub,
            parent: part.parent,
            title: part.title.into_owned(),
            ticked: part.ticked,
            line,
        });
        let sub = Some(draft.subs.len() - 1);
        match owner {
            Role::Task { task, .. } => Role::Task { task, sub },
            Role::Loose { task, .. } => Role::Loose { task, sub },
            Role::None | Role::Check => Role::None,
        }
    }

    fn task_item(
        &mut self,
        item: &ListItem,
        head: &Range<usize>,
        cut: Option<usize>,
        ticked: bool,
        title: impl FnOnce(Cow<'_, str>) -> String,
    ) -> TaskDraft {
        let line = self.lines.line(head.start);
        let mut draft = self.task_line(head, line, title);
        let below = self.lines.below(head.start);
        let end = cut.unwrap_or(item.range.end);
        draft.details = dedent(self.text.get(below..end).unwrap_or_default());
        draft.ticked = ticked;
        draft
    }

    /// Builds a task from its line. Annotations are read and cut out, and `title` makes the title from the rest. `head` may
    /// continue below its first line.
    pub(super) fn task_line(
        &mut self,
        head: &Range<usize>,
        line: usize,
        title: impl FnOnce(Cow<'_, str>) -> String,
    ) -> TaskDraft {
        let source = &self.text[head.clone()];
        let first = memchr(b'\n', source.as_bytes()).unwrap_or(source.len());
        // Most lines have no annotations, so they are not searched for each kind of annotation.
        if memchr2(b'(', b'[', source.as_bytes()).is_none() {
            return TaskDraft {
                title: title(without(&source[..first], &mut [])),
                line,
                ..TaskDraft::default()
            };
        }
        let masked = self.masked.part(head);
        let depends = bracketed(source, &masked, "depends");
        let (mut cut, beside) = (marks(&masked, "[SEQUENTIAL]"), marks(&masked, "[PARALLEL]"));
        let (sequential, parallel) = (!cut.is_empty(), !beside.is_empty());
        cut.extend(beside);
        let found = |key| bracketed(source, &masked, key);
        let (expected, reads) = (found("expected"), found("reads"));
        let (touches, uses) = (found("touches"), found("uses"));
        for list in [&depends, &expected, &reads, &touches, &uses] {
            cut.extend(list.iter().map(|annotation| annotation.range.clone()));
        }
        cut.retain(|range| range.start < first);
        let mut draft = TaskDraft {
            title: title(without(&source[..first], &mut cut)),
            sequential,
            parallel,
            line,
            expected: stated::expected(self, &expected, head.start),
            reads: stated::paths(self, "reads", &reads, head.start),
            touches: stated::paths(self, "touches", &touches, head.start),
            uses: stated::uses(self, &uses, head.start),
            ..TaskDraft::default()
        };
        for annotation in depends {
            let value = annotation.value.ok_or_else(String::new);
            match value.and_then(annotations::depends) {
                Ok(named) => draft.depends.get_or_insert_default().extend(named),
                Err(word) => self.bad_reference(line, &word),
            }
        }
        draft
    }

    /// Adds a numbered task to the phase. A second task with the same id is reported, unless the first is only a heading.
    pub(super) fn add_task(&mut self, draft: TaskDraft) -> Option<usize> {
        let phase = self.phases.get_mut(self.current)?;
        let Some(id) = draft.id else {
            phase.tasks.push(draft);
            return Some(phase.tasks.len() - 1);
        };
        let line = draft.line;
        let at = phase.tasks.len();
        let first = phase.index.get(&id).and_then(|at| phase.tasks.get(*at));
        if let Some(first) = first.filter(|first| !first.headed || !first.subs.is_empty()) {
            let diagnostic = DocumentDiagnostic::twice(id, first.line, line);
            self.diagnostics.push(diagnostic);
            return None;
        }
        phase.index.insert(id, at);
        phase.tasks.push(draft);
        Some(at)
    }
}
