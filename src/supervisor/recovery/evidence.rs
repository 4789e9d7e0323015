//! The notes on landed merges: written after a landing, and again where one is missing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::agent::JobFolder;
use crate::git;
use crate::journal::{EvidenceNote, JournalReader, LandingEvidence, Program, SCHEMA};
use crate::plan::{AttemptId, CommitId, PlanName};
use crate::schedule::{Event, State};

use crate::supervisor::project::agents::agent_version;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// Serialises writers, because a note is read, extended and replaced.
static WRITING: Mutex<()> = Mutex::new(());

/// The plans that `orch` has landed, with their commits on the targets.
pub fn landings(state: &State) -> Vec<(PlanName, CommitId)> {
    let mut all = Vec::new();
    for (name, run) in state.plans() {
        let by_hand = |target: &String| run.landed_by_hand.contains_key(target);
        let whole = run.landed.iter().filter(|(target, _)| !by_hand(target));
        let whole = whole.map(|(_, commit)| commit);
        let parts = run.landed_prefix.values().map(|part| &part.commit);
        all.extend(whole.chain(parts).map(|commit| (name.clone(), commit.clone())));
    }
    all.dedup();
    all
}

/// Landings whose commit is on a branch and has no note about the plan. A landing that somebody removed from its target by hand
/// needs none.
///
/// # Errors
///
/// When the notes cannot be read.
pub fn missing(
    project: &Project,
    landings: Vec<(PlanName, CommitId)>,
) -> Result<Vec<(PlanName, CommitId)>, SupervisorError> {
    let mut missing = Vec::new();
    for (plan, commit) in landings {
        let there = || git::refs::has_commit(&project.repo, &commit);
        if there() && !is_noted(project, &plan, &commit)? && is_on_a_target(project, &commit)? {
            missing.push((plan, commit));
        }
    }
    Ok(missing)
}

/// True when a branch other than a plan's contains the commit.
fn is_on_a_target(project: &Project, commit: &CommitId) -> Result<bool, SupervisorError> {
    let of_plan = |name: &str| project.set.plans.iter().any(|plan| plan.branch == name);
    let counts = |name: &str| {
        name.strip_prefix("refs/heads/")
            .is_some_and(|name| !of_plan(name))
    };
    Ok(git::repo::is_held(&project.repo, commit, counts)?)
}

fn is_noted(project: &Project, plan: &PlanName, commit: &CommitId) -> Result<bool, SupervisorError> {
    let note = git::refs::note(&project.repo, commit)?;
    let note = note.as_deref().and_then(EvidenceNote::read);
    Ok(note.is_some_and(|note| note.landings.iter().any(|landing| landing.plan == plan.as_str())))
}

/// Commits with a note about a landing that are missing from the landing's target, each with the target.
///
/// # Errors
///
/// When the notes or the history cannot be read.
pub fn orphans(project: &Project) -> Result<Vec<(CommitId, String)>, SupervisorError> {
    let mut orphans = Vec::new();
    for commit in git::refs::noted(&project.repo)? {
        let text = git::refs::note(&project.repo, &commit)?;
        let note = text.as_deref().and_then(EvidenceNote::read);
        let landing = note.and_then(|note| note.landings.into_iter().next());
        let target = landing.map_or_else(|| project.target.clone(), |landing| landing.target);
        let on = match project.repo.branch_tip(&target)? {
            Some(tip) => {
                git::refs::has_commit(&project.repo, &commit) && project.repo.is_ancestor(&commit, &tip)?
            }
            // A target that no longer exists proves nothing.
            None => true,
        };
        orphans.extend((!on).then_some((commit, target)));
    }
    Ok(orphans)
}

/// Writes the missing notes of these landings, from the journal. Landings that the journal does not contain get none.
///
/// # Errors
///
/// When the journal or the notes cannot be read or written.
pub fn write_missing(project: &Project, landings: Vec<(PlanName, CommitId)>) -> Result<(), SupervisorError> {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let missing = missing(project, landings)?;
    if missing.is_empty() {
        return Ok(());
    }
    let Some(reader) = JournalReader::open(&project.dir)? else {
        return Ok(());
    };
    let versions = Mutex::new(BTreeMap::new());
    let program = |attempt: &AttemptId, agent: &str| program_of(project, &versions, attempt, agent);
    for (plan, commit) in missing {
        let records = reader.after(0, Some(plan.as_str()))?;
        let landed = records.iter().rev().find_map(|record| {
            let Event::MergeLanded(landed) = &record.event else {
                return None;
            };
            (landed.plan == plan && landed.commit == commit).then_some(landed)
        });
        let evidence = landed.and_then(|landed| LandingEvidence::of(&records, landed, &program));
        let Some(evidence) = evidence else {
            continue;
        };
        let known = git::refs::note(&project.repo, &commit)?;
        let mut note = known
            .as_deref()
            .and_then(EvidenceNote::read)
            .unwrap_or(EvidenceNote {
                schema: SCHEMA,
                landings: Vec::new(),
            });
        note.landings.push(evidence);
        git::refs::write_note(&project.repo, &commit, &note.text())?;
    }
    Ok(())
}

/// The program that an attempt called, with the version that a known program prints.
fn program_of(
    project: &Project,
    versions: &Mutex<BTreeMap<String, Option<String>>>,
    attempt: &AttemptId,
    agent: &str,
) -> Program {
    let called = JobFolder::new(project.dir.attempt(attempt)).job().ok();
    let called = called.and_then(|job| job.argv.first().cloned());
    let known = project
        .set
        .agents
        .values()
        .find(|known| known.name.as_str() == agent);
    let version = known.and_then(|known| {
        let mut versions = versions.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = versions.entry(agent.to_owned());
        asked.or_insert_with(|| agent_version(known)).clone()
    });
    (
        called.or_else(|| known.and_then(|known| known.command.first().cloned())),
        version,
    )
}
