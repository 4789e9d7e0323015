//! Lints of plan documents: text that is allowed but probably means something else.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Dependency, Document, Lint, LintId, PhaseId, Plan, PlanName, PlanSet, markdown};
use crate::plan::set::arrangement::{Dispatch, Strategy};
use crate::plan::text::near_miss::near_miss;
use crate::plan::text::place::LineIndex;

impl PlanSet {
    /// All lints of the manifest and its documents.
    pub fn lints(&self) -> impl Iterator<Item = Lint> {
        let of_documents = self.plans.iter().flat_map(|plan| self.lints_of(plan));
        let all = self.warnings.iter().cloned().chain(of_documents);
        all.chain(self.unused_parallel_words(|_| true))
    }

    /// Lints of a document, sorted by position. A lint is no error, but it may point at work that would be lost silently. The
    /// lints that need only the document are computed once.
    pub fn lints_of(&self, plan: &Plan) -> Vec<Lint> {
        // A `prompt` in the manifest has no document.
        let Some(file) = &plan.file else {
            return Vec::new();
        };
        let doubts = markdown::doubts(&plan.document).iter().map(|doubt| {
            let message = doubt.message.clone();
            let lint = Lint::at(LintId::Document, file, doubt.line, doubt.column, message);
            Lint {
                hint: doubt.hint.clone(),
                ..lint
            }
        });
        let mut found: Vec<Lint> = doubts.collect();
        self.upstream(plan, file, &mut found);
        backwards(plan, file, &mut found);
        found.sort();
        found
    }

    /// Returns the same plans, but switches plans to task dispatch whose tasks depend on tasks of later phases. Returns none
    /// when there are no such plans under another dispatch.
    pub fn task_by_task(&self) -> Option<Self> {
        let is_meant = |plan: &Plan| {
            plan.arrangement.dispatch != Dispatch::Task && later(&plan.document).next().is_some()
        };
        if !self.plans.iter().any(is_meant) {
            return None;
        }
        let mut fine = self.clone();
        for plan in fine.plans.iter_mut().filter(|plan| is_meant(plan)) {
            plan.arrangement.dispatch = Dispatch::Task;
            if plan.arrangement.strategy == Strategy::Batched {
                // `Pipeline` keeps the order but makes no batches. The size of a batch would follow from the number of agents.
                plan.arrangement.strategy = Strategy::Pipeline;
            }
            for strategy in plan.arrangement.phases.values_mut() {
                if *strategy == Strategy::Batched {
                    *strategy = Strategy::Pipeline;
                }
            }
        }
        Some(fine)
    }

    /// Reports upstream names that match no plan, and upstream plans that the plan does not wait for.
    fn upstream(&self, plan: &Plan, file: &Path, found: &mut Vec<Lint>) {
        if plan.document.upstream.is_empty() {
            return;
        }
        let stem = |plan: &Plan| Some(plan.file.as_ref()?.file_stem()?.to_string_lossy().into_owned());
        let lines = LineIndex::new(&plan.document.text);
        for upstream in &plan.document.upstream {
            let name = &upstream.name;
            let by_stem = || self.plans.iter().rfind(|plan| stem(plan).as_ref() == Some(name));
            let by_name = self.plans.iter().find(|plan| plan.name.as_str() == name);
            if let Some(on) = by_name.or_else(by_stem) {
                let column = lines.column_of(upstream.line, name);
                found.extend(mutual_dependency(plan, on).map(|(message, hint)| {
                    Lint::at(LintId::Upstream, file, upstream.line, column, message).hint(hint)
                }));
                continue;
            }
            let line = lines.text_of(upstream.line);
            let stems: Vec<String> = self.plans.iter().filter_map(stem).collect();
            let names = self.plans.iter().map(|plan| plan.name.as_str());
            let known = names.chain(stems.iter().map(String::as_str));
            let others = known.filter(|known| *known != plan.name.as_str());
            let slip =
                near_miss(name, others).filter(|meant| strsim::damerau_levenshtein(name, meant) <= SLIP);
            if slip.is_none() && !is_awaited(line, name) {
                continue;
            }
            let message =
                format!("the document builds on `{name}`, which is no plan here: it adds no dependency");
            let hint = match slip {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write the name of a plan of the manifest, or say that it is completed".to_owned(),
            };
            let column = lines.column_of(upstream.line, name);
            found.push(Lint::at(LintId::Upstream, file, upstream.line, column, message).hint(hint));
        }
    }
}

