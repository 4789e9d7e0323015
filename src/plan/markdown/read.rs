//! The walk over a document's outline.

use std::collections::BTreeMap;
use std::ops::Range;

use super::annotations::{self, bracketed, marks, without};
use super::draft::{Note, PhaseDraft, SubDraft, TaskDraft};
use super::fault::DocumentFault;
use super::item::{dedent, split_id};
use super::label::{is_background, label, verify};
use super::outline::{Block, Item, Outline, outline};
use super::{finish, front_matter, heading, upstream};
use crate::plan::place::LineIndex;
use crate::plan::{Document, ItemId, PhaseId, Priority, TaskId, Upstream};

/// Reads a plan document. Every text gives a document; what breaks a rule is in the list, in no special order.
pub fn read_document(text: &str) -> (Document, Vec<DocumentFault>) {
    let body = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let front = body + front_matter::length(&text[body..]);
    let Outline { blocks, masked } = outline(text, front);
    let mut walk = Walk {
        text,
        masked: &masked,
        lines: LineIndex::new(text),
        document: Document {
            upstream: front_matter::dependencies(&text[body..front]),
            text: text.to_owned(),
            ..Document::default()
        },
        faults: Vec::new(),
        phases: Vec::new(),
        phase_lines: BTreeMap::new(),
        notes: Vec::new(),
        phase_level: phase_level(text, &blocks),
        section: Section::Other,
        headed: None,
        in_verify: false,
        stack: Vec::new(),
    };
    for block in &blocks {
        match block {
            Block::Heading { level, range } => walk.heading(*level, range),
            Block::Paragraph { range } => walk.paragraph(range.clone()),
            Block::Item(item) => walk.item(item),
            Block::Rule { .. } => walk.in_verify = false,
        }
    }
    walk.close_headed(text.len());
    let Walk {
        mut document,
        mut faults,
        phases,
        notes,
        ..
    } = walk;
    document.phases = finish::finish(phases, &notes, &mut faults);
    (document, faults)
}

/// The level on which phases stand: the highest below the title that has any.
fn phase_level(text: &str, blocks: &[Block]) -> u8 {
    let levels = blocks.iter().filter_map(|block| match block {
        Block::Heading { level, range } if *level > 1 => {
            heading::phase(heading::text(&text[range.clone()])).map(|_| *level)
        }
        _ => None,
    });
    levels.min().unwrap_or(2)
}

/// What the text at hand belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Overview,
    Upstream,
    /// The last of the phases.
    Phase,
    Other,
}

/// A heading that is a task, while its section lasts.
#[derive(Debug, Clone, Copy)]
struct Headed {
    task: usize,
    level: u8,
    /// Where its text begins.
    from: usize,
}

/// What a list item is, so that items below it find their owner.
#[derive(Debug, Clone, Copy)]
enum Role {
    None,
    Check,
    Task { task: usize, sub: Option<usize> },
    Loose { task: usize, sub: Option<usize> },
}

struct Walk<'t> {
    text: &'t str,
    masked: &'t str,
    lines: LineIndex<'t>,
    document: Document,
    faults: Vec<DocumentFault>,
    phases: Vec<PhaseDraft>,
    /// Lines of the phases so far.
    phase_lines: BTreeMap<PhaseId, usize>,
    notes: Vec<Note>,
    phase_level: u8,
    section: Section,
    headed: Option<Headed>,
    in_verify: bool,
    /// Roles of the items that the next one may lie in.
    stack: Vec<Role>,
}

impl<'t> Walk<'t> {
    fn fault(&mut self, line: usize, message: String, hint: impl Into<Option<String>>) {
        self.faults.push(DocumentFault::new(line, message, hint));
    }

    fn phase(&mut self) -> Option<&mut PhaseDraft> {
        if self.section == Section::Phase {
            self.phases.last_mut()
        } else {
            None
        }
    }

