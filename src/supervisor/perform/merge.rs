//! Landing one plan: build the candidate off every checkout, verify exactly that tree, move the target to exactly
//! that commit.

use std::collections::BTreeMap;
use std::fs;

use crate::agent::JobFolder;
use crate::fault;
use crate::git::{CheckoutOutcome, LandRefusal, LandingPlan, WorktreeAdmin, again_if_killed};
use crate::plan::{CommitId, Plan, PlanName};
use crate::schedule::{Event, MergeTrouble};

use super::super::{Campaign, environment};
use super::verify::Verdict;
use super::{candidate, verify};

/// How often a candidate is built anew because somebody else moved the target meanwhile.
const REBUILDS: u32 = 10;

/// Lands the plan. The second value warns of a checkout that could not be brought along.
pub fn merge(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    name: &PlanName,
    into: Option<&str>,
    landed: &BTreeMap<PlanName, CommitId>,
) -> (Event, Vec<String>) {
    let target = into.unwrap_or(&campaign.target);
    let mut warnings = Vec::new();
    for _ in 0..REBUILDS {
        let attempted = again_if_killed(Result::is_ok, || {
            attempt(campaign, admin, name, target, landed, &mut warnings)
        });
        match attempted {
            Ok(Some((before, commit))) => {
                let event = Event::MergeLanded {
                    plan: name.clone(),
                    target: target.to_owned(),
                    before,
                    commit,
                };
                return (event, warnings);
            }
            // Somebody moved the target: what was verified is not what would land. Again, on the new tip.
            Ok(None) => {}
            Err(why) => return (failed(name, why), warnings),
        }
    }
    let why = format!(
        "the branch `{target}` was moved by somebody else {REBUILDS} times while candidates were verified"
    );
    (failed(name, MergeTrouble::Refused { why }), warnings)
}

fn failed(name: &PlanName, why: MergeTrouble) -> Event {
    Event::MergeFailed {
        plan: name.clone(),
        why,
    }
}

fn refused(error: &dyn std::fmt::Display) -> MergeTrouble {
    MergeTrouble::Refused {
        why: error.to_string(),
    }
}

type Move = (Option<CommitId>, CommitId);

fn attempt(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    name: &PlanName,
    target: &str,
    landed: &BTreeMap<PlanName, CommitId>,
    warnings: &mut Vec<String>,
) -> Result<Option<Move>, MergeTrouble> {
    let repo = &campaign.repo;
    let plan = campaign
        .plan(name)
        .ok_or_else(|| refused(&"the plan is not in the manifest any more"))?;
    repo.check_target(target).map_err(|error| refused(&error))?;
    // A dirty checkout refuses the merge anyway; better before an hour of verification than after it.
    for checkout in repo.checkouts_of(target).map_err(|error| refused(&error))? {
        if !checkout.dirty.is_empty() {
            let dirty = LandRefusal::Dirty {
                path: checkout.path,
                files: checkout.dirty,
            };
            return Err(refused(&dirty));
        }
    }
    let before = repo.branch_tip(target).map_err(|error| refused(&error))?;
    let onto = before.clone().unwrap_or_else(|| campaign.base.clone());
    let commit = match candidate::build(campaign, plan, target, &onto, landed)? {
        Some(candidate) => candidate,
        // All of it is there already, as after a crash between moving the target and writing that down.
        None if before.is_some() => return Ok(Some((before, onto))),
        None => onto,
    };
    verify_and_land(campaign, admin, plan, target, before, &commit, warnings)
}

/// Verifies a commit that the target could move to, and moves it there; none when somebody else moved it meanwhile.
fn verify_and_land(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    plan: &Plan,
    target: &str,
    before: Option<CommitId>,
    commit: &CommitId,
    warnings: &mut Vec<String>,
) -> Result<Option<Move>, MergeTrouble> {
    let repo = &campaign.repo;
    if let Some(line) = campaign.set.merge.verify.as_deref() {
        match verify_candidate(campaign, admin, plan, commit, line, warnings) {
            Ok(Verdict::Passed) => {}
            Err(why) => return Err(MergeTrouble::Refused { why }),
            Ok(Verdict::Failed(why)) => return Err(MergeTrouble::Verification { why }),
            Ok(Verdict::Stopped) => return Err(refused(&"its verification was stopped")),
        }
    }
    super::pre_merge::pre_merge(campaign, plan, target, before.as_ref(), commit)
        .map_err(|why| MergeTrouble::Refused { why })?;
    let landing = match repo.plan_landing(target, before.as_ref(), commit) {
        Ok(landing) => landing,
        Err(LandRefusal::Moved { .. }) => return Ok(None),
        Err(error) => return Err(refused(&error)),
    };
    // Written down first, so that a checkout that was not brought along before a crash is brought along after it.
    let note = campaign.dir.landing();
    write_note(&note, &landing).map_err(|error| refused(&error))?;
    let result = repo.land(&landing);
    let done = match result {
        Ok(done) => done,
        Err(LandRefusal::Moved { .. }) => {
            let _ = fs::remove_file(&note);
            return Ok(None);
        }
        Err(error) => return Err(refused(&error)),
    };
    let _ = fault::around("landing.done", || fs::remove_file(&note));
    for checkout in done.checkouts {
        if let CheckoutOutcome::Left(why) = checkout.outcome {
            warnings.push(format!(
                "{} has `{target}` checked out and was not brought along: {why}",
                checkout.path.display()
            ));
        }
    }
    Ok(Some((before, done.commit)))
}

