//! What goes with a worktree: the hook that is told before, and what was registered for it.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::agent::JobFolder;
use crate::journal::SCHEMA;
use crate::plan::Plan;

use super::perform::Hook;
use super::{Campaign, environment, perform, ports};

/// Longest duration of the hook `pre_remove`.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs the hook `pre_remove` in a worktree that is about to go. Gives what went wrong: that never keeps a worktree from
/// being removed.
pub fn before_removal(
    campaign: &Campaign,
    key: &str,
    plan: Option<(&Plan, u32)>,
    worktree: &Path,
) -> Option<String> {
    let line = campaign.set.hooks.pre_remove.as_deref()?;
    if !worktree.is_dir() {
        return None;
    }
    let variables = match plan {
        Some((plan, lane)) => environment::for_lane(campaign, plan, lane, worktree),
        None => environment::for_run(campaign),
    };
    let event = json!({
        "schema": SCHEMA,
        "event": "worktree.removing",
        "plan": plan.map(|(plan, _)| plan.name.as_str()),
        "data": {
            "lane": plan.map_or(0, |(_, lane)| lane),
            "path": worktree.to_string_lossy(),
            "branch": plan.map(|(plan, _)| plan.branch.as_str()),
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
    perform::hook(campaign, &call, variables).err()
}

/// Gives back what was registered for a worktree that is gone: its ports, and the log of its setup.
///
/// # Errors
///
/// When the register of ports cannot be written.
pub fn after_removal(campaign: &Campaign, key: &str) -> std::io::Result<()> {
    perform::forget(&JobFolder::new(campaign.dir.setup(key)));
    ports::release(&campaign.dir, key)
}