    /// Ends the section of a task's heading; what stands in it are the task's details.
    fn close_headed(&mut self, end: usize) {
        if let Some(headed) = self.headed.take() {
            let details = dedent(self.text.get(headed.from..end).unwrap_or_default());
            if let Some(task) = self
                .phases
                .last_mut()
                .and_then(|phase| phase.tasks.get_mut(headed.task))
            {
                task.details = details.trim_end_matches(['-', '\n']).to_owned();
            }
        }
    }

    fn heading(&mut self, level: u8, range: &Range<usize>) {
        let line = self.lines.line(range.start);
        let source = heading::text(&self.text[range.clone()]);
        let first = range.start..self.lines.start(line + 1).min(range.end);
        self.in_verify = false;
        self.stack.clear();
        if let (Some((id, _)), true) = (heading::phase(source), level == self.phase_level) {
            self.close_headed(range.start);
            self.start_phase(id, &first, line);
            return;
        }
        if self.headed.is_some_and(|headed| level <= headed.level) {
            self.close_headed(range.start);
        }
        if self.section == Section::Phase && level > self.phase_level {
            self.heading_in_phase(level, range, &first, line);
            return;
        }
        self.close_headed(range.start);
        let folded = source.to_ascii_lowercase();
        self.section = if folded.starts_with("overview") {
            Section::Overview
        } else if upstream::is_upstream(source) {
            Section::Upstream
        } else {
            Section::Other
        };
        if level == 1 && self.document.title.is_empty() {
            let prefix = "implementation plan:";
            let bare = if folded.starts_with(prefix) {
                &source[prefix.len()..]
            } else {
                source
            };
            self.document.title = bare.trim().to_owned();
        }
    }

    fn heading_in_phase(&mut self, level: u8, range: &Range<usize>, first: &Range<usize>, line: usize) {
        let source = heading::text(&self.text[range.clone()]);
        if source.trim_start_matches('*').starts_with("VERIFY") {
            self.in_verify = true;
            let background = is_background(source);
            if let Some(phase) = self.phase() {
                phase.verify(line).background |= background;
            }
            return;
        }
        let number = self.phases.last().map(|phase| phase.id);
        let Some((id, _)) = heading::task(source).filter(|(id, _)| Some(id.phase) == number) else {
            return;
        };
        self.close_headed(range.start);
        let mut draft = self.task_line(first, line);
        draft.title =
            heading::task(heading::text(&draft.title)).map_or(String::new(), |(_, title)| title.to_owned());
        draft.id = Some(id);
        draft.headed = true;
        if let Some(task) = self.add_task(draft) {
            let from = range.end;
            self.headed = Some(Headed { task, level, from });
        }
    }

    fn start_phase(&mut self, id: PhaseId, first: &Range<usize>, line: usize) {
        let (source, masked) = (&self.text[first.clone()], &self.masked[first.clone()]);
        let mut cut = marks(masked, "[PARALLEL]");
        let mut draft = PhaseDraft::new(id, String::new(), line);
        draft.parallel = !cut.is_empty();
        let found = |key| bracketed(source, masked, key);
        let (depends, starts, beside) = (found("depends"), found("pipeline-start"), found("parallel-with"));
        for list in [&depends, &starts, &beside] {
            cut.extend(list.iter().map(|annotation| annotation.range.clone()));
        }
        let title = without(source, &mut cut);
        if let Some((_, title)) = heading::phase(heading::text(&title)) {
            draft.title = title.to_owned();
        }
        for value in depends.iter().map(|annotation| annotation.value) {
            self.phase_depends(&mut draft, value.unwrap_or_default());
        }
        for value in starts.iter().map(|annotation| annotation.value) {
            self.pipeline_start(&mut draft, value.unwrap_or_default(), line);
        }
        for value in beside.iter().filter_map(|annotation| annotation.value) {
            let numbers = value.split(|c: char| !c.is_ascii_digit());
            draft
                .parallel_with
                .extend(numbers.filter_map(|number| number.parse().ok().map(PhaseId)));
        }
        if let Some(first) = self.phase_lines.insert(id, line) {
            let message = format!("phase {id} stands here a second time: the first is on line {first}");
            self.fault(line, message, "give one of them another number".to_owned());
        }
        self.phases.push(draft);
        self.section = Section::Phase;
    }

