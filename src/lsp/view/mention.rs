//! Every range that names a plan, a phase, a task, an agent, a resource or a document.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::editor_view::EditorView;
use crate::lsp::text::text_index::TextIndex;
use crate::plan::manifest::{Located, RawPhase};
use crate::plan::{Dependency, Document, ItemId, PhaseId, Place, PlanName, Point, TaskId};

/// The named thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A plan.
    Plan(PlanName),
    /// A phase; the range covers only its number.
    Phase(PlanName, PhaseId),
    /// A task; the range covers its whole id.
    Task(PlanName, TaskId),
    /// An agent.
    Agent(String),
    /// A resource.
    Resource(String),
    /// The document of a plan.
    Document(PlanName),
}

/// One mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// The named thing.
    pub meaning: Meaning,
    /// True where it is defined.
    pub defines: bool,
}

/// All mentions in one file, in no particular order.
pub fn mentions_in(view: &EditorView, path: &Path) -> Vec<Mention> {
    if path == view.manifest {
        return of_manifest(view);
    }
    let names: BTreeSet<&str> = view.plan_names().collect();
    let of = view.document_at(path);
    of.map_or_else(Vec::new, |(plan, document)| of_document(plan, document, &names))
}

/// All mentions in all files.
pub fn all_mentions(view: &EditorView) -> Vec<(PathBuf, Mention)> {
    let names: BTreeSet<&str> = view.plan_names().collect();
    let manifest = of_manifest(view)
        .into_iter()
        .map(|found| (view.manifest.clone(), found));
    let documents = view.documents.iter().filter_map(|(plan, viewed)| {
        let document = viewed.document.as_deref()?;
        let found = of_document(plan, document, &names).into_iter();
        Some(found.map(|found| (viewed.path.clone(), found)))
    });
    manifest.chain(documents.flatten()).collect()
}

/// The most specific mention at a byte: a task rather than its phase, a phase rather than its plan.
pub fn at(mentions: &[Mention], offset: usize) -> Option<&Mention> {
    let here = mentions
        .iter()
        .filter(|found| found.range.start <= offset && offset <= found.range.end);
    here.max_by_key(|found| match found.meaning {
        Meaning::Task(..) => 2,
        Meaning::Phase(..) => 1,
        Meaning::Plan(_) | Meaning::Agent(_) | Meaning::Resource(_) | Meaning::Document(_) => 0,
    })
}

/// The parts of a reference such as `auth.phase2@landed` that begins at `start`.
pub fn parts(token: &str, start: usize) -> Vec<(Range<usize>, Meaning)> {
    let Ok(Dependency { on, .. }) = token.parse::<Dependency>() else {
        return Vec::new();
    };
    let plan_end = start + on.plan.as_str().len();
    let mut found = vec![(start..plan_end, Meaning::Plan(on.plan.clone()))];
    let point = token.get(on.plan.as_str().len() + 1..).unwrap_or_default();
    let word = point.len() - point.strip_prefix("phase").unwrap_or(point).len();
    let at = plan_end + 1 + word;
    match on.point {
        Point::Plan => {}
        Point::Phase(phase) => found.push((at..at + digits(phase), Meaning::Phase(on.plan, phase))),
        Point::Task(task) => found.extend(of_task(&on.plan, task, at)),
    }
    found
}

fn digits(phase: PhaseId) -> usize {
    phase.to_string().len()
}

/// A task's id and the phase in it.
fn of_task(plan: &PlanName, task: TaskId, at: usize) -> [(Range<usize>, Meaning); 2] {
    [
        (
            at..at + digits(task.phase),
            Meaning::Phase(plan.clone(), task.phase),
        ),
        (at..at + task.to_string().len(), Meaning::Task(plan.clone(), task)),
    ]
}

/// Collects the mentions of one file.
struct Gathering<'t> {
    index: TextIndex<'t>,
    found: Vec<Mention>,
}

impl Gathering<'_> {
    fn add(&mut self, range: Range<usize>, meaning: Meaning, defines: bool) {
        self.found.push(Mention {
            range,
            meaning,
            defines,
        });
    }

    /// The start of the text of a value or key, after a quote.
    fn inside(&self, place: Place) -> usize {
        let at = self.index.at(place.line, place.column);
        at + usize::from(self.index.text[at..].starts_with(['"', '\'']))
    }

    fn word(&mut self, place: Place, word: &str, meaning: Meaning, defines: bool) {
        let start = self.inside(place);
        if self.index.text[start..].starts_with(word) {
            self.add(start..start + word.len(), meaning, defines);
        }
    }

    fn reference(&mut self, place: Place) {
        let start = self.inside(place);
        let rest = &self.index.text[start..];
        let token = rest.split(['"', '\'', '\n']).next().unwrap_or_default();
        for (range, meaning) in parts(token, start) {
            self.add(range, meaning, false);
        }
    }

    fn references(&mut self, list: Option<&Located<Vec<Located<Dependency>>>>) {
        for item in list.into_iter().flat_map(|list| &list.value) {
            self.reference(item.place);
        }
    }

    fn phase(&mut self, phase: &RawPhase) {
        self.references(phase.depends.as_ref());
        for resource in phase.uses.iter().flat_map(|list| &list.value) {
            let name = resource.value.as_str();
            self.word(resource.place, name, Meaning::Resource(name.to_owned()), false);
        }
        if let Some(agent) = &phase.agent {
            let name = agent.value.as_str();
            self.word(agent.place, name, Meaning::Agent(name.to_owned()), false);
        }
    }
}

