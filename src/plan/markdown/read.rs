//! The walk over a document's outline.

use std::collections::BTreeMap;
use std::ops::Range;

use super::DocumentDiagnostic;
use super::annotations::{self, NamedDependency, bracketed, marks, without};
use super::draft::{ExecutionNote, PhaseDraft, TaskNumber};
use super::finish;
use super::nested::Nested;
use super::shape::item::{dedent, split_line};
use super::shape::label::{is_background, is_verify, label};
use super::shape::lines::LineCounter;
use super::shape::outline::{Block, Outline, outline};
use super::shape::{front_matter, heading, upstream};
use super::stated;
use super::walk::{Headed, Section, Walk};
use crate::plan::text::place::LineIndex;
use crate::plan::{Document, PhaseId, PipelineStart, Priority, one_line};

/// Parses a plan document. Every text gives a document. The list has the broken rules, in no particular order.
pub fn read_document(text: &str) -> (Document, Vec<DocumentDiagnostic>) {
    let body = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let front = body + front_matter::length(&text[body..]);
    let Outline { blocks, masked } = outline(text, front);
    let phase_level = phase_level(text, &blocks);
    let mut walk = Walk {
        text,
        masked,
        lines: LineCounter::new(text),
        document: Document {
            upstream: front_matter::dependencies(&text[body..front]),
            text: text.to_owned(),
            ..Document::default()
        },
        diagnostics: Vec::new(),
        phases: Vec::new(),
        phase_lines: BTreeMap::new(),
        notes: Vec::new(),
        nested: Nested::new(text, &blocks, phase_level),
        around: Vec::new(),
        level: phase_level,
        repeated: None,
        heading_line: 1,
        current: 0,
        phase_level,
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
            Block::Rule => walk.in_verify = false,
        }
    }
    walk.close_headed(text.len());
    let Walk {
        mut document,
        mut diagnostics,
        phases,
        notes,
        ..
    } = walk;
    document.phases = finish::finish(phases, &notes, &mut diagnostics);
    (document, placed(diagnostics, text))
}

/// The number of diagnostics that get a column. The others have only a line.
const PLACED: usize = 1000;

/// The diagnostics with the columns of the words that they are about.
fn placed(mut diagnostics: Vec<DocumentDiagnostic>, text: &str) -> Vec<DocumentDiagnostic> {
    if diagnostics.is_empty() {
        return diagnostics;
    }
    let index = LineIndex::new(text);
    for diagnostic in diagnostics.iter_mut().take(PLACED) {
        let (line, _) = split_line(&text[index.start(diagnostic.line)..]);
        diagnostic.place(line);
    }
    diagnostics
}

/// The heading level of phases: the highest level below the title that has a phase.
fn phase_level(text: &str, blocks: &[Block]) -> u8 {
    let mut found = None;
    for block in blocks {
        if let Block::Heading { level, range } = block
            && *level > 1
            && found.is_none_or(|found| *level < found)
            && heading::phase(heading::text(&text[range.clone()])).is_some()
        {
            found = Some(*level);
        }
    }
    found.unwrap_or(2)
}

