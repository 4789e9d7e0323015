//! Removing a worktree: its hook runs before, its registrations are removed after.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::agent::JobFolder;
use crate::git::{ConflictError, conflict_key};
use crate::journal::SCHEMA;
use crate::plan::{Plan, PlanName};

use crate::supervisor::perform::command::hook::{self, Hook};
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::project::{environment, ports};

/// The longest duration of the hook `pre_remove`.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs the hook `pre_remove` in a worktree that is about to be removed: one of a plan's lanes, or one of `orch`'s own, in
/// which merges are built and verified. The hook gets the variables of the worktree's setup. Returns a failure as a text; a
/// failure never keeps a worktree from being removed.
pub fn before_removal(project: &Project, key: &str, plan: Option<&Plan>, worktree: &Path) -> Option<String> {
    let line = project.set.hooks.pre_remove.as_deref()?;
    if !worktree.is_dir() {
        return None;
    }
    let place = plan.and_then(|plan| Some((plan, lane_of(&plan.name, key)?)));
    let variables = match place {
        Some((plan, lane)) => environment::for_lane(project, plan, lane, worktree),
        None => environment::for_train(project, plan, key, worktree),
    };
    let event = json!({
        "schema": SCHEMA,
        "event": "worktree.removing",
        "plan": plan.map(|plan| plan.name.as_str()),
        "data": {
            "lane": place.map_or(0, |(_, lane)| lane),
            "path": worktree.to_string_lossy(),
            "branch": place.map(|(plan, _)| plan.branch.as_str()),
        },
    });
    let call = Hook {
        name: &format!("pre_remove-{key}"),
        key: "pre_remove",
        line,
        folder: worktree,
        event: &event,
        longest: LONGEST,
    };
    hook::hook(project, &call, variables).err()
}

/// The plan's lane to which a worktree belongs, 0 for the plan's own; `None` for one of `orch`'s own.
pub fn lane_of(plan: &PlanName, key: &str) -> Option<u32> {
    let rest = key.strip_prefix(plan.as_str())?;
    match rest.strip_prefix('@') {
        None => rest.is_empty().then_some(0),
        // No lane has number 0: a plan may have the name of one of `orch`'s own worktrees.
        Some(lane) => lane.parse().ok().filter(|lane| *lane > 0),
    }
}

/// Removes the worktree of a plan's conflict, after the hook. Returns the result, and warnings.
pub fn remove_conflict<T>(
    project: &Project,
    plan: &PlanName,
    remove: impl FnOnce(&dyn Fn(&Path)) -> Result<T, ConflictError>,
) -> (Result<T, ConflictError>, Vec<String>) {
    let (key, warnings) = (conflict_key(plan), RefCell::new(Vec::new()));
    let is_gone = Cell::new(false);
    let removed = remove(&|path| {
        is_gone.set(true);
        let why = before_removal(project, &key, project.plan(plan), path);
        warnings.borrow_mut().extend(why);
    });
    let mut warnings = warnings.into_inner();
    if removed.is_ok()
        && is_gone.get()
        && let Err(error) = after_removal(project, &key)
    {
        warnings.push(format!("the ports of {key} are not given back: {error}"));
    }
    (removed, warnings)
}

/// Frees the resources of a removed worktree: its ports, and the log of its setup.
///
/// # Errors
///
/// When the register of ports cannot be written.
pub fn after_removal(project: &Project, key: &str) -> std::io::Result<()> {
    hook::forget(&JobFolder::new(project.dir.setup(key)));
    ports::release(&project.dir, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_is_called_as_the_queues_worktree_does_not_own_it() {
        let lane = |plan: &str, key| lane_of(&plan.parse().unwrap(), key);
        assert_eq!(lane("train", "train@0"), None);
        assert_eq!(lane("train", "train@0.1"), None);
        assert_eq!(lane("train", "train@2"), Some(2));
        assert_eq!(lane("train", "train"), Some(0));
        assert_eq!(lane("a", "a@resolve"), None);
        assert_eq!(lane("a", "ab"), None);
    }
}
