//! The merge train's last step: moving the target to exactly the commit that was verified.

use std::fs::{self, File};

use crate::failpoint;
use crate::git::{
    self, CheckoutOutcome, GitError, LandRefusal, LandingPlan, LockedLanding, RepairedCheckout,
    WorktreeAdmin, again_if_killed,
};
use crate::plan::{CommitId, Plan};
use crate::schedule::train::{Build, BuildId, LandedPlan, Landing, TrainAnswer, Tried, Unmoved, Verdict};

use super::merge::verdict;
use crate::supervisor::perform::command::pre_merge::pre_merge;
use crate::supervisor::perform::tree::build_context::BuildContext;
use crate::supervisor::perform::tree::candidate_pool::{CandidatePool, Chain, Link, TargetTip};
use crate::supervisor::project::error::{SupervisorError, in_words};
use crate::supervisor::project::repository_plans::Project;

/// Moves the target to the verified commit. The second value holds warnings about checkouts that could not be updated.
///
/// `go` is called at the last moment, and may keep the target from moving.
pub fn land(
    project: &Project,
    pool: &CandidatePool,
    landing: &Landing,
    target: &str,
    go: &dyn Fn() -> bool,
) -> (TrainAnswer, Vec<String>) {
    let mut warnings = Vec::new();
    let moved = again_if_killed(
        |moved: &Result<Vec<LandedPlan>, Unmoved>| moved.is_ok(),
        || move_target(project, pool, landing, target, go, &mut warnings),
    );
    (TrainAnswer::Landed(moved), warnings)
}

fn move_target(
    project: &Project,
    pool: &CandidatePool,
    landing: &Landing,
    target: &str,
    go: &dyn Fn() -> bool,
    warnings: &mut Vec<String>,
) -> Result<Vec<LandedPlan>, Unmoved> {
    let refused = |error: &dyn std::fmt::Display| Unmoved::Refused(error.to_string());
    let chain = pool.built().builds.get(&landing.build).cloned();
    let chain = chain.ok_or_else(|| refused(&"what was verified is no longer known"))?;
    let first = chain
        .links
        .iter()
        .position(|link| Some(&link.plan) == landing.batch.first());
    let first = first.ok_or_else(|| refused(&"what is to land was not verified"))?;
    let links = &chain.links[first..(first + landing.batch.len()).min(chain.links.len())];
    let mut before = match first {
        0 => chain.target_tip.tip.clone(),
        _ => Some(chain.links[first - 1].commit.clone()),
    };
    let commit = links
        .last()
        .map_or(&chain.target_tip.commit, |link| &link.commit)
        .clone();
    let mut from = before.clone();
    for link in links.iter().filter(|link| link.own == link.commit) {
        let plan = project.plan(&link.plan);
        if let Some(plan) = plan.filter(|_| from.as_ref() != Some(&link.commit)) {
            pre_merge(project, plan, target, from.as_ref(), &link.commit).map_err(Unmoved::Refused)?;
        }
        from = Some(link.commit.clone());
    }
    // Held to the end: a concurrent build must not take orch's own move for somebody else's.
    let mut built = pool.built();
    if before.as_ref() != Some(&commit) {
        carry_out(project, target, before.as_ref(), &commit, go, warnings)?;
        if before.is_some() {
            pool.look_again.add(project, target, before.clone(), &commit);
        }
        if let Some(before) = &before {
            let began = built.began.entry(target.to_owned());
            began.or_insert_with(|| before.clone());
        }
    }
    let target_tip = TargetTip {
        target: target.to_owned(),
        tip: Some(commit.clone()),
        commit: commit.clone(),
    };
    built.target_tips.insert(landing.becomes, target_tip);
    built.seen.insert(target.to_owned(), commit.clone());
    built.own.insert(commit);
    let moves = links.iter().map(|link| {
        let from = before.replace(link.commit.clone());
        (link.plan.clone(), from, link.own.clone())
    });
    Ok(moves.collect())
}