    fn phase_depends(&mut self, draft: &mut PhaseDraft, value: &str) {
        let line = draft.line;
        match annotations::depends(value) {
            Ok(named) => {
                for named in named {
                    match named {
                        annotations::Named::Other(dependency) => draft.depends.push(dependency),
                        _ => {
                            let message = format!("phase {} names its own plan in `depends`", draft.id);
                            let hint = "phases go in order anyway; (pipeline-start: when 1.3 completes) starts one after a task";
                            self.fault(line, message, hint.to_owned());
                        }
                    }
                }
            }
            Err(word) => self.bad_reference(line, &word),
        }
    }

    fn bad_reference(&mut self, line: usize, word: &str) {
        let message = if word.is_empty() {
            "`(depends:` is not closed".to_owned()
        } else {
            format!("`{word}` in `depends` is neither a task nor a reference to another plan")
        };
        let hint = "write (depends: 1.1, 2.3), (depends: other-plan.phase2) or (depends: none)".to_owned();
        self.fault(line, message, hint);
    }

    fn pipeline_start(&mut self, draft: &mut PhaseDraft, value: &str, line: usize) {
        draft.pipeline_start = heading::pipeline_start(value);
        if draft.pipeline_start.is_none() {
            let message = format!("`{}` is not a pipeline start", value.trim());
            let hint = "write `when 1.3 completes` or `60% of Phase 1`".to_owned();
            self.fault(line, message, hint);
        }
    }

    /// A paragraph is read as runs of lines, each from one bold label to the next.
    fn paragraph(&mut self, range: Range<usize>) {
        let mut run = range.start..range.start;
        let mut at = range.start;
        for line in self.text[range.clone()].split_inclusive('\n') {
            if label(line).is_some() {
                self.labelled(run.start..at);
                run.start = at;
            }
            at += line.len();
        }
        self.labelled(run.start..range.end);
    }

    fn labelled(&mut self, range: Range<usize>) {
        let source = self.text[range.clone()].trim();
        let line = self.lines.line(range.start);
        let Some((name, rest)) = label(source) else {
            return;
        };
        if let (Some(rest), Section::Phase) = (verify(source), self.section) {
            self.in_verify = true;
            self.open_verify(rest, line);
            return;
        }
        self.in_verify = false;
        match (name.to_ascii_lowercase().as_str(), self.section) {
            ("execution note", _) => {
                let text = annotations::plain_dashes(&self.masked[range]);
                self.notes.push(Note { text, line });
            }
            ("goal", Section::Overview) if self.document.goal.is_none() => {
                self.document.goal = Some(one_line(rest));
            }
            ("priority", Section::Overview) if self.document.priority.is_none() => {
                let word = rest.split([' ', '(', ',', '-']).next().unwrap_or_default();
                self.document.priority = word.parse::<Priority>().ok();
            }
            ("objective", Section::Phase) => {
                let text = one_line(rest);
                if let Some(phase) = self.phase().filter(|phase| phase.objective.is_none()) {
                    phase.objective = Some(text);
                }
            }
            ("pipeline-start", Section::Phase) => {
                if let Some(mut draft) = self.phases.pop() {
                    self.pipeline_start(&mut draft, rest, line);
                    self.phases.push(draft);
                }
            }
            _ => {}
        }
    }

    fn open_verify(&mut self, rest: &str, line: usize) {
        if let Some(phase) = self.phase() {
            let block = phase.verify(line);
            block.background |= is_background(rest);
            let check = rest
                .replace("(non-blocking)", "")
                .replace("(background: true)", "");
            let check = one_line(&check);
            if !check.is_empty() {
                block.checks.push(check);
            }
        }
    }