fn of_manifest(view: &EditorView) -> Vec<Mention> {
    let Some(parsed) = &view.parsed else {
        return Vec::new();
    };
    // Positions do not count a byte order mark.
    let mark = view.text.len() - view.text.trim_start_matches('\u{feff}').len();
    let mut all = Gathering {
        index: TextIndex::new(&view.text[mark..]),
        found: Vec::new(),
    };
    let manifest = &parsed.manifest;
    for (key, plan) in manifest.plans.iter().flat_map(|plans| &plans.value.entries) {
        let Ok(name) = key.value.parse::<PlanName>() else {
            continue;
        };
        all.word(key.place, name.as_str(), Meaning::Plan(name.clone()), true);
        let plan = &plan.value;
        if let Some(file) = &plan.file {
            let shown = file.value.to_string_lossy();
            all.word(file.place, &shown, Meaning::Document(name.clone()), false);
        }
        all.references(plan.depends.as_ref());
        if let Some(agent) = &plan.agent {
            let agent_name = agent.value.as_str();
            all.word(
                agent.place,
                agent_name,
                Meaning::Agent(agent_name.to_owned()),
                false,
            );
        }
        for (key, phase) in plan.phases.iter().flat_map(|phases| &phases.value.entries) {
            if let Ok(id) = key.value.parse() {
                all.word(
                    key.place,
                    &key.value,
                    Meaning::Phase(name.clone(), PhaseId(id)),
                    false,
                );
            }
            all.phase(&phase.value);
        }
    }
    for (_, sync) in manifest.sync.iter().flat_map(|syncs| &syncs.value.entries) {
        all.references(sync.value.points.as_ref());
    }
    let run = manifest.run.as_ref().and_then(|run| run.value.agent.as_ref());
    let merge = manifest
        .merge
        .as_ref()
        .and_then(|merge| merge.value.resolver.as_ref());
    for agent in run.into_iter().chain(merge) {
        let name = agent.value.as_str();
        all.word(agent.place, name, Meaning::Agent(name.to_owned()), false);
    }
    for (key, _) in manifest.agents.iter().flat_map(|agents| &agents.value.entries) {
        all.word(key.place, &key.value, Meaning::Agent(key.value.clone()), true);
    }
    for (key, _) in manifest.resources.iter().flat_map(|all| &all.value.entries) {
        all.word(key.place, &key.value, Meaning::Resource(key.value.clone()), true);
    }
    headers(&mut all);
    let mut found = all.found;
    for mention in &mut found {
        mention.range = mention.range.start + mark..mention.range.end + mark;
    }
    found
}

/// The headers of inner tables name the plan, too: `[plans.auth.phases.2]`.
fn headers(all: &mut Gathering<'_>) {
    let known: BTreeSet<usize> = all.found.iter().map(|found| found.range.start).collect();
    for line in 0..all.index.lines() {
        let range = all.index.line(line);
        let text = &all.index.text[range.clone()];
        let bare = text.trim_start();
        let Some(name) = bare.strip_prefix("[plans.") else {
            continue;
        };
        let start = range.end - name.len();
        let name = name.split(['.', ']', ' ']).next().unwrap_or_default();
        if let (false, Ok(plan)) = (known.contains(&start), name.parse()) {
            all.add(start..start + name.len(), Meaning::Plan(plan), false);
        }
    }
}

/// The prefixes of a document's annotations. Their references extend to the closing bracket, or to the line's end.
const ANNOTATIONS: &[&str] = &[
    "(depends",
    "(pipeline-start",
    "(parallel-with",
    "**pipeline-start",
    "**execution note",
    "[sequential:",
];

