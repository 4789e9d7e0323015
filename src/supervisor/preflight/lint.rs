//! Lints: valid settings that probably do not work. `orch check` shows the manifest's lints, `orch up` those of its plans, and
//! `orch preview` also those of the coming run. Each lint is implemented in one place.
//!
//! `worktree_lints` finds files that agents will miss, `plan_lints` finds problems that a run will meet. Lints of documents are
//! in `plan/`.

use serde::{Serialize, Serializer};

use super::shared_files::{SharedFiles, shared_files};
use super::worktree_lints as worktrees;
use crate::graph::{Durations, Graph};
use crate::plan::{Lint, LintId, Plan, PlanName};

use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::situation::Situation;
use crate::words;

/// The lints of `orch check` that need the repository, in any order.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn lints(project: &Project) -> Result<Vec<Lint>, SupervisorError> {
    let mut found: Vec<Lint> = worktrees::agents(project, &[]).collect();
    found.extend(worktrees::missing_in_worktrees(project, &[])?);
    found.extend(worktrees::unlisted_documents(project));
    Ok(found)
}

/// The lints that `orch up` shows before it drives these plans; all plans when none are named. An unreadable journal is reported
/// by the run itself.
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
    let graph = Graph::new(&project.set, &Durations::default());
    let shared = shared_files(&project.set, &graph, is_open);
    found.extend(shared.iter().filter_map(SharedFiles::lint));
    Ok(found)
}

/// Landed plans whose documents have other tasks by now.
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

/// A lint of `orch preview --json`.
#[derive(Serialize)]
struct Risk<'a> {
    id: LintId,
    what: &'a str,
    #[serde(rename = "where")]
    place: String,
    advice: &'a str,
}

/// Serialises lints under the names that risks have in `orch preview --json`.
pub fn as_risks<S: Serializer>(lints: &[Lint], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(lints.iter().map(|lint| Risk {
        id: lint.id,
        what: &lint.message,
        place: lint.place.to_string(),
        advice: lint.hint.as_deref().unwrap_or_default(),
    }))
}
