//! Building candidates: plans merged onto the target, one on top of the other, off every checkout.

use std::collections::BTreeMap;

use crate::git::{Build, CandidateBuilder, LandRefusal};
use crate::plan::{CommitId, Plan, PlanName};
use crate::schedule::MergeTrouble;
use crate::schedule::train::{Trial, Tried};

use super::super::Campaign;
use super::conflict;
use super::yard::{Built, Chain, Ground, Link};

pub(super) type Landed = BTreeMap<PlanName, CommitId>;

/// The commits of a trial, or what came of it because there are none.
pub(super) fn chain(
    campaign: &Campaign,
    built: &mut Built,
    trial: &Trial,
    target: &str,
    landed: &Landed,
) -> Result<Chain, Tried> {
    let refused = |error: &dyn std::fmt::Display| Tried::Refused(error.to_string());
    let repo = &campaign.repo;
    if let Some(first) = trial.again {
        let known = built.trials.get(&first).cloned();
        return known.ok_or_else(|| refused(&"what was verified before is not known any more"));
    }
    repo.check_target(target).map_err(|error| refused(&error))?;
    // A dirty checkout refuses the landing anyway; better before an hour of verification than after it.
    for checkout in repo.checkouts_of(target).map_err(|error| refused(&error))? {
        if !checkout.dirty.is_empty() {
            let dirty = LandRefusal::Dirty {
                path: checkout.path,
                files: checkout.dirty,
            };
            return Err(refused(&dirty));
        }
    }
    let tip = repo.branch_tip(target).map_err(|error| refused(&error))?;
    let ground = built.grounds.entry(trial.ground).or_insert_with(|| Ground {
        commit: tip.clone().unwrap_or_else(|| campaign.base.clone()),
        tip: tip.clone(),
    });
    let ground = ground.clone();
    let moved_by_us = tip.as_ref().is_some_and(|tip| built.own.contains(tip));
    if ground.tip != tip && !moved_by_us {
        return Err(Tried::Moved);
    }
    let mut links: Vec<Link> = Vec::new();
    for name in &trial.stack {
        let onto = links.last().map_or(&ground.commit, |link| &link.commit).clone();
        let link = link(campaign, built, name, &onto, landed)?;
        links.push(link);
    }
    let top = links.last().map_or(&ground.commit, |link| &link.commit);
    let tree = repo.tree_of(top).map_err(|error| refused(&error))?;
    Ok(Chain { ground, links, tree })
}

fn link(
    campaign: &Campaign,
    built: &mut Built,
    name: &PlanName,
    onto: &CommitId,
    landed: &Landed,
) -> Result<Link, Tried> {
    let trouble = |why: MergeTrouble| match why {
        MergeTrouble::Refused { why } => Tried::Impossible(name.clone(), why),
        other => Tried::Conflict(name.clone(), other),
    };
    let plan = plan(campaign, name).map_err(trouble)?;
    let head = head(campaign, plan).map_err(trouble)?;
    let key = (onto.clone(), head.clone());
    let merged = match built.merges.get(&key) {
        Some(known) => known.clone(),
        None => {
            let merged = merge(campaign, plan, onto, &head, landed).map_err(trouble)?;
            built.merges.insert(key, merged.clone());
            merged
        }
    };
    let found = || campaign.repo.merge_of(&head, onto).ok().flatten();
    Ok(Link {
        plan: name.clone(),
        own: merged.clone().or_else(found).unwrap_or_else(|| onto.clone()),
        commit: merged.unwrap_or_else(|| onto.clone()),
    })
}

fn plan<'a>(campaign: &'a Campaign, name: &PlanName) -> Result<&'a Plan, MergeTrouble> {
    campaign
        .plan(name)
        .ok_or_else(|| refused(&"the plan is not in the manifest any more"))
}

fn refused(error: &dyn std::fmt::Display) -> MergeTrouble {
    MergeTrouble::Refused {
        why: error.to_string(),
    }
}

fn head(campaign: &Campaign, plan: &Plan) -> Result<CommitId, MergeTrouble> {
    campaign
        .repo
        .branch_tip(&plan.branch)
        .map_err(|error| refused(&error))?
        .ok_or_else(|| refused(&format!("the branch `{}` is gone", plan.branch)))
}

/// The merge's commit; none when the target has all of the plan already.
fn merge(
    campaign: &Campaign,
    plan: &Plan,
    onto: &CommitId,
    head: &CommitId,
    landed: &Landed,
) -> Result<Option<CommitId>, MergeTrouble> {
    let git = campaign.git().map_err(|error| refused(&error))?;
    let builder = CandidateBuilder::new(&campaign.repo, git);
    match builder
        .build(onto, head, &message(plan))
        .map_err(|error| refused(&error))?
    {
        // A person has landed it by other commits: one more would be empty.
        Build::Candidate(candidate) if adds_nothing(campaign, onto, head, &candidate.tree)? => Ok(None),
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

fn message(plan: &Plan) -> String {
    let title = if plan.document.title.is_empty() {
        String::new()
    } else {
        format!(": {}", plan.document.title)
    };
    format!("Merge plan {}{title}\n\nOrch-Plan: {}", plan.name, plan.name)
}

/// What merging the plan onto a target that stands at `onto` would give, without verifying or moving anything: the new
/// tip.
///
/// # Errors
///
/// Why it would not land.
pub fn rehearse(
    campaign: &Campaign,
    name: &PlanName,
    onto: &CommitId,
    landed: &Landed,
) -> Result<CommitId, MergeTrouble> {
    let plan = plan(campaign, name)?;
    let head = head(campaign, plan)?;
    Ok(merge(campaign, plan, onto, &head, landed)?.unwrap_or_else(|| onto.clone()))
}
