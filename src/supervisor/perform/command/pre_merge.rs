//! The hook `pre_merge`: a shell line that can refuse a merge.

use std::time::Duration;

use serde_json::json;

use crate::journal::SCHEMA;
use crate::plan::{CommitId, Plan};

use super::hook::{Hook, hook};
use crate::supervisor::project::environment;
use crate::supervisor::project::repository_plans::Project;

/// The longest duration of the hook.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Asks the hook whether the target may move from `before` to the verified `commit`. The hook runs in the repository's top
/// folder; the candidate need not be checked out anywhere.
///
/// # Errors
///
/// Why the target may not move, with the end of the hook's output.
pub fn pre_merge(
    project: &Project,
    plan: &Plan,
    target: &str,
    before: Option<&CommitId>,
    commit: &CommitId,
) -> Result<(), String> {
    let Some(line) = project.set.hooks.pre_merge.as_deref() else {
        return Ok(());
    };
    let worktree = project.worktree_path(plan.name.as_str());
    let mut variables = environment::for_plan(project, plan, &worktree);
    variables
        .set("ORCH_TARGET", target)
        .set("ORCH_BEFORE", before.map(ToString::to_string).unwrap_or_default())
        .set("ORCH_COMMIT", commit.as_str());
    let event = json!({
        "schema": SCHEMA,
        "event": "merge.landing",
        "plan": plan.name.as_str(),
        "data": { "target": target, "before": before, "commit": commit, "branch": plan.branch },
    });
    let call = Hook {
        name: &format!("pre_merge-{}", plan.name),
        key: "pre_merge",
        line,
        folder: project.repo.top(),
        event: &event,
        longest: LONGEST,
    };
    hook(project, &call, variables)
}
