//! Building candidates: plans merged onto the target, one on top of the other, off every checkout.

use std::collections::BTreeSet;

use crate::git::{self, BuildOutcome};
use crate::plan::{CommitId, MergeStrategy, Plan, PlanName};
use crate::schedule::train::{Build, Tried};
use crate::schedule::{ConflictSides, MergeTrouble, Prefix};
use crate::words::because;

use super::chain_end::ChainEnd;
use super::conflict;
use super::known::KnownPlans;
use super::lost_work::{
    branch_is_gone, refuse_part_that_is_lost, refuse_what_is_lost, refuse_what_only_merges_have,
};
use super::merged_by_others::nobody_has_merged;
use super::other_rules::refuse_other_rules;
use super::others_work::refuse_foreign_work;
use super::refusal::refused;
use super::repair;
use super::repair::ConflictingMerge;
use super::target_lost::lost;
use super::wording::message;
use crate::supervisor::perform::tree::candidate_pool::{Built, Chain, Link, TargetTip};
use crate::supervisor::project::repository_plans::Project;

/// Why a build has no commits.
pub enum Halt {
    /// The build has this result.
    Tried(Tried),
    /// A plan conflicts, and nobody has tried yet to resolve the conflict.
    Clash(Box<ConflictingMerge>),
}

/// Why a plan is not merged.
enum Unmerged {
    Trouble(MergeTrouble),
    Clash(Box<ConflictingMerge>),
}

