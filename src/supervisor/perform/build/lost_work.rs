//! Finished work that would not land: work that is no longer on its plan's branch, or only in a merge that is left out.

use super::chain_end::ChainEnd;
use super::refusal::refused;
use crate::git::{self, BuildOutcome};
use crate::plan::{CommitId, Plan};
use crate::schedule::MergeTrouble;
use crate::supervisor::project::repository_plans::Project;

/// Refuses a plan whose branch has nothing that the target lacks only because its work is no longer on the branch: the plan must
/// not count as landed.
pub fn refuse_what_is_lost(
    project: &Project,
    plan: &Plan,
    made: &CommitId,
    onto: &CommitId,
) -> Result<(), MergeTrouble> {
    let found = git::candidate::landed_by(&project.repo, made, onto);
    match found.map_err(|error| refused(&error))? {
        Some(_) => Ok(()),
        None => Err(refused(&format!(
            "its branch `{branch}` no longer has the work with which the plan was finished ({}): \
             `git branch -f {branch} {made}` brings it back",
            made.short(),
            branch = plan.branch,
        ))),
    }
}

/// Refuses to land first phases whose end is no longer on the plan's branch.
pub fn refuse_part_that_is_lost(
    project: &Project,
    plan: &Plan,
    end: &CommitId,
    tip: Option<&CommitId>,
) -> Result<(), MergeTrouble> {
    let Some(tip) = tip else {
        return Ok(());
    };
    let there = project.repo.is_ancestor(end, tip);
    match there.map_err(|error| refused(&error))? {
        true => Ok(()),
        false => Err(refused(&format!(
            "its branch `{branch}` no longer has the commit with which these phases ended ({}): \
             `git branch -f {branch} {end}` brings it back",
            end.short(),
            branch = plan.branch,
        ))),
    }
}

/// Refuses a finished plan whose branch was deleted, and says how to restore the branch, if that is known.
pub fn branch_is_gone(project: &Project, plan: &Plan, made: Option<&CommitId>) -> MergeTrouble {
    let branch = &plan.branch;
    let there = |made: &&CommitId| project.repo.tree_of(made).is_ok();
    refused(&match (made, made.filter(there)) {
        (_, Some(made)) => format!(
            "its branch `{branch}` is gone, and its work with it ({}): `git branch {branch} {made}` brings it back",
            made.short()
        ),
        (Some(made), None) => format!(
            "its branch `{branch}` is gone, and git no longer has its last commit ({made}): bring it back \
             from another copy of the repository, or `orch cancel {}`",
            plan.name
        ),
        (None, None) => format!("its branch `{branch}` is gone: `git branch {branch} COMMIT` brings it back"),
    })
}

/// Refuses a plan whose commits were rebased without its merges, when those merges contain changes of their own: the result would
/// lack these changes.
pub fn refuse_what_only_merges_have(
    project: &Project,
    plan: &Plan,
    top: &ChainEnd,
    (since, head): (Option<&CommitId>, &CommitId),
    replayed: &BuildOutcome,
) -> Result<(), MergeTrouble> {
    let tree = match replayed {
        BuildOutcome::Candidate(candidate) => &candidate.tree,
        BuildOutcome::AlreadyContained => &top.tree,
        BuildOutcome::Conflict { .. } => return Ok(()),
    };
    let merges = git::repo::merges_between(&project.repo, since.into_iter().chain([&top.commit]), head);
    let merges = merges.map_err(|error| refused(&error))?;
    if merges.is_empty() {
        return Ok(());
    }
    let whole = top.builder.rehearse_since(&top.commit, since, head);
    match whole.map_err(|error| refused(&error))? {
        Some(whole) if whole != *tree => Err(refused(&format!(
            "`rebase` leaves merges out, and one of its branch has changes of its own ({}): make those in a commit that is no merge, or \
             write `merge_strategy = \"merge\"` for {}",
            merges.iter().map(CommitId::short).collect::<Vec<_>>().join(", "),
            plan.name
        ))),
        Some(_) | None => Ok(()),
    }
}