fn of_document(plan: &PlanName, document: &Document, names: &BTreeSet<&str>) -> Vec<Mention> {
    let mut all = Gathering {
        index: TextIndex::new(&document.text),
        found: Vec::new(),
    };
    let line_at = |all: &Gathering<'_>, line: usize| all.index.line(line.saturating_sub(1));
    for phase in &document.phases {
        let mut number = |line: usize, defines: bool| {
            let range = line_at(&all, line);
            let text = all.index.text[range.clone()].to_ascii_lowercase();
            if let Some(at) = text.find("phase ") {
                let rest = &text[at + 6..];
                let start = range.start + at + 6 + rest.len() - rest.trim_start().len();
                let id = phase.id.to_string();
                if all.index.text[start..].starts_with(&id) {
                    all.add(
                        start..start + id.len(),
                        Meaning::Phase(plan.clone(), phase.id),
                        defines,
                    );
                }
            }
        };
        number(phase.line, true);
        if let Some(block) = &phase.verify {
            number(block.line, false);
        }
        let numbered = phase.verify.iter().flat_map(|block| &block.numbered);
        let parts = numbered.chain(phase.tasks.iter().flat_map(|task| &task.subtasks));
        let parts = parts.map(|part| (part.id.task, part.line, false));
        for (task, line, defines) in phase
            .tasks
            .iter()
            .map(|task| (task.id, task.line, true))
            .chain(parts)
        {
            let range = line_at(&all, line);
            let text = &all.index.text[range.clone()];
            // An id follows the box or the marks of a heading.
            let marks = |c: char| !c.is_alphanumeric() || c == 'x' || c == 'X';
            let bare = text.trim_start_matches(marks);
            let lower = bare.to_ascii_lowercase();
            let bare = if lower.starts_with("task ") {
                bare[5..].trim_start()
            } else {
                bare
            };
            if bare.starts_with(&task.to_string()) {
                for (range, meaning) in of_task(plan, task, range.end - bare.len()) {
                    let is_task = matches!(meaning, Meaning::Task(..));
                    all.add(range, meaning, defines && is_task);
                }
            }
        }
    }
    for upstream in &document.upstream {
        let range = line_at(&all, upstream.line);
        if let (true, Some(at)) = (
            names.contains(upstream.name.as_str()),
            all.index.text[range.clone()].find(&upstream.name),
        ) && let Ok(name) = upstream.name.parse()
        {
            let start = range.start + at;
            all.add(start..start + upstream.name.len(), Meaning::Plan(name), false);
        }
    }
    annotations(&mut all, plan, names);
    all.found
}

fn annotations(all: &mut Gathering<'_>, plan: &PlanName, names: &BTreeSet<&str>) {
    let mut in_code = false;
    for line in 0..all.index.lines() {
        let range = all.index.line(line);
        let text = &all.index.text[range.clone()];
        let bare = text.trim_start();
        if bare.starts_with("```") || bare.starts_with("~~~") {
            in_code = !in_code;
        }
        if in_code || !(text.contains('(') || text.contains("**") || text.contains('[')) {
            continue;
        }
        let lower = text.to_ascii_lowercase();
        for opening in ANNOTATIONS {
            for (at, _) in lower.match_indices(opening) {
                let rest = &text[at + opening.len()..];
                let end = match opening.starts_with('(') {
                    true => rest.find(')').unwrap_or(rest.len()),
                    false => rest.len(),
                };
                let start = range.start + at + opening.len();
                words(all, start..start + end, plan, names);
            }
        }
    }
}

/// The references among the words of an annotation.
fn words(all: &mut Gathering<'_>, range: Range<usize>, plan: &PlanName, names: &BTreeSet<&str>) {
    let text = all.index.text;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@' | '-');
    let mut at = range.start;
    let mut behind_phase = false;
    while at < range.end {
        let rest = &text[at..range.end];
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let word = rest[..length].trim_end_matches(['.', '-']);
        let lower = word.to_ascii_lowercase();
        let owner = word.split('.').next().unwrap_or_default();
        if word.starts_with(|c: char| c.is_ascii_digit()) && !names.contains(owner) {
            let mut start = at;
            for piece in word.split('-') {
                if let (true, Ok(id)) = (behind_phase, piece.parse()) {
                    all.add(
                        start..start + piece.len(),
                        Meaning::Phase(plan.clone(), PhaseId(id)),
                        false,
                    );
                } else if let Ok(item) = piece.parse::<ItemId>() {
                    for (range, meaning) in of_task(plan, item.task, start) {
                        all.add(range, meaning, false);
                    }
                }
                start += piece.len() + 1;
            }
        } else if names.contains(owner) {
            for (range, meaning) in parts(word, at) {
                all.add(range, meaning, false);
            }
        }
        if !word.is_empty() {
            behind_phase = matches!(lower.as_str(), "phase" | "phases");
        }
        at += length.max(1);
        while at < range.end && !text.is_char_boundary(at) {
            at += 1;
        }
    }
}
