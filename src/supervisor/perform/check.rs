//! Looking at what an attempt left.

use std::path::Path;

use crate::git::{
    InProgress, LeftoverError, WorktreeAdmin, again_if_killed, clear_dead_locks_of, commit_leftovers,
    head_of, stamp,
};
use crate::plan::{AttemptId, CommitId, CommitPolicy, PlanName};
use crate::schedule::{Event, Evidence, WorkPlace};

use super::super::Campaign;

/// Commits leftovers where the plan allows it, and counts what was made since the attempt began. A lane is taken off its
/// unit's branch when nothing uncommitted is in it.
pub fn check(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    worktree: &Path,
    name: &PlanName,
    attempt: &AttemptId,
    place: &WorkPlace,
    since: Option<&CommitId>,
) -> Event {
    let looked = again_if_killed(
        |looked: &Result<Evidence, String>| looked.as_ref().is_ok_and(|evidence| evidence.trouble.is_none()),
        || look(campaign, admin, worktree, name, attempt, place, since),
    );
    let evidence = looked.unwrap_or_else(|trouble| Evidence {
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
    admin: &WorktreeAdmin,
    worktree: &Path,
    name: &PlanName,
    attempt: &AttemptId,
    place: &WorkPlace,
    since: Option<&CommitId>,
) -> Result<Evidence, String> {
    let plan = campaign
        .plan(name)
        .ok_or("the plan is not in the manifest any more")?;
    let branch = match place.branch_of {
        Some(unit) => {
            super::unit::note_again(campaign, plan, unit)?;
            campaign.unit_branch(plan, unit)
        }
        None => plan.branch.clone(),
    };
    // Of a git that the agent ran and that was killed with it. One that somebody holds is named by what it keeps from working.
    let _ = clear_dead_locks_of(worktree, campaign.repo.common_dir());
    let mut evidence = Evidence::default();
    if !worktree.join(".git").exists() {
        evidence.trouble = Some(format!(
            "its worktree {} is gone: somebody has removed it while it worked there",
            worktree.display()
        ));
        evidence.lost = true;
        evidence.head = campaign
            .repo
            .branch_tip(&branch)
            .map_err(|error| error.to_string())?;
        return Ok(evidence);
    }
    let inspect = || campaign.repo.inspect(worktree).map_err(|error| error.to_string());
    let mut before = inspect()?;
    if let Some(operation) = before.in_progress {
        evidence.trouble = give_up(admin, worktree, name, &branch, operation);
        before = inspect()?;
    }
    let trailers = [("Orch-Plan", name.as_str()), ("Orch-Attempt", attempt.as_str())];
    match plan.commit {
        _ if evidence.trouble.is_some() => {}
        CommitPolicy::Auto if !before.dirty.is_empty() || before.in_progress.is_some() => {
            let message = format!("{name}: commit what attempt {attempt} left");
            match commit_leftovers(worktree, &branch, &message, &trailers) {
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
    // A check that was cut short may have left the unit's branch already.
    let was_left = place.branch_of.is_some()
        && before.dirty.is_empty()
        && before.branch.as_ref().is_none_or(|on| *on == plan.branch);
    if before.branch.as_deref() != Some(branch.as_str()) && !was_left && evidence.trouble.is_none() {
        let on = before
            .branch
            .as_ref()
            .map_or("no branch".to_owned(), |branch| format!("the branch `{branch}`"));
        evidence.trouble = Some(format!(
            "the agent left its worktree on {on} instead of `{}`",
            branch
        ));
    }
    if before.branch.is_none() && !was_left {
        // The next one may leave it for the branch, and what it stands on is then on nothing.
        let now = head_of(worktree).map_err(|error| error.to_string())?;
        let kept = campaign.repo.keep_loose(name.as_str(), &now);
        let kept = kept.map_err(|error| error.to_string())?;
        if let (Some(backup), Some(trouble)) = (kept, &mut evidence.trouble) {
            trouble.push_str(&format!("; its commits are kept as {}", backup.name));
        }
    }
    let tip = campaign
        .repo
        .branch_tip(&branch)
        .map_err(|error| error.to_string())?;
    if let (Some(tip), Some(since)) = (&tip, since)
        && let Ok(distance) = campaign.repo.ahead_behind(tip, since)
    {
        evidence.commits = u32::try_from(distance.ahead).unwrap_or(u32::MAX);
    }
    evidence.head = tip;
    if place.branch_of.is_some() && evidence.trouble.is_none() && evidence.leftovers.is_empty() {
        // What hinders is met again by whoever needs the lane next.
        let _ = super::unit::leave(admin, plan, place.lane);
    }
    Ok(evidence)
}

/// Ends what the agent has left open, so that the next one can work there; what a person should know of it, and none when
/// nothing had to be put away.
fn give_up(
    admin: &WorktreeAdmin,
    worktree: &Path,
    name: &PlanName,
    branch: &str,
    operation: InProgress,
) -> Option<String> {
    match admin.give_up(worktree, name.as_str(), branch, &stamp()) {
        Ok(given_up) => {
            let backups = given_up.map_or_else(Vec::new, |given_up| given_up.backups);
            let names: Vec<&str> = backups.iter().map(|backup| backup.name.as_str()).collect();
            (!names.is_empty()).then(|| {
                format!(
                    "the agent left a {operation} open in its worktree: it was given up, so `{branch}` is as it was before, and \
                     what was there is kept as {} (`orch backup list {name}`)",
                    names.join(", ")
                )
            })
        }
        Err(error) => Some(format!(
            "the agent left a {operation} open in its worktree: {error}"
        )),
    }
}
