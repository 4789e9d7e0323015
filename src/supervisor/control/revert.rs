//! `orch revert`: undoing the landing of a plan with one commit, which is verified and landed like any other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::git::{BuildOutcome, CandidateBuilder, WorktreeAdmin};
use crate::journal::{Journal, JournalReader, RepositoryLock, SCHEMA, Sync};
use crate::plan::{CommitId, Plan, PlanName, RunId};
use crate::schedule::{Event, Outcome, State, TakenBack};
use crate::words::phases;

use crate::supervisor::perform;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::orphan_git::end_orphan_gits;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::situation::Situation;

/// The reverted plans, or the refusal: the answer of `orch revert --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reverted {
    /// Version of the document.
    pub schema: u32,
    /// The target.
    pub target: String,
    /// The commit of the target before.
    pub before: Option<CommitId>,
    /// The commit of the target now.
    pub after: Option<CommitId>,
    /// The reverted plans, last landed first.
    pub plans: Vec<PlanName>,
    /// Plans that build on the reverted ones and have not landed: their branches still contain those commits.
    pub built_on: Vec<PlanName>,
    /// Checkouts of the target that could not be updated.
    pub warnings: Vec<String>,
}

/// Why nothing was reverted. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevertRefusal {
    /// Why.
    pub why: String,
    /// What to do next.
    pub hint: Option<String>,
}

fn refusal<T>(why: impl Into<String>, hint: &str) -> Result<T, RevertRefusal> {
    Err(RevertRefusal {
        why: why.into(),
        hint: (!hint.is_empty()).then(|| hint.to_owned()),
    })
}

/// How a plan reached the target.
struct PlanLanding {
    plan: PlanName,
    before: CommitId,
    commit: CommitId,
}

/// Reverts a plan on the target, and with `with_dependents` also the landed plans that were built on it.
///
/// # Errors
///
/// When another process drives the repository, or when the repository or the journal cannot be read or written.
pub fn revert(
    project: &Project,
    name: &PlanName,
    with_dependents: bool,
) -> Result<Result<Reverted, RevertRefusal>, SupervisorError> {
    let lock = RepositoryLock::take(&project.dir, "revert")?.map_err(SupervisorError::Held)?;
    end_orphan_gits(project.repo.common_dir());
    perform::resume_landing(project)?;
    let situation = Situation::look(project)?;
    let state = situation.scheduler.state();
    let plans = match chosen(project, state, name, with_dependents) {
        Ok(plans) => plans,
        Err(refused) => return Ok(Err(refused)),
    };
    let taken = match landings(project, &plans, &situation.found)? {
        Ok(taken) => taken,
        Err(refused) => return Ok(Err(refused)),
    };
    let done = match carry_out(project, name, &taken)? {
        Ok(done) => done,
        Err(refused) => return Ok(Err(refused)),
    };
    let reverted = taken.names().into_iter().map(|plan| {
        Event::MergeReverted(TakenBack {
            plan: plan.clone(),
            target: project.target.clone(),
            commit: done.1.clone(),
        })
    });
    // Landings by hand that were noticed but not recorded yet are recorded first.
    let events: Vec<Event> = situation.found.iter().cloned().chain(reverted).collect();
    let mut journal = Journal::open(&project.dir, Timestamp::now())?;
    let now = journal.epoch().at(Timestamp::now()).max(state.now);
    let run = state.run.as_ref().map_or(RunId(0), |run| run.id);
    journal.append(now, run, &events, Sync::Disk)?;
    drop(lock);
    let plans: Vec<PlanName> = taken.names().into_iter().cloned().collect();
    let built_on = project.set.plans.iter().filter(|plan| {
        let on = |other: &PlanName| plans.contains(other);
        !plans.contains(&plan.name) && waits_for(plan, on) && state.plan(&plan.name).worktree().is_some()
    });
    Ok(Ok(Reverted {
        schema: SCHEMA,
        target: project.target.clone(),
        before: Some(done.0),
        after: Some(done.1),
        built_on: built_on.map(|plan| plan.name.clone()).collect(),
        warnings: done.2,
        plans,
    }))
}

fn waits_for(plan: &Plan, on: impl Fn(&PlanName) -> bool) -> bool {
    plan.all_waits().any(|dependency| on(&dependency.on.plan))
}

