//! Looking at what an attempt left.

use std::path::Path;

use crate::git::{LeftoverError, commit_leftovers, inspect};
use crate::plan::{AttemptId, CommitId, CommitPolicy, PlanName};
use crate::schedule::{Event, Evidence};

use super::super::Campaign;

/// Commits leftovers where the plan allows it, and counts what was made since the attempt began.
pub fn check(
    campaign: &Campaign,
    worktree: &Path,
    name: &PlanName,
    attempt: &AttemptId,
    since: Option<&CommitId>,
) -> Event {
    let evidence = look(campaign, worktree, name, attempt, since).unwrap_or_else(|trouble| Evidence {
        trouble: Some(trouble),
        ..Evidence::default()
    });
    Event::AttemptChecked {
        plan: name.clone(),
        attempt: attempt.clone(),
        evidence,
    }
}

fn look(
    campaign: &Campaign,
    worktree: &Path,
    name: &PlanName,
    attempt: &AttemptId,
    since: Option<&CommitId>,
) -> Result<Evidence, String> {
    let plan = campaign
        .plan(name)
        .ok_or("the plan is not in the manifest any more")?;
    let mut evidence = Evidence::default();
    let before = inspect(worktree).map_err(|error| error.to_string())?;
    let trailers = [("Orch-Plan", name.as_str()), ("Orch-Attempt", attempt.as_str())];
    match plan.commit {
        CommitPolicy::Auto if !before.dirty.is_empty() || before.in_progress.is_some() => {
            let message = format!("{name}: commit what attempt {attempt} left");
            match commit_leftovers(worktree, &plan.branch, &message, &trailers) {
                Ok(Some(_)) => {
                    evidence.leftovers_committed = u32::try_from(before.dirty.len()).unwrap_or(u32::MAX)
                }
                Ok(None) => {}
                Err(
                    error @ (LeftoverError::InProgress { .. } | LeftoverError::NestedRepositories { .. }),
                ) => {
                    evidence.trouble = Some(format!("the agent's work cannot be committed: {error}"));
                }
                Err(error) => evidence.trouble = Some(error.to_string()),
            }
        }
        CommitPolicy::Auto => {}
        CommitPolicy::Require => {
            evidence.leftovers = before
                .dirty
                .iter()
                .map(|path| path.to_string_lossy().into_owned())
                .collect();
        }
    }
    if before.branch.as_deref() != Some(plan.branch.as_str()) && evidence.trouble.is_none() {
        let on = before
            .branch
            .map_or("no branch".to_owned(), |branch| format!("the branch `{branch}`"));
        evidence.trouble = Some(format!(
            "the agent left its worktree on {on} instead of `{}`",
            plan.branch
        ));
    }
    let tip = campaign
        .repo
        .branch_tip(&plan.branch)
        .map_err(|error| error.to_string())?;
    if let (Some(tip), Some(since)) = (&tip, since)
        && let Ok(distance) = campaign.repo.ahead_behind(tip, since)
    {
        evidence.commits = u32::try_from(distance.ahead).unwrap_or(u32::MAX);
    }
    evidence.head = tip;
    Ok(evidence)
}
