//! Finished plans that a person has landed without orch.

use crate::plan::{CommitId, PlanName};
use crate::schedule::{Event, Found, Merge, Outcome, PlanRun, State};

use super::{Campaign, SupervisorError};

/// The facts `merge.found` for plans that are finished, not known to have landed, and on the target all the same.
///
/// Nothing is looked for while the target stands where orch knows it to stand. A branch without commits of its own is in
/// any target and proves nothing.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn landed_by_hand(campaign: &Campaign, state: &State) -> Result<Vec<Event>, SupervisorError> {
    let (target, repo) = (&campaign.target, &campaign.repo);
    let Some(tip) = repo.branch_tip(target)? else {
        return Ok(Vec::new());
    };
    let open: Vec<(&PlanName, &PlanRun)> = state.plans().filter(|(_, run)| may_be(run, target)).collect();
    if open.is_empty() || is_known(state, target, &tip) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (name, run) in open {
        let (Some(plan), Some(made)) = (campaign.plan(name), run.worktree()) else {
            continue;
        };
        let head = repo.branch_tip(&plan.branch)?.filter(|head| *head != made.base);
        let evidence = head
            .map(|head| repo.landed_by(&head, &tip))
            .transpose()?
            .flatten();
        found.extend(evidence.map(|evidence| {
            Event::MergeFound(Found {
                plan: name.clone(),
                target: target.clone(),
                commit: tip.clone(),
                evidence,
            })
        }));
    }
    Ok(found)
}

fn may_be(run: &PlanRun, target: &str) -> bool {
    run.outcome == Some(Outcome::Finished)
        && !run.landed.contains_key(target)
        && !matches!(run.merge, Merge::Running(_))
}

/// True when the target stands where the run began or where a plan has landed.
fn is_known(state: &State, target: &str, tip: &CommitId) -> bool {
    state.run.as_ref().is_some_and(|run| run.base == *tip)
        || state.plans().any(|(_, run)| {
            let part = run.landed_prefix.get(target).map(|part| &part.commit);
            run.landed.get(target) == Some(tip) || part == Some(tip)
        })
}