/// Why first phases that landed on their own cannot be reverted.
fn refuse_unfinished(project: &Project, state: &State, name: &PlanName) -> Option<RevertRefusal> {
    let (run, target) = (state.plan(name), &project.target);
    let part = run.landed_prefix.get(target)?;
    if run.landed.contains_key(target) || run.has_given_up() {
        return None;
    }
    let words = phases(&part.prefix.phases);
    let be = match part.prefix.phases.as_slice() {
        [_] => "is",
        _ => "are",
    };
    let first = if run.outcome == Some(Outcome::Finished) {
        format!("orch merge {name}")
    } else {
        format!("orch cancel {name}, or orch merge {name} when it is finished")
    };
    Some(RevertRefusal {
        why: format!(
            "only {words} of plan {name} {be} on {target}, and the rest is built on that: without it the rest would land \
             incomplete"
        ),
        hint: Some(format!("{first}; then orch revert {name}")),
    })
}

/// The plan, and the landed plans that were built on it, directly or indirectly.
fn chosen(
    project: &Project,
    state: &State,
    name: &PlanName,
    with_dependents: bool,
) -> Result<BTreeSet<PlanName>, RevertRefusal> {
    let part = |plan: &PlanName| state.plan(plan).landed_prefix.get(&project.target);
    let landed =
        |plan: &PlanName| state.plan(plan).landed.contains_key(&project.target) || part(plan).is_some();
    if !landed(name) {
        return refusal(
            format!("plan {name} is not on {}", project.target),
            &format!("orch why {name}"),
        );
    }
    let mut plans = BTreeSet::from([name.clone()]);
    loop {
        let more = project.set.plans.iter().find(|plan| {
            !plans.contains(&plan.name) && landed(&plan.name) && waits_for(plan, |on| plans.contains(on))
        });
        match more {
            Some(plan) => plans.insert(plan.name.clone()),
            None => break,
        };
    }
    if let Some(refused) = plans
        .iter()
        .find_map(|plan| refuse_unfinished(project, state, plan))
    {
        return Err(refused);
    }
    if plans.len() > 1 && !with_dependents {
        let others: Vec<&str> = plans
            .iter()
            .filter(|plan| *plan != name)
            .map(PlanName::as_str)
            .collect();
        return refusal(
            format!("what has landed since was built on {name}: {}", others.join(", ")),
            &format!("orch revert {name} --with-dependents"),
        );
    }
    Ok(plans)
}

/// How plans reached the target.
struct TargetLandings {
    /// The landings that brought commits, last first.
    landings: Vec<PlanLanding>,
    /// Plans whose commits were all on the target already when they landed: another of the landings brought them.
    along: Vec<PlanName>,
}

impl TargetLandings {
    /// The plans, in the order of their landings, each once.
    fn names(&self) -> Vec<&PlanName> {
        let mut names = names_of(&self.landings);
        names.extend(&self.along);
        names
    }
}

/// Landings of a plan that were reverted: they count again when the revert is undone.
#[derive(Default)]
struct RevertedLandings {
    found: Vec<PlanLanding>,
    along: Vec<(PlanName, CommitId)>,
}