    fn item(&mut self, item: &Item) {
        self.stack.truncate(item.depth);
        let parent = self.stack.last().copied().unwrap_or(Role::None);
        // A label on a line of its own right below an item ends the item, though Markdown joins the two.
        let cut = self.label_below(&item.head);
        let head = item.head.start..cut.unwrap_or(item.head.end);
        let role = match self.section {
            Section::Phase => self.item_in_phase(item, &head, cut, parent),
            Section::Overview | Section::Upstream | Section::Other => {
                let source = &self.text[head.clone()];
                let line = self.lines.line(head.start);
                if self.section == Section::Upstream && item.depth == 0 {
                    let name = upstream::name(source);
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

    /// Where an unindented label begins among the lines of an item's head.
    fn label_below(&self, head: &Range<usize>) -> Option<usize> {
        let source = &self.text[head.clone()];
        let mut at = head.start;
        for line in source.split_inclusive('\n') {
            if at > head.start && line.starts_with("**") && label(line).is_some() {
                return Some(at);
            }
            at += line.len();
        }
        None
    }

    fn item_in_phase(&mut self, item: &Item, head: &Range<usize>, cut: Option<usize>, parent: Role) -> Role {
        let source = &self.text[head.clone()];
        let line = self.lines.line(head.start);
        if let Some(rest) = verify(source) {
            self.open_verify(rest, line);
            return Role::Check;
        }
        let first = source.lines().next().unwrap_or_default();
        let (id, title) = split_id(first);
        let Some(ticked) = item.ticked else {
            return self.bullet(item, head, id, title, parent);
        };
        match (id, parent) {
            (Some(id), _) => self.numbered(id, item, head, cut, ticked),
            (None, Role::Task { task, sub }) => {
                self.sub_task(Role::Task { task, sub: None }, None, sub, title, ticked, line)
            }
            (None, Role::Loose { task, sub }) => {
                self.sub_task(Role::Loose { task, sub: None }, None, sub, title, ticked, line)
            }
            (None, Role::Check) => self.check(source, line),
            (None, Role::None) if self.in_verify => self.check(source, line),
            (None, Role::None) => match self.headed {
                Some(Headed { task, .. }) => {
                    self.sub_task(Role::Task { task, sub: None }, None, None, title, ticked, line)
                }
                None => self.loose(item, head, cut, ticked),
            },
        }
    }

    /// An item without a box: a check, a numbered part of a headed task, or a mere line.
    fn bullet(
        &mut self,
        item: &Item,
        head: &Range<usize>,
        id: Option<ItemId>,
        title: String,
        parent: Role,
    ) -> Role {
        let line = self.lines.line(head.start);
        if self.in_verify {
            return match (parent, item.depth) {
                (Role::None, 0) => self.check(&self.text[head.clone()], line),
                _ => parent,
            };
        }
        if label(&self.text[head.clone()]).is_some() {
            self.labelled(head.clone());
            return parent;
        }
        let headed = self.headed.and_then(|headed| {
            let task = self.phases.last()?.tasks.get(headed.task)?;
            Some((headed.task, task.id?))
        });
        match (headed, id) {
            (Some((task, own)), Some(id)) if id.task == own && id.sub.is_some() => {
                self.sub_task(Role::Task { task, sub: None }, id.sub, None, title, false, line)
            }
            _ => parent,
        }
    }

    fn check(&mut self, source: &str, line: usize) -> Role {
        let text = one_line(source);
        if let Some(phase) = self.phase() {
            phase.verify(line).checks.push(text);
        }
        Role::Check
    }

    fn numbered(
        &mut self,
        id: ItemId,
        item: &Item,
        head: &Range<usize>,
        cut: Option<usize>,
        ticked: bool,
    ) -> Role {
        let line = self.lines.line(head.start);
        let Some(number) = self.phase().map(|phase| phase.id) else {
            return Role::None;
        };
        if id.task.phase != number && self.in_verify {
            return self.check(&self.text[head.clone()], line);
        }
        if id.task.phase != number {
            let message = format!("task {id} stands in phase {number}");
            self.fault(
                line,
                message,
                format!("move it to phase {}, or give it another number", id.task.phase),
            );
            return Role::None;
        }
        if let Some(sub) = id.sub {
            let Some(phase) = self.phase() else {
                return Role::None;
            };
            let task = phase.task_of(id.task, line);
            let title = split_id(self.text[head.clone()].lines().next().unwrap_or_default()).1;
            return self.sub_task(
                Role::Task { task, sub: None },
                Some(sub),
                None,
                title,
                ticked,
                line,
            );
        }
        let mut draft = self.task_item(item, head, cut, ticked);
        draft.id = Some(id.task);
        draft.title = split_id(&draft.title).1;
        match self.add_task(draft) {
            Some(task) => Role::Task { task, sub: None },
            None => Role::None,
        }
    }

    fn loose(&mut self, item: &Item, head: &Range<usize>, cut: Option<usize>, ticked: bool) -> Role {
        let draft = self.task_item(item, head, cut, ticked);
        match self.phase() {
            Some(phase) => {
                phase.loose.push(draft);
                let task = phase.loose.len() - 1;
                Role::Loose { task, sub: None }
            }
            None => Role::None,
        }
    }

    fn sub_task(
        &mut self,
        owner: Role,
        sub: Option<String>,
        parent: Option<usize>,
        title: String,
        ticked: bool,
        line: usize,
    ) -> Role {
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
            sub,
            parent,
            title,
            ticked,
            line,
        });
        let sub = Some(draft.subs.len() - 1);
        match owner {
            Role::Task { task, .. } => Role::Task { task, sub },
            Role::Loose { task, .. } => Role::Loose { task, sub },
            Role::None | Role::Check => Role::None,
        }
    }

    fn task_item(&mut self, item: &Item, head: &Range<usize>, cut: Option<usize>, ticked: bool) -> TaskDraft {
        let line = self.lines.line(head.start);
        let mut draft = self.task_line(head, line);
        let below = self.lines.start(line + 1);
        let end = cut.unwrap_or(item.range.end);
        draft.details = dedent(self.text.get(below..end).unwrap_or_default());
        draft.ticked = ticked;
        draft
    }

    /// A task from its line: annotations are read and cut out of the title. `head` may go on below its first line.
    fn task_line(&mut self, head: &Range<usize>, line: usize) -> TaskDraft {
        let (source, masked) = (&self.text[head.clone()], &self.masked[head.clone()]);
        let depends = bracketed(source, masked, "depends");
        let mut cut = marks(masked, "[SEQUENTIAL]");
        let sequential = !cut.is_empty();
        cut.extend(depends.iter().map(|annotation| annotation.range.clone()));
        let first = source.find('\n').unwrap_or(source.len());
        cut.retain(|range| range.start < first);
        let mut draft = TaskDraft {
            title: without(&source[..first], &mut cut),
            sequential,
            line,
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

    /// Adds a numbered task to the phase; a second one of the same id is a fault, unless the first is only a heading.
    fn add_task(&mut self, draft: TaskDraft) -> Option<usize> {
        let phase = self.phases.last_mut()?;
        let id: TaskId = draft.id?;
        let line = draft.line;
        let at = phase.tasks.len();
        let first = phase.index.get(&id).and_then(|at| phase.tasks.get(*at));
        if let Some(first) = first.filter(|first| !first.headed || !first.subs.is_empty()) {
            let message = format!(
                "task {id} stands here a second time: the first is on line {}",
                first.line
            );
            self.fault(line, message, "give one of them another number".to_owned());
            return None;
        }
        phase.index.insert(id, at);
        phase.tasks.push(draft);
        Some(at)
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