fn carry_out(
    project: &Project,
    target: &str,
    before: Option<&CommitId>,
    commit: &CommitId,
    go: &dyn Fn() -> bool,
    warnings: &mut Vec<String>,
) -> Result<(), Unmoved> {
    let refused = |error: &dyn std::fmt::Display| Unmoved::Refused(error.to_string());
    let repo = &project.repo;
    let lock = alone(project).map_err(|error| refused(&error))?;
    // A checkout that missed the move before this one would miss this one too.
    let earlier = end_landing(project, &lock).map_err(|error| refused(&error))?;
    warnings.extend(earlier.followed);
    if !earlier.behind.is_empty() {
        return Err(Unmoved::InTheWay(earlier.behind.join("; ")));
    }
    // First objects, then the ref, then the journal: after a power failure, everything on disk refers to things that are on disk
    // too.
    git::repo::sync_objects(repo).map_err(|error| refused(&error))?;
    let landing = LandingPlan {
        branch: target.to_owned(),
        old: before.cloned(),
        new: commit.clone(),
        beside: true,
    };
    let locked = match LockedLanding::lock(repo, &landing, Some(&lock)) {
        Ok(locked) => Ok(locked),
        Err(LandRefusal::Moved { found, .. }) if found.as_ref() != Some(commit) => {
            return Err(Unmoved::Moved);
        }
        // An earlier attempt got this far.
        Err(moved @ LandRefusal::Moved { .. }) => Err(moved),
        Err(error) if error.may_pass() => return Err(Unmoved::InTheWay(error.to_string())),
        Err(error) => return Err(refused(&error)),
    };
    if !go() {
        return Err(Unmoved::Withdrawn);
    }
    // Recorded first, so that a checkout that was not updated before a crash is updated after it.
    let note = project.dir.landing();
    write_note(&note, &landing).map_err(|error| refused(&error))?;
    match locked.and_then(|locked| locked.land(Some(&lock))) {
        Ok(done) => {
            sync_target(project, target, warnings);
            let left = still_behind(target, done.checkouts);
            // A checkout created during the landing had no earlier commit to follow from.
            if left.is_empty() || before.is_none() {
                let _ = failpoint::around("landing.done", || fs::remove_file(&note));
            }
            warnings.extend(left);
            return Ok(());
        }
        Err(LandRefusal::Moved { found, .. }) if found.as_ref() != Some(commit) => {
            let _ = fs::remove_file(&note);
            return Err(Unmoved::Moved);
        }
        Err(LandRefusal::Moved { .. }) => {}
        Err(error) => match repo.branch_tip(target) {
            // The landing succeeded, whatever failed after it.
            Ok(Some(tip)) if tip == *commit => {}
            found => {
                // A hook of the repository may have refused the move. Nothing was begun then that has to be completed.
                if found.is_ok_and(|tip| tip.as_ref() == before) {
                    let _ = fs::remove_file(&note);
                }
                return Err(match error.may_pass() {
                    true => Unmoved::InTheWay(error.to_string()),
                    false => refused(&error),
                });
            }
        },
    }
    sync_target(project, target, warnings);
    match end_landing(project, &lock) {
        Ok(ended) => warnings.extend(ended.behind),
        Err(error) => warnings.push(format!(
            "`{target}` has moved; its checkouts were not updated: {error}"
        )),
    }
    Ok(())
}

/// Syncs the target's ref to disk before the journal says that the target has moved.
fn sync_target(project: &Project, target: &str, warnings: &mut Vec<String>) {
    if let Err(error) = git::repo::sync_branch(&project.repo, target) {
        // The target has moved, but the move may not survive a power failure.
        warnings.push(error.to_string());
    }
}

/// The checkouts after the completion of an interrupted landing, in words.
#[derive(Debug, Default)]
pub struct Ended {
    /// The updated checkouts.
    pub followed: Vec<String>,
    /// The checkouts that could not be updated, and what to do. The record of the move stays until they are.
    pub behind: Vec<String>,
}

fn still_behind(target: &str, checkouts: Vec<RepairedCheckout>) -> Vec<String> {
    let left = checkouts.into_iter().filter_map(|checkout| {
        let CheckoutOutcome::Left(why) = checkout.outcome else {
            return None;
        };
        Some(format!(
            "{} has `{target}` checked out and was not updated: {why}. Its index shows the landing as removed: commit \
             nothing there before `orch doctor --fix` has updated it",
            checkout.path.display()
        ))
    });
    left.collect()
}