/// The landings of these plans. `seen` holds events noticed since the journal was written.
fn landings(
    project: &Project,
    plans: &BTreeSet<PlanName>,
    seen: &[Event],
) -> Result<Result<TargetLandings, RevertRefusal>, SupervisorError> {
    // Covers all plans, because a plan may have come with another plan that is not to be reverted.
    let mut found: Vec<PlanLanding> = Vec::new();
    let mut along: Vec<(PlanName, CommitId)> = Vec::new();
    let mut taken_back: BTreeMap<PlanName, RevertedLandings> = BTreeMap::new();
    let records = match JournalReader::open(&project.dir)? {
        Some(reader) => reader.after(0, None)?,
        None => Vec::new(),
    };
    let told = records.into_iter().map(|record| record.event);
    for event in told.chain(seen.iter().cloned()) {
        match event {
            Event::MergeLanded(landed) if landed.target == project.target => {
                // A landing whose commits were all there already has brought nothing.
                let brought = match &landed.before {
                    Some(before) => !project.repo.is_ancestor(&landed.commit, before)?,
                    None => false,
                };
                match landed.before {
                    Some(before) if brought => found.push(PlanLanding {
                        plan: landed.plan,
                        before,
                        commit: landed.commit,
                    }),
                    _ => along.push((landed.plan, landed.commit)),
                }
            }
            Event::MergeReverted(back) if back.target == project.target => {
                let mut gone = RevertedLandings::default();
                (gone.found, found) = found.into_iter().partition(|landing| landing.plan == back.plan);
                (gone.along, along) = along.into_iter().partition(|(plan, _)| *plan == back.plan);
                taken_back.insert(back.plan, gone);
            }
            Event::MergeRestored(back) if back.target == project.target => {
                let gone = taken_back.remove(&back.plan).unwrap_or_default();
                found.extend(gone.found);
                along.extend(gone.along);
            }
            _ => {}
        }
    }
    found.reverse();
    let has_landing = |plan: &PlanName| found.iter().any(|landing| landing.plan == *plan);
    for missing in plans.iter().filter(|plan| !has_landing(plan)) {
        let commit = along.iter().find(|(plan, _)| plan == missing);
        let with = commit.and_then(|(_, commit)| found.iter().find(|landing| landing.commit == *commit));
        match with {
            None => {
                return Ok(refusal(
                    format!("plan {missing} was not landed by orch: which commits it came with is not known"),
                    "git revert",
                ));
            }
            Some(with) if !plans.contains(&with.plan) => {
                return Ok(refusal(
                    format!(
                        "all of plan {missing} came with plan {}, which builds on it",
                        with.plan
                    ),
                    &format!("orch revert {}", with.plan),
                ));
            }
            Some(_) => {}
        }
    }
    found.retain(|landing| plans.contains(&landing.plan));
    let along = plans
        .iter()
        .filter(|plan| !found.iter().any(|landing| landing.plan == **plan));
    Ok(Ok(TargetLandings {
        along: along.cloned().collect(),
        landings: found,
    }))
}

/// The plans, in the order of their landings, each once.
fn names_of(landings: &[PlanLanding]) -> Vec<&PlanName> {
    let mut names: Vec<&PlanName> = Vec::new();
    for landing in landings {
        if !names.contains(&&landing.plan) {
            names.push(&landing.plan);
        }
    }
    names
}

type Done = (CommitId, CommitId, Vec<String>);

/// Builds the revert commit, verifies it and moves the target.
fn carry_out(
    project: &Project,
    name: &PlanName,
    taken: &TargetLandings,
) -> Result<Result<Done, RevertRefusal>, SupervisorError> {
    let target = &project.target;
    let Some(tip) = project.repo.branch_tip(target)? else {
        return Ok(refusal(format!("the target {target} is gone"), ""));
    };
    let Some(plan) = project.plan(name) else {
        return Ok(refusal(format!("plan {name} is no longer in the manifest"), ""));
    };
    let builder = CandidateBuilder::new(&project.repo, project.git()?);
    let changes: Vec<(CommitId, CommitId)> = taken
        .landings
        .iter()
        .map(|landing| (landing.before.clone(), landing.commit.clone()))
        .collect();
    let commit = match builder.take_back(&tip, &changes, &message(project, taken))? {
        BuildOutcome::Candidate(candidate) => candidate.commit,
        BuildOutcome::AlreadyContained => {
            return Ok(refusal(format!("nothing of {name} is left on {target}"), ""));
        }
        BuildOutcome::Conflict { files } => {
            let files: Vec<String> = files
                .iter()
                .map(|file| format!("{} ({})", file.path.display(), file.kind))
                .collect();
            return Ok(refusal(
                format!("what was changed since stands in the way: {}", files.join(", ")),
                "git revert it in a checkout, where that can be resolved",
            ));
        }
    };
    let admin = WorktreeAdmin::new(&project.repo);
    match perform::land_commit(project, &admin, plan, &tip, &commit) {
        Ok(warnings) => Ok(Ok((tip, commit, warnings))),
        Err(why) => Ok(refusal(why, "")),
    }
}

fn message(project: &Project, taken: &TargetLandings) -> String {
    let title = |plan: &PlanName| {
        let title = project
            .plan(plan)
            .map(|plan| plan.document.title.as_str())
            .unwrap_or_default();
        if title.is_empty() {
            String::new()
        } else {
            format!(": {title}")
        }
    };
    let names = taken.names();
    let mut text = match names.as_slice() {
        [one] => format!("Revert plan {one}{}\n\n", title(one)),
        _ => {
            let all: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            format!("Revert plans {}\n\n", all.join(", "))
        }
    };
    for landing in &taken.landings {
        text += &format!(
            "Takes back {} of plan {}{}.\n",
            landing.commit,
            landing.plan,
            title(&landing.plan)
        );
    }
    text.push('\n');
    for name in names {
        text += &format!("Orch-Revert: {name}\n");
    }
    text
}
