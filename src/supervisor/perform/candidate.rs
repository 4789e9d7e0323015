//! The commit that the target would move to: built from the object database, in the way that the plan's strategy says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::git::{Build, CandidateBuilder};
use crate::plan::{
    CommitId, MERGE_TEMPLATE, MergeContext, MergeStrategy, Plan, PlanName, render_merge_message,
};
use crate::schedule::MergeTrouble;

use super::super::Campaign;
use super::conflict;

/// Where a repository keeps its own template for messages, relative to the manifest's folder.
const OWN_TEMPLATE: &str = "templates/orch/merge.txt";

fn refused(error: &dyn std::fmt::Display) -> MergeTrouble {
    MergeTrouble::Refused {
        why: error.to_string(),
    }
}

/// The candidate's commit; none when the target has all of the plan already.
pub(super) fn build(
    campaign: &Campaign,
    plan: &Plan,
    target: &str,
    onto: &CommitId,
    landed: &BTreeMap<PlanName, CommitId>,
) -> Result<Option<CommitId>, MergeTrouble> {
    let head = campaign
        .repo
        .branch_tip(&plan.branch)
        .map_err(|error| refused(&error))?
        .ok_or_else(|| refused(&format!("the branch `{}` is gone", plan.branch)))?;
    let git = campaign.git().map_err(|error| refused(&error))?;
    let builder = CandidateBuilder::new(&campaign.repo, git);
    let built = match plan.merge_strategy {
        MergeStrategy::Merge => builder.build(onto, &head, &message(campaign, plan, target, "merge")?),
        MergeStrategy::Squash => {
            nobody_carries(campaign, plan, onto, &head, "squash")?;
            builder.squash(onto, &head, &message(campaign, plan, target, "squash")?)
        }
        MergeStrategy::Rebase => {
            nobody_carries(campaign, plan, onto, &head, "rebase")?;
            builder.rebase(onto, &head)
        }
    };
    match built.map_err(|error| refused(&error))? {
        // A person has landed it by other commits: one more would be empty.
        Build::Candidate(candidate) if adds_nothing(campaign, onto, &head, &candidate.tree)? => Ok(None),
        Build::Candidate(candidate) => Ok(Some(candidate.commit)),
        Build::AlreadyContained => Ok(None),
        Build::Conflict { files } => {
            let paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
            Err(MergeTrouble::Conflict {
                with: conflict::authors(&campaign.repo, landed, &paths),
                files: files
                    .iter()
                    .map(|file| format!("{} ({})", file.path.display(), file.kind))
                    .collect(),
            })
        }
    }
}

/// True when the branch changes something, and the target has just that already.
fn adds_nothing(
    campaign: &Campaign,
    onto: &CommitId,
    head: &CommitId,
    merged: &str,
) -> Result<bool, MergeTrouble> {
    let repo = &campaign.repo;
    let tree = |commit: &CommitId| repo.tree_of(commit).map_err(|error| refused(&error));
    if tree(onto)? != merged {
        return Ok(false);
    }
    let base = repo.merge_base(onto, head).map_err(|error| refused(&error))?;
    Ok(match base {
        Some(base) => tree(&base)? != tree(head)?,
        None => false,
    })
}

/// Refuses to land other commits than the plan's own while another plan's branch has some of those: the two would not know
/// each other any more, and what both hold would conflict with itself.
fn nobody_carries(
    campaign: &Campaign,
    plan: &Plan,
    onto: &CommitId,
    head: &CommitId,
    strategy: &str,
) -> Result<(), MergeTrouble> {
    let repo = &campaign.repo;
    for other in campaign.set.plans.iter().filter(|other| other.name != plan.name) {
        let Some(tip) = repo.branch_tip(&other.branch).map_err(|error| refused(&error))? else {
            continue;
        };
        let is_in =
            |one: &CommitId, other: &CommitId| repo.is_ancestor(one, other).map_err(|error| refused(&error));
        let shared = repo.merge_base(&tip, head).map_err(|error| refused(&error))?;
        let carries = match shared {
            Some(shared) => !is_in(&tip, onto)? && !is_in(&shared, onto)?,
            None => false,
        };
        // What this plan itself carries of another is that one's to land first.
        let its_own = plan
            .depends
            .iter()
            .any(|dependency| dependency.on.plan == other.name);
        if carries && !its_own {
            return Err(refused(&format!(
                "`{strategy}` would land other commits than its own, and the branch of plan {} has some of those: write \
                 `merge_strategy = \"merge\"` for {}, or `carry = false` for {} before it begins",
                other.name, plan.name, other.name
            )));
        }
    }
    Ok(())
}

/// The message of the commit with which a plan lands.
fn message(
    campaign: &Campaign,
    plan: &Plan,
    target: &str,
    strategy: &'static str,
) -> Result<String, MergeTrouble> {
    let folder = campaign.manifest.parent().unwrap_or(Path::new(""));
    let own = folder.join(OWN_TEMPLATE);
    let template = match fs::read_to_string(&own) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => MERGE_TEMPLATE.to_owned(),
        Err(error) => return Err(refused(&format!("cannot read {}: {error}", own.display()))),
    };
    render_merge_message(&template, &MergeContext::new(plan, target, strategy))
        .map_err(|error| refused(&format!("{}: {error}", own.display())))
}