/// Returns a message and a hint when a plan does not wait for one of its upstream plans before it begins, because the upstream
/// plan waits for a part of the plan in turn.
fn mutual_dependency(plan: &Plan, on: &Plan) -> Option<(String, String)> {
    let is_on = |dependency: &Dependency| dependency.on.plan == on.name;
    if plan.name == on.name || plan.depends.iter().any(is_on) {
        return None;
    }
    let phases = plan.document.phases.iter().map(|phase| phase.id);
    let phases = phases.filter(|id| plan.phase_waits(*id).iter().any(is_on));
    let phases: Vec<String> = phases.map(|id| id.to_string()).collect();
    let who = match phases.as_slice() {
        [one] => format!("only phase {one} waits"),
        many => format!("only phases {} wait", many.join(", ")),
    };
    let (on, plan) = (&on.name, &plan.name);
    let message =
        format!("the document builds on `{on}`, which waits for a part of `{plan}` in turn: {who} for it");
    let hint = format!(
        "say in [plans.{plan}] what all of it waits for: depends = [\"{on}.phaseN\"]; or take `{on}` off the list"
    );
    Some((message, hint))
}

/// The largest number of edits that still counts as a typo of another name. Plan names resemble each other on purpose: `api-1`,
/// `api-2`.
const SLIP: usize = 2;

/// True when a line of an upstream list names a plan document that is not done yet. Such lists also name programs, commands,
/// standards and work that was done long ago.
fn is_awaited(line: &str, name: &str) -> bool {
    let words = line.to_lowercase();
    let over = [
        "completed",
        "done",
        "landed",
        "merged",
        "implemented",
        "finished",
        "✅",
        "[x]",
    ];
    line.contains(&format!("{name}.md"))
        && name.parse::<PlanName>().is_ok()
        && !over.iter().any(|word| words.contains(word))
}

/// Reports dependencies on tasks of later phases in a plan that works through its phases in order.
fn backwards(plan: &Plan, file: &Path, found: &mut Vec<Lint>) {
    if plan.arrangement.dispatch == Dispatch::Task {
        return;
    }
    let lines = LineIndex::new(&plan.document.text);
    for (task, on) in later(&plan.document) {
        let message = format!(
            "task {} depends on {on} in a later phase, and phases are worked on in their order: {on} comes afterwards",
            task.id
        );
        let column = lines.column_of(task.line, &on.to_string());
        let lint = Lint::at(LintId::Backwards, file, task.line, column, message);
        found.push(lint.hint("move one of them, or set `dispatch = \"task\"` for the plan"));
    }
}

/// Tasks that depend on a task of a later phase, each with that later task.
fn later(document: &Document) -> impl Iterator<Item = (&super::Task, super::TaskId)> {
    let places: BTreeMap<PhaseId, usize> = document
        .phases
        .iter()
        .enumerate()
        .map(|(place, phase)| (phase.id, place))
        .collect();
    let tasks = document.phases.iter().enumerate();
    let tasks = tasks.flat_map(|(place, phase)| phase.tasks.iter().map(move |task| (place, task)));
    tasks.flat_map(move |(place, task)| {
        let named = task.depends.iter().flatten();
        let is_later = |on: &&super::TaskId| places.get(&on.phase).is_some_and(|other| *other > place);
        named.filter(is_later).map(|on| (task, *on)).collect::<Vec<_>>()
    })
}