/// Verifies a commit on the target's tip, on behalf of a plan, and moves the target to it. Gives warnings of checkouts that
/// could not be brought along.
///
/// # Errors
///
/// Why the target has not moved.
pub fn land_commit(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    plan: &Plan,
    tip: &CommitId,
    commit: &CommitId,
) -> Result<Vec<String>, String> {
    let mut warnings = Vec::new();
    let target = &campaign.target;
    match verify_and_land(
        campaign,
        admin,
        plan,
        target,
        Some(tip.clone()),
        commit,
        &mut warnings,
    ) {
        Ok(Some(_)) => Ok(warnings),
        Ok(None) => Err(format!(
            "the branch `{target}` was moved by somebody else: try again"
        )),
        Err(MergeTrouble::Verification { why }) => Err(format!("the tree without it does not pass: {why}")),
        Err(MergeTrouble::Refused { why }) => Err(why),
        Err(other) => Err(format!("it cannot land: {other:?}")),
    }
}

fn write_note(path: &std::path::Path, landing: &LandingPlan) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, serde_json::to_vec(landing)?)?;
    fault::around("landing.note", || fs::rename(temporary, path))
}

/// Ends a landing that a crash cut short: brings checkouts of a target that did move along.
///
/// # Errors
///
/// When the note or the repository cannot be read.
pub fn resume_landing(campaign: &Campaign) -> Result<(), crate::supervisor::SupervisorError> {
    let note = campaign.dir.landing();
    let Ok(text) = fs::read(&note) else {
        return Ok(());
    };
    if let Ok(landing) = serde_json::from_slice::<LandingPlan>(&text) {
        campaign.repo.finish_landing(&landing)?;
    }
    let _ = fs::remove_file(&note);
    Ok(())
}

/// The name of the merge queue's own worktree; no plan can have it.
pub(in crate::supervisor) const TRAIN: &str = "train@0";

fn verify_candidate(
    campaign: &Campaign,
    admin: &WorktreeAdmin,
    plan: &Plan,
    commit: &CommitId,
    line: &str,
    warnings: &mut Vec<String>,
) -> Result<Verdict, String> {
    let path = campaign.worktree_path(TRAIN);
    let ready = admin
        .ensure_detached(TRAIN, &path, commit)
        .map_err(|error| error.to_string())?;
    warnings.extend(ready.warnings);
    warnings.extend(super::furnish_own(campaign, plan, TRAIN, &ready.path)?);
    let variables = environment::for_plan(campaign, plan, &ready.path);
    let check = verify::Check {
        tag: format!("merge-{}-{}", plan.name, commit.short()),
        line,
        worktree: &ready.path,
        timeout: plan.attempts.timeout,
        grace: plan.attempts.grace,
    };
    let folder = JobFolder::new(campaign.dir.merge_verification(&plan.name));
    let verdict = verify::run(campaign, &folder, variables, &check);
    admin.note_left(TRAIN).map_err(|error| error.to_string())?;
    verdict
}

/// What [`merge`] would do on a target that stands at `onto`, without verifying or moving anything: the new tip.
///
/// # Errors
///
/// Why it would not land.
pub fn rehearse(
    campaign: &Campaign,
    name: &PlanName,
    target: &str,
    onto: &CommitId,
    landed: &BTreeMap<PlanName, CommitId>,
) -> Result<CommitId, MergeTrouble> {
    let plan = campaign
        .plan(name)
        .ok_or_else(|| refused(&"the plan is not in the manifest any more"))?;
    Ok(candidate::build(campaign, plan, target, onto, landed)?.unwrap_or_else(|| onto.clone()))
}