impl From<MergeTrouble> for Unmerged {
    fn from(trouble: MergeTrouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// Builds the commits, or returns the reason why there are none.
pub fn chain(
    project: &Project,
    built: &mut Built,
    build: &Build,
    target: &str,
    known: &KnownPlans,
) -> Result<Chain, Halt> {
    let refused = |error: &dyn std::fmt::Display| Halt::Tried(Tried::Refused(error.to_string()));
    let repo = &project.repo;
    if let Some(first) = build.again {
        let known = built.builds.get(&first).cloned();
        return known.ok_or_else(|| refused(&"what was verified before is no longer known"));
    }
    git::landing::check_target(repo, target).map_err(|error| refused(&error))?;
    refuse_other_rules().map_err(|why| refused(&why))?;
    let tip = repo.branch_tip(target).map_err(|error| refused(&error))?;
    if let Some(why) = lost(project, built, target, tip.as_ref(), known).map_err(|error| refused(&error))? {
        return Err(Halt::Tried(Tried::Refused(why)));
    }
    let target_tip = built
        .target_tips
        .entry(build.target_tip)
        .or_insert_with(|| TargetTip {
            target: target.to_owned(),
            commit: tip.clone().unwrap_or_else(|| project.base.clone()),
            tip: tip.clone(),
        });
    let target_tip = target_tip.clone();
    let moved_by_us = tip.as_ref().is_some_and(|tip| built.own.contains(tip));
    if target_tip.tip != tip && !moved_by_us {
        return Err(Halt::Tried(Tried::Moved));
    }
    let git = project.git().map_err(|error| refused(&error))?;
    let mut top = ChainEnd::at(repo, git, &target_tip.commit).map_err(|error| refused(&error))?;
    let coming = coming(project, built, build, known);
    top.builder
        .expect(&top.commit, &coming)
        .map_err(|error| refused(&error))?;
    let plans = build.batch.iter();
    let links: Result<Vec<Link>, Halt> = plans
        .map(|name| link(project, built, name, &mut top, target, known))
        .collect();
    // Saved even when a plan on top does not merge: later builds can reuse the commits below it.
    top.save().map_err(|error| refused(&error))?;
    git::refs::hold_candidate(repo, build.id, &top.commit).map_err(|error| refused(&error))?;
    let (links, tree) = (links?, top.tree);
    // Checkouts are at the target's current tip. The check is skipped when the train has moved the target since the chain's start.
    let shown = tip.is_some() && target_tip.tip == tip;
    let follows = |link: &Link| follows(project, target, &target_tip.commit, &link.commit);
    // One look at the end of the chain is enough, unless it has to be found out which plan meets the obstacle.
    if shown && links.last().is_some_and(|last| follows(last).is_err()) {
        for link in &links {
            follows(link).map_err(|why| {
                Halt::Tried(match why {
                    MergeTrouble::Obstacle { why } => Tried::InTheWay(link.plan.clone(), why),
                    other => Tried::Conflict(link.plan.clone(), other),
                })
            })?;
        }
    }
    Ok(Chain {
        target_tip,
        links,
        tree,
    })
}

/// Refuses commits that a checkout of the target could not follow because of its contents: better before an hour of verification
/// than after it. The landing checks again for everything that cannot be found out now.
fn follows(project: &Project, target: &str, from: &CommitId, to: &CommitId) -> Result<(), MergeTrouble> {
    match git::landing::could_follow(&project.repo, target, from, to) {
        Err(refusal) if refusal.may_pass() => Err(MergeTrouble::Obstacle {
            why: refusal.to_string(),
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The heads of a build's plans that are merged for the first time, in order. Heads that cannot be found are reported when they
/// are needed.
fn coming(project: &Project, built: &Built, build: &Build, known: &KnownPlans) -> Vec<CommitId> {
    let merged: BTreeSet<&CommitId> = built.merges.keys().map(|(_, incoming, _)| incoming).collect();
    let plans = build.batch.iter().filter_map(|name| project.plan(name));
    let heads = plans.filter_map(|plan| head(project, plan, known.parts.get(&plan.name), known).ok());
    heads.filter(|head| !merged.contains(head)).collect()
}

fn link(
    project: &Project,
    built: &mut Built,
    name: &PlanName,
    top: &mut ChainEnd,
    target: &str,
    known: &KnownPlans,
) -> Result<Link, Halt> {
    let trouble = |why: MergeTrouble| {
        Halt::Tried(match why {
            MergeTrouble::Refused { why } => Tried::Impossible(name.clone(), because(&why)),
            other => Tried::Conflict(name.clone(), other),
        })
    };
    let plan = plan(project, name).map_err(trouble)?;
    let part = known.parts.get(name);
    let head = head(project, plan, part, known).map_err(trouble)?;
    let incoming = stand_in(project, plan, top, &head).map_err(trouble)?;
    let approved = known.reviewed.get(name);
    if approved.is_some_and(|approved| approved.as_ref() != Some(&incoming)) {
        let commit = incoming.clone();
        return Err(trouble(MergeTrouble::Review { commit }));
    }
    let key = (top.commit.clone(), incoming.clone(), part.map(|part| part.up_to));
    let merged = match built.merge(&project.repo, &key) {
        Some(known) => known,
        None => {
            let sides = MergeSides {
                head: &head,
                incoming: &incoming,
            };
            let merged =
                merge(project, plan, top, sides, target, known).map_err(|unmerged| match unmerged {
                    Unmerged::Trouble(why) => trouble(why),
                    Unmerged::Clash(clash) => match built.unrepaired.get(&clash.key()) {
                        Some(tried) => trouble(clash.told(tried)),
                        None => Halt::Clash(clash),
                    },
                })?;
            built.merges.insert(key, merged.clone());
            merged
        }
    };
    let own = match merged {
        Some((commit, tree)) => {
            top.commit = commit.clone();
            top.tree = tree;
            commit
        }
        None => {
            let saved = top.save();
            saved.map_err(|error| trouble(refused(&error)))?;
            let made = known.made.get(name).filter(|_| part.is_none());
            if let Some(made) = made {
                refuse_what_is_lost(project, plan, made, &top.commit).map_err(trouble)?;
            }
            let found = git::repo::merge_of(&project.repo, &head, &top.commit)
                .ok()
                .flatten();
            found.unwrap_or_else(|| top.commit.clone())
        }
    };
    Ok(Link {
        plan: name.clone(),
        commit: top.commit.clone(),
        own,
    })
}

fn plan<'a>(project: &'a Project, name: &PlanName) -> Result<&'a Plan, MergeTrouble> {
    project
        .plan(name)
        .ok_or_else(|| refused(&"the plan is no longer in the manifest"))
}

/// The commit of the plan to merge: the tip of its branch, or the end of its first phases.
fn head(
    project: &Project,
    plan: &Plan,
    part: Option<&Prefix>,
    known: &KnownPlans,
) -> Result<CommitId, MergeTrouble> {
    let tip = project.repo.branch_tip(&plan.branch);
    let tip = tip.map_err(|error| refused(&error))?;
    if let Some(part) = part {
        refuse_part_that_is_lost(project, plan, &part.head, tip.as_ref())?;
        return Ok(part.head.clone());
    }
    if let (Some(tip), Some(made)) = (&tip, known.made.get(&plan.name)) {
        // The branch was reset or rewritten: then all of the work must be there in another form.
        let there = git::refs::has_commit(&project.repo, made);
        if there
            && !project
                .repo
                .is_ancestor(made, tip)
                .map_err(|error| refused(&error))?
        {
            refuse_what_is_lost(project, plan, made, tip)?;
        }
    }
    tip
        // The landed commit is all that is left of a landed plan whose branch was cleaned up.
        .or_else(|| known.landed.get(&plan.name).cloned())
        .ok_or_else(|| branch_is_gone(project, plan, known.made.get(&plan.name)))
}

/// A plan's branch, and the commit that is merged in its place.
#[derive(Clone, Copy)]
struct MergeSides<'a> {
    head: &'a CommitId,
    incoming: &'a CommitId,
}

/// The commit that is merged in place of the plan's branch, or of the end of its first phases: the resolution of its conflict,
/// if there is one that covers nothing beyond it. Commits that are rebased one by one have none.
fn stand_in(
    project: &Project,
    plan: &Plan,
    top: &ChainEnd,
    head: &CommitId,
) -> Result<CommitId, MergeTrouble> {
    match plan.merge_strategy {
        MergeStrategy::Rebase => Ok(head.clone()),
        MergeStrategy::Merge | MergeStrategy::Squash => {
            git::refs::stand_in(&project.repo, &top.builder, &plan.name, &top.commit, head)
                .map_err(|error| refused(&error))
        }
    }
}

/// The merge's commit and tree; `None` when the target contains the whole plan already.
fn merge(
    project: &Project,
    plan: &Plan,
    top: &ChainEnd,
    MergeSides { head, incoming }: MergeSides<'_>,
    target: &str,
    known: &KnownPlans,
) -> Result<Option<(CommitId, String)>, Unmerged> {
    let (builder, onto) = (&top.builder, &top.commit);
    let part = known.parts.get(&plan.name);
    refuse_foreign_work(project, plan, top, incoming, known)?;
    // The target has none of the branch's own commits, from which git would know what was reverted.
    let since = known.taken_back.get(&plan.name);
    let since = since.filter(|since| project.repo.is_ancestor(since, incoming).unwrap_or(false));
    let drafted = match plan.merge_strategy {
        MergeStrategy::Merge => {
            builder.draft(onto, incoming, &message(project, plan, target, "merge", part)?)
        }
        MergeStrategy::Squash => {
            nobody_has_merged(project, plan, top, head, "squash")?;
            builder.squash(
                onto,
                since,
                incoming,
                &message(project, plan, target, "squash", part)?,
            )
        }
        MergeStrategy::Rebase => {
            nobody_has_merged(project, plan, top, head, "rebase")?;
            let replayed = builder
                .rebase(onto, since, head)
                .map_err(|error| refused(&error))?;
            refuse_what_only_merges_have(project, plan, top, (since, head), &replayed)?;
            Ok(replayed)
        }
    };
    match drafted.map_err(|error| refused(&error))? {
        BuildOutcome::Candidate(candidate) => {
            let gains = top.gains_nothing(incoming, &candidate.tree);
            match gains.map_err(|error| refused(&error))? {
                // A person has landed the plan by other commits: another commit would be empty.
                true => Ok(nothing_was_taken_back(plan, top).map(|()| None)?),
                false => Ok(Some((candidate.commit, candidate.tree))),
            }
        }
        BuildOutcome::AlreadyContained => Ok(nothing_was_taken_back(plan, top).map(|()| None)?),
        BuildOutcome::Conflict { files } => {
            let paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
            let trouble = MergeTrouble::Conflict {
                with: conflict::authors(&project.repo, &known.landed, &paths),
                files: conflict::listed(&files),
                tried: None,
                // Resolutions land on the run's own target only.
                sides: (target == project.target).then(|| {
                    Box::new(ConflictSides {
                        onto: onto.clone(),
                        head: head.clone(),
                    })
                }),
            };
            Err(Unmerged::Clash(Box::new(ConflictingMerge {
                plan: plan.clone(),
                part: part.cloned(),
                onto: onto.clone(),
                incoming: incoming.clone(),
                files,
                trouble,
                target: target.to_owned(),
            })))
        }
    }
}

/// Refuses a plan whose commits are all on the target although the changes are not, because a person reverted them.
fn nothing_was_taken_back(plan: &Plan, top: &ChainEnd) -> Result<(), MergeTrouble> {
    match top.took_back(&plan.name).map_err(|error| refused(&error))? {
        None => Ok(()),
        Some(back) => Err(refused(&format!(
            "what it has was landed and taken back again (`orch revert`), and there is nothing new to land: commit something new \
             on its branch, or `git revert {back}` in a checkout of the target"
        ))),
    }
}

/// The result of merging the plan onto a target at `onto`, without verifying or moving anything: the new tip, and how a conflict
/// would be handled.
///
/// # Errors
///
/// Why the plan would not land.
pub fn rehearse(
    project: &Project,
    name: &PlanName,
    target: &str,
    onto: &CommitId,
    known: &KnownPlans,
) -> Result<(CommitId, Option<String>), MergeTrouble> {
    let plan = plan(project, name)?;
    let head = head(project, plan, known.parts.get(name), known)?;
    let git = project.git().map_err(|error| refused(&error))?;
    let top = ChainEnd::at(&project.repo, git, onto).map_err(|error| refused(&error))?;
    let incoming = stand_in(project, plan, &top, &head)?;
    let sides = MergeSides {
        head: &head,
        incoming: &incoming,
    };
    let merged = merge(project, plan, &top, sides, target, known);
    top.save().map_err(|error| refused(&error))?;
    let (commit, repaired) = match merged {
        Ok(merged) => (merged.map_or_else(|| onto.clone(), |(commit, _)| commit), None),
        Err(Unmerged::Trouble(trouble)) => return Err(trouble),
        Err(Unmerged::Clash(clash)) => match repair::rehearse(project, &clash) {
            Ok(Some((commit, words))) => (commit, Some(words)),
            Ok(None) => return Err(clash.trouble),
            Err(why) => return Err(clash.told(&Some(why))),
        },
    };
    follows(project, target, onto, &commit)?;
    Ok((commit, repaired))
}