/// Verifies a commit on the target's tip, on behalf of a plan, and moves the target to it. Returns warnings about checkouts that
/// could not be updated.
///
/// # Errors
///
/// Why the target has not moved.
pub fn land_commit(
    project: &Project,
    admin: &WorktreeAdmin,
    plan: &Plan,
    tip: &CommitId,
    commit: &CommitId,
) -> Result<Vec<String>, String> {
    let (target, mut warnings) = (&project.target, Vec::new());
    let moved = || format!("the branch `{target}` was moved by somebody else: try again");
    let build = Build {
        id: BuildId::default(),
        target_tip: 0,
        slot: 0,
        batch: vec![plan.name.clone()],
        again: None,
    };
    let chain = Chain {
        target_tip: TargetTip {
            target: target.to_owned(),
            tip: Some(tip.clone()),
            commit: tip.clone(),
        },
        links: vec![Link {
            plan: plan.name.clone(),
            commit: commit.clone(),
            own: commit.clone(),
        }],
        tree: project.repo.tree_of(commit).map_err(in_words)?,
    };
    let pool = CandidatePool::default();
    let context = BuildContext {
        project,
        admin,
        pool: &pool,
        build: &build,
    };
    match verdict(context, &chain, &mut warnings) {
        Tried::Verdict(Verdict { green: true, .. }) => {}
        Tried::Verdict(Verdict { why, .. }) => {
            return Err(format!("the tree without it does not pass: {why}"));
        }
        Tried::Refused(why) | Tried::Impossible(_, why) | Tried::InTheWay(_, why) => return Err(why),
        Tried::Moved => return Err(moved()),
        Tried::Conflict(..) | Tried::Stopped => return Err("its verification was stopped".to_owned()),
    }
    pre_merge(project, plan, target, Some(tip), commit)?;
    match carry_out(project, target, Some(tip), commit, &|| true, &mut warnings) {
        Ok(()) => Ok(warnings),
        Err(Unmoved::Moved) => Err(moved()),
        Err(Unmoved::Refused(why) | Unmoved::InTheWay(why)) => Err(why),
        Err(Unmoved::Withdrawn) => Err("it was withdrawn".to_owned()),
    }
}

/// Waits until nobody moves the target. The git commands of a landing share the lock, so the lock outlives a killed orch.
fn alone(project: &Project) -> std::io::Result<File> {
    let path = project.dir.landing_lock();
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

fn write_note(path: &std::path::Path, landing: &LandingPlan) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, serde_json::to_vec(landing)?)?;
    failpoint::around("landing.note", || fs::rename(temporary, path))
}

/// Completes a landing that was interrupted by a crash, a full disk or a person at work: updates the checkouts of a target that
/// did move.
///
/// # Errors
///
/// When the record or the repository cannot be read.
pub fn resume_landing(project: &Project) -> Result<Ended, SupervisorError> {
    let note = project.dir.landing();
    if !note.exists() {
        // For example when orch's own folder was lost.
        let Some(landing) = git::landing::cut_short(&project.repo, &project.target)? else {
            return Ok(Ended::default());
        };
        write_note(&note, &landing).map_err(SupervisorError::system("record an interrupted landing"))?;
    }
    // A git command of the dead supervisor may still be about to move the target.
    let lock = alone(project).map_err(SupervisorError::system("wait for an interrupted landing"))?;
    Ok(end_landing(project, &lock)?)
}

/// Checkouts that have not followed a move of the target, with what to do. Changes nothing, and returns nothing while the target
/// is being moved.
pub fn behind(project: &Project) -> Vec<String> {
    let Ok(text) = fs::read(project.dir.landing()) else {
        return Vec::new();
    };
    let lock = File::open(project.dir.landing_lock());
    let is_free = lock.is_ok_and(|lock| lock.try_lock().is_ok());
    let landing = serde_json::from_slice::<LandingPlan>(&text).ok();
    let Some(landing) = landing.filter(|landing| is_free && landing.old.is_some()) else {
        return Vec::new();
    };
    let left = git::landing::behind(&project.repo, &landing).unwrap_or_default();
    let left = left.into_iter().map(|path| RepairedCheckout {
        path,
        outcome: CheckoutOutcome::Left("it is tried again".to_owned()),
    });
    still_behind(&landing.branch, left.collect())
}

fn end_landing(project: &Project, lock: &File) -> Result<Ended, GitError> {
    let note = project.dir.landing();
    let mut ended = Ended::default();
    let Ok(text) = fs::read(&note) else {
        return Ok(ended);
    };
    if let Ok(landing) = serde_json::from_slice::<LandingPlan>(&text)
        && let Some(done) = git::landing::finish_landing_holding(&project.repo, &landing, Some(lock))?
    {
        let followed = done
            .checkouts
            .iter()
            .filter(|checkout| checkout.outcome == CheckoutOutcome::FastForwarded);
        ended.followed = followed
            .map(|checkout| {
                let (path, target) = (checkout.path.display(), &landing.branch);
                format!("{path} had not followed the last move of `{target}`, and was updated now")
            })
            .collect();
        if landing.old.is_some() {
            ended.behind = still_behind(&landing.branch, done.checkouts);
        }
    }
    if ended.behind.is_empty() {
        let _ = fs::remove_file(&note);
    }
    Ok(ended)
}