impl Walk<'_> {
    /// Ends the section of a task heading. The text of the section becomes the task's details.
    fn close_headed(&mut self, end: usize) {
        if let Some(headed) = self.headed.take() {
            let mut details = dedent(self.text.get(headed.from..end).unwrap_or_default());
            if let Some(task) = self
                .phases
                .get_mut(self.current)
                .and_then(|phase| phase.tasks.get_mut(headed.task))
            {
                details.truncate(details.trim_end_matches(['-', '\n']).len());
                task.details = details;
            }
        }
    }

    fn heading(&mut self, level: u8, range: &Range<usize>) {
        let line = self.lines.line(range.start);
        let source = heading::text(&self.text[range.clone()]);
        let first = range.start..self.lines.below(range.start).min(range.end);
        self.in_verify = false;
        self.stack.clear();
        if let (Some((id, _)), true) = (heading::phase(source), level == self.phase_level) {
            self.close_headed(range.start);
            self.around.clear();
            self.level = level;
            self.start_phase(id, &first, line);
            return;
        }
        self.heading_line = line;
        if self.nested.phases.contains(&range.start)
            && let Some((id, _)) = heading::nested_phase(source)
            && self.phase().is_some_and(|phase| phase.id != id)
        {
            self.close_headed(range.start);
            self.go_below(level);
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
        let begins = |word: &str| {
            let start = source.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        self.section = if begins("overview") {
            Section::Overview
        } else if upstream::is_upstream(source) {
            Section::Upstream
        } else {
            Section::Other
        };
        if level == 1 && self.document.title.is_empty() {
            let prefix = "implementation plan:";
            let bare = if begins(prefix) {
                &source[prefix.len()..]
            } else {
                source
            };
            self.document.title = self.title(bare, range);
        }
    }

    /// The document's title. `bare` is its text in the heading, whose annotations are read and cut out.
    fn title(&mut self, bare: &str, heading: &Range<usize>) -> String {
        let masked = self.masked.part(heading);
        let source = &self.text[heading.clone()];
        let from = source.find(bare).unwrap_or(0);
        let expected = bracketed(bare, &masked[from..from + bare.len()], "expected");
        self.document.expected = stated::expected(self, &expected, heading.start + from);
        let mut cut: Vec<_> = expected.into_iter().map(|annotation| annotation.range).collect();
        without(bare, &mut cut).into_owned()
    }

    fn heading_in_phase(&mut self, level: u8, range: &Range<usize>, first: &Range<usize>, line: usize) {
        let source = heading::text(&self.text[range.clone()]);
        if let Some((id, _)) = heading::nested_phase(source) {
            self.repeated = Some(id).filter(|id| self.nested.numbers.contains(id));
        }
        if source.trim_start_matches('*').starts_with("VERIFY") {
            self.in_verify = true;
            let background = is_background(source);
            if let Some(phase) = self.phase() {
                phase.verify(line).background |= background;
            }
            return;
        }
        let Some((id, _)) = heading::task(source) else {
            return;
        };
        self.close_headed(range.start);
        let number = self.number(id.phase);
        if number == TaskNumber::Foreign {
            return;
        }
        let mut draft = self.task_line(first, line, |line| {
            heading::task(heading::text(&line)).map_or(String::new(), |(_, title)| title.to_owned())
        });
        draft.set_id(id, number);
        draft.headed = true;
        if let Some(task) = self.add_task(draft) {
            let from = range.end;
            self.headed = Some(Headed { task, level, from });
        }
    }

    fn start_phase(&mut self, id: PhaseId, first: &Range<usize>, line: usize) {
        let (source, masked) = (&self.text[first.clone()], self.masked.part(first));
        let mut cut = marks(&masked, "[PARALLEL]");
        let mut draft = PhaseDraft::new(id, String::new(), line);
        draft.parallel = !cut.is_empty();
        let found = |key| bracketed(source, &masked, key);
        let (depends, starts, beside) = (found("depends"), found("pipeline-start"), found("parallel-with"));
        let expected = found("expected");
        for list in [&depends, &starts, &beside, &expected] {
            cut.extend(list.iter().map(|annotation| annotation.range.clone()));
        }
        let title = without(source, &mut cut);
        if let Some((_, title)) = heading::nested_phase(heading::text(&title)) {
            title.clone_into(&mut draft.title);
        }
        draft.expected = stated::expected(self, &expected, first.start);
        for value in depends.iter().map(|annotation| annotation.value) {
            self.phase_depends(&mut draft, value.unwrap_or_default());
        }
        for value in starts.iter().map(|annotation| annotation.value) {
            draft.pipeline_start = self.pipeline_start(value.unwrap_or_default(), line);
        }
        for value in beside.iter().filter_map(|annotation| annotation.value) {
            let numbers = value.split(|c: char| !c.is_ascii_digit());
            draft
                .parallel_with
                .extend(numbers.filter_map(|number| number.parse().ok().map(PhaseId)));
        }
        if let Some(first) = self.phase_lines.insert(id, line) {
            let message = format!("phase {id} appears a second time: the first is on line {first}");
            self.diagnostic(
                line,
                "Phase",
                message,
                "give one of them another number".to_owned(),
            );
        }
        self.enter(draft);
    }

    fn phase_depends(&mut self, draft: &mut PhaseDraft, value: &str) {
        let line = draft.line;
        match annotations::depends(value) {
            Ok(named) => {
                draft.free = named.is_empty();
                for named in named {
                    match named {
                        NamedDependency::Other(dependency) => draft.depends.push(dependency),
                        NamedDependency::Task(_) | NamedDependency::Tasks(..) | NamedDependency::Phase(_) => {
                            let message = format!("phase {} names its own plan in `depends`", draft.id);
                            let hint = "phases go in order anyway; (pipeline-start: when 1.3 completes) starts one after a task";
                            self.diagnostic(line, "(", message, hint.to_owned());
                        }
                    }
                }
            }
            Err(word) => self.bad_reference(line, &word),
        }
    }

    pub(super) fn bad_reference(&mut self, line: usize, word: &str) {
        let message = if word.is_empty() {
            "`(depends:` is not closed".to_owned()
        } else {
            format!("`{word}` in `depends` is neither a task nor a reference to another plan")
        };
        let hint = "write (depends: 1.1, 2.3), (depends: other-plan.phase2) or (depends: none)".to_owned();
        self.diagnostic(line, if word.is_empty() { "(" } else { word }, message, hint);
    }

    fn pipeline_start(&mut self, value: &str, line: usize) -> Option<PipelineStart> {
        let start = heading::pipeline_start(value);
        if start.is_none() {
            let message = format!("`{}` is not a pipeline start", value.trim());
            let hint = "write `when 1.3 completes` or `60% of Phase 1`".to_owned();
            self.diagnostic(line, value.trim(), message, hint);
        }
        start
    }

    /// Reads a paragraph as runs of lines, each from one bold label to the next.
    pub(super) fn paragraph(&mut self, range: Range<usize>) {
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

    pub(super) fn labelled(&mut self, range: Range<usize>) {
        let source = self.text[range.clone()].trim();
        let Some((name, rest)) = label(source) else {
            return;
        };
        if is_verify(name) && self.section == Section::Phase {
            self.in_verify = true;
            self.open_verify(rest, range.start);
            return;
        }
        self.in_verify = false;
        let is = |word: &str| name.eq_ignore_ascii_case(word);
        if is("execution note") {
            let text = annotations::plain_dashes(&self.masked.part(&range));
            let line = self.lines.line(range.start);
            self.notes.push(ExecutionNote { text, line });
            return;
        }
        match self.section {
            Section::Overview if is("goal") && self.document.goal.is_none() => {
                self.document.goal = Some(one_line(rest));
            }
            Section::Overview if is("priority") && self.document.priority.is_none() => {
                let word = rest.split([' ', '(', ',', '-']).next().unwrap_or_default();
                self.document.priority = word.parse::<Priority>().ok();
            }
            Section::Phase if is("objective") => {
                if let Some(phase) = self.phase().filter(|phase| phase.objective.is_none()) {
                    phase.objective = Some(one_line(rest));
                }
            }
            Section::Phase if is("pipeline-start") => {
                let line = self.lines.line(range.start);
                let start = self.pipeline_start(rest, line);
                if let Some(phase) = self.phase() {
                    phase.pipeline_start = start;
                }
            }
            _ => {}
        }
    }

    pub(super) fn open_verify(&mut self, rest: &str, at: usize) {
        if let Some(block) = self.verify_block(at) {
            if rest.is_empty() {
                return;
            }
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
}
