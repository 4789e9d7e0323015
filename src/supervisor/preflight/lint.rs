//! Lints: allowed settings that probably do not work. `orch check` shows the manifest's lints, `orch up` those of its plans,
//! `orch preview` those of the coming run too. Each lint is found in one place.
//!
//! `worktree_lints` finds what agents will miss, `plan_lints` what a run will meet. Lints of documents are in `plan/`.

use serde::{Serialize, Serializer};

use super::worktree_lints as worktrees;
use crate::graph::{Durations, Graph};
use crate::plan::{Lint, LintId, LintPlace, Plan, PlanName};

use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::situation::Situation;
use crate::words;

/// Files of an overlap that are named.
const FILES: usize = 3;

/// What `orch check` shows, by file and place.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn lints(project: &Project) -> Result<Vec<Lint>, SupervisorError> {
    let mut found: Vec<Lint> = worktrees::agents(project, &[]).collect();
    found.extend(worktrees::missing_in_worktrees(project, &[])?);
    found.extend(worktrees::unlisted_documents(project));
    found.extend(project.set.lints());
    found.sort();
    Ok(found)
}

/// What `orch up` shows before it drives these plans, all where none are named. A journal that cannot be read is a matter of the
/// run itself.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn lints_of_run(project: &Project, only: &[PlanName]) -> Result<Vec<Lint>, SupervisorError> {
    let situation = Situation::look(project).ok();
    let is_driven = |name: &PlanName| only.is_empty() || only.contains(name);
    let has_landed = |name: &PlanName| {
        let state = situation.as_ref().map(|situation| situation.scheduler.state());
        state.is_some_and(|state| state.is_landed(name))
    };
    let is_open = |plan: &Plan| is_driven(&plan.name) && !has_landed(&plan.name);
    let mut found = Vec::new();
    if let Some(situation) = &situation {
        found.extend(rewritten(situation, is_driven));
    }
    found.extend(project.set.warnings.iter().cloned());
    let open = project.set.plans.iter().filter(|plan| is_open(plan));
    found.extend(open.flat_map(|plan| project.set.lints_of(plan)));
    found.extend(project.set.unused_parallel_words(is_open));
    found.extend(worktrees::missing_in_worktrees(project, only)?);
    let plan = |number: usize| &project.set.plans[number];
    for overlap in Graph::new(&project.set, &Durations::default()).overlaps {
        let (one, other) = (plan(overlap.plans.0), plan(overlap.plans.1));
        if overlap.serialized.is_none() && !overlap.waits && is_open(one) && is_open(other) {
            found.push(self::overlap(&one.name, &other.name, &overlap.files));
        }
    }
    Ok(found)
}

/// Plans that have landed and have other tasks by now.
pub(super) fn rewritten(
    situation: &Situation,
    wanted: impl Fn(&PlanName) -> bool,
) -> impl Iterator<Item = Lint> {
    let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
    let plans = work.plans.iter().filter(move |plan| wanted(&plan.name));
    plans.filter_map(|plan| {
        let reason = words::rewritten(work, state, &plan.name)?;
        Some(Lint {
            hint: reason.remedy,
            ..Lint::of(LintId::Rewritten, &plan.name, reason.text)
        })
    })
}

/// Two plans that touch the same files and run side by side.
pub(super) fn overlap(one: &PlanName, other: &PlanName, files: &[String]) -> Lint {
    let named: Vec<&str> = files.iter().take(FILES).map(String::as_str).collect();
    let more = match files.len().saturating_sub(FILES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "both touch {}{more}, and run side by side: a conflict when they land",
        named.join(", ")
    );
    Lint::new(
        LintId::Overlap,
        LintPlace::Pair(one.clone(), other.clone()),
        message,
    )
    .hint("let one depend on the other, or set `overlap = \"serialize\"` on one of them")
}

/// A lint of `orch preview --json`.
#[derive(Serialize)]
struct Risk<'a> {
    id: LintId,
    what: &'a str,
    #[serde(rename = "where")]
    place: String,
    advice: &'a str,
}

/// Lints under the names that risks have in `orch preview --json`.
pub fn as_risks<S: Serializer>(lints: &[Lint], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(lints.iter().map(|lint| Risk {
        id: lint.id,
        what: &lint.message,
        place: lint.place.to_string(),
        advice: lint.hint.as_deref().unwrap_or_default(),
    }))
}
