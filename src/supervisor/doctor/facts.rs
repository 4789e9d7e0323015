//! Gathering the facts for `orch doctor`. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::agent::{JobFolder, JobState, ProcessId, is_suspended, orphaned_jobs};
use crate::git::{self, ExpectedTree, TreePlace, TreeSeen, WorktreeAdmin, conflict_key};
use crate::graph::Durations;
use crate::journal::{Health, Holder, JournalReader, RepositoryLock, health};
use crate::plan::{AttemptId, LaneId};
use crate::schedule::{AttemptState, Scheduler, State, Work};

use super::executors::executor_facts;
use super::finding::{DoctorFacts, plan_of};
use crate::supervisor::perform::build::repair::REPAIR_KEY;
use crate::supervisor::perform::tree::candidate_pool::train_key;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::orphan_git::orphan_gits;
use crate::supervisor::project::ports;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::recovery::evidence;
use crate::supervisor::recovery::own_refs::{missing_pins, wanted_pins};

/// How many lanes of one plan are searched for without a record of them.
const LANES: u32 = 64;

/// How many worktrees of the merge train are searched for, whatever the manifest says now.
const TRAIN_SLOTS: usize = 16;

/// The facts, and the supervisor that drives the repository.
#[derive(Debug)]
pub struct RepositorySeen {
    /// The facts.
    pub facts: DoctorFacts,
    /// The running supervisor, as it registered itself; `None` when none is running.
    pub driven: Option<Option<Holder>>,
}

/// Gathers all facts. While a supervisor is running, everything that it changes is left out: locks, temporary files, attempts.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn look(project: &Project) -> Result<RepositorySeen, SupervisorError> {
    let driven = RepositoryLock::holder(&project.dir)?;
    let idle = driven.is_none();
    let admin = WorktreeAdmin::new(&project.repo);
    let expected = expected(project);
    let trees = git::worktree::survey(&admin, &expected)?;
    let ours = ours(project, &trees)?;
    let database = health(&project.dir);
    let mut scheduler = Scheduler::new(Work::new(&project.set, &Durations::default(), false));
    let mut known: BTreeSet<String> = project
        .set
        .plans
        .iter()
        .map(|plan| plan.name.to_string())
        .collect();
    if database == Health::Fine
        && let Some(reader) = JournalReader::open(&project.dir)?
    {
        let records = reader.after(0, None)?;
        known.extend(
            records
                .iter()
                .filter_map(|record| Some(record.event.plan()?.to_string())),
        );
        scheduler.replay(records.iter().map(|record| (record.at, &record.event)));
    }
    let sure = database == Health::Fine;
    let stranger = |plan: &str| sure && !known.contains(plan);
    let state = scheduler.state();
    let unknown_attempts = unknown_attempts(project, state)?;
    let unknown_attempts = unknown_attempts.iter().map(ToString::to_string).collect();
    let foreign_runners = foreign_runners(project)?.into_iter();
    let foreign_runners = foreign_runners.map(|(_, folder)| folder.path().to_owned());
    let mut lost_attempts = Vec::new();
    for (_, _, attempt) in state.open_attempts().filter(|_| idle) {
        let found = JobFolder::new(project.dir.attempt(&attempt.id)).state()?;
        let gone = !matches!(found, JobState::Running(_) | JobState::Away(_));
        if gone && !(attempt.state == AttemptState::Assigned && found == JobState::Unstarted) {
            lost_attempts.push(attempt.id.to_string());
        }
    }
    let units = git::refs::all_units(&project.repo)?;
    let exists = |branch: &str| project.repo.branch_tip(branch).map(|tip| tip.is_some());
    let (mut unit_notes, mut orphan_units) = (Vec::new(), Vec::new());
    for (plan, branch) in units {
        match exists(&branch)? {
            false if idle => unit_notes.push((plan, branch)),
            true if stranger(&plan) => orphan_units.push((plan, branch)),
            _ => {}
        }
    }
    let pins = git::refs::pins(&project.repo)?.into_iter();
    let homes = [
        project.dir.attempts(),
        project.dir.verifications(),
        project.dir.setups(),
        project.dir.hooks(),
    ];
    let facts = DoctorFacts {
        orphan_pins: pins
            .filter(|pin| stranger(pin.plan.as_str()))
            .map(|pin| (pin.plan.to_string(), pin.point.to_string()))
            .collect(),
        missing_pins: missing_pins(&project.repo, wanted_pins(state, &project.target))?,
        missing_notes: match idle {
            true => evidence::missing(project, evidence::landings(state))?,
            false => Vec::new(),
        },
        orphan_notes: evidence::orphans(project)?,
        locks: if idle {
            git::lock::git_locks(&admin)?
        } else {
            Vec::new()
        },
        orphans: if idle { orphaned_jobs(&homes) } else { Vec::new() },
        orphan_gits: if idle {
            orphan_gits(project.repo.common_dir())
        } else {
            Vec::new()
        },
        litter: if idle { litter(project) } else { Vec::new() },
        orphan_ports: ports::registered(&project.dir)
            .into_keys()
            .filter(|tree| stranger(tree.split('@').next().unwrap_or(tree)) && !is_of_train(project, tree))
            .collect(),
        landing: idle && project.dir.landing().exists(),
        executors: executor_facts(project),
        database,
        trees,
        ours,
        unit_notes,
        orphan_units,
        unknown_attempts,
        lost_attempts,
        suspended_runners: suspended_runners(&homes),
        foreign_runners: foreign_runners.collect(),
    };
    Ok(RepositorySeen { facts, driven })
}

/// The worktrees that the manifest implies: every plan's own, its existing further lanes, and those of the merge queue.
pub fn expected(project: &Project) -> Vec<ExpectedTree> {
    let mut all = Vec::new();
    for plan in &project.set.plans {
        for number in 0..=LANES {
            let lane = LaneId::new(&plan.name, number);
            let path = project.lane_path(&lane);
            if number > 0 && !path.is_dir() {
                continue;
            }
            all.push(ExpectedTree {
                key: lane.to_string(),
                path,
                branch: (number == 0).then(|| plan.branch.clone()),
                lane: number > 0,
            });
        }
        let path = project.conflict_path(&plan.name);
        if path.is_dir() {
            all.push(ExpectedTree {
                key: conflict_key(&plan.name),
                path,
                branch: None,
                lane: true,
            });
        }
    }
    for key in train_keys(project) {
        let path = project.worktree_path(&key);
        if key != train_key(0) && !path.is_dir() {
            continue;
        }
        all.push(ExpectedTree {
            key,
            path,
            branch: None,
            lane: false,
        });
    }
    all
}

/// The keys of the merge train's worktrees.
fn train_keys(project: &Project) -> impl Iterator<Item = String> + use<> {
    let slots = 0..TRAIN_SLOTS.max(project.set.merge.verify_slots);
    slots.map(train_key).chain([REPAIR_KEY.to_owned()])
}

fn is_of_train(project: &Project, key: &str) -> bool {
    train_keys(project).any(|own| own == key)
}

/// The worktrees without a record that clearly belong to orch: a checkout at the expected path that contains orch's folder, or
/// a branch that carries orch's mark.
fn ours(project: &Project, trees: &[TreeSeen]) -> Result<Vec<String>, SupervisorError> {
    let target = project.repo.branch_tip(&project.target)?;
    let mut ours = Vec::new();
    for tree in trees.iter().filter(|tree| tree.expected && !tree.recorded) {
        let here = tree.place == TreePlace::Worktree && tree.registered;
        let marked = match (&tree.tip, plan_of(&tree.key)) {
            _ if tree.branch.is_none() => here,
            (Some(_), _) if here && tree.has_orch_folder => true,
            (Some(tip), Some(plan)) if here || tree.place == TreePlace::Nothing => {
                let base = target.as_ref().map(|target| project.repo.merge_base(tip, target));
                git::refs::is_of_plan(&project.repo, &plan, tip, base.transpose()?.flatten().as_ref())?
            }
            _ => false,
        };
        if marked {
            ours.push(tree.key.clone());
        }
    }
    Ok(ours)
}

/// Suspended runners of running jobs.
fn suspended_runners(homes: &[PathBuf]) -> Vec<(PathBuf, ProcessId)> {
    let jobs = homes.iter().filter_map(|home| fs::read_dir(home).ok());
    let jobs = jobs.flatten().flatten().map(|job| job.path());
    let runner = |job: &PathBuf| match JobFolder::new(job).state() {
        Ok(JobState::Running(running)) => running.map(|running| running.runner),
        Ok(JobState::Unstarted | JobState::Ended(_) | JobState::Lost(_) | JobState::Away(_)) | Err(_) => None,
    };
    let runners = jobs.filter_map(|job| Some((runner(&job)?, job)));
    let suspended = runners.filter(|(runner, _)| is_suspended(runner.pid));
    suspended.map(|(runner, job)| (job, runner)).collect()
}

/// Every attempt that has a folder, sorted by attempt.
pub(super) fn attempts(project: &Project) -> BTreeMap<AttemptId, JobFolder> {
    let entries = fs::read_dir(project.dir.attempts())
        .into_iter()
        .flatten()
        .flatten();
    let named = entries.filter_map(|entry| {
        let id = AttemptId::from(entry.file_name().to_str()?.to_owned());
        entry.path().is_dir().then(|| (id, JobFolder::new(entry.path())))
    });
    named.collect()
}

/// Temporary files of dead processes that were to be renamed.
pub(super) fn litter(project: &Project) -> Vec<PathBuf> {
    let dir = &project.dir;
    let below = |home: PathBuf| {
        fs::read_dir(home)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    let mut folders = vec![dir.path().to_owned(), dir.path().join("worktrees")];
    for home in [dir.attempts(), dir.verifications(), dir.setups(), dir.hooks()] {
        // A file that a live runner is writing is kept.
        let idle = |path: &PathBuf| {
            !matches!(
                JobFolder::new(path).state(),
                Ok(JobState::Running(_) | JobState::Away(_)) | Err(_)
            )
        };
        folders.extend(below(home).filter(|path| path.is_dir()).filter(idle));
    }
    let mut found: Vec<PathBuf> = folders
        .into_iter()
        .flat_map(below)
        .filter(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "new"))
        .collect();
    found.sort();
    found
}

/// Started attempts of plans in the manifest that are missing from the state.
///
/// # Errors
///
/// When a folder cannot be read.
pub(super) fn unknown_attempts(project: &Project, state: &State) -> Result<Vec<AttemptId>, SupervisorError> {
    let mut unknown = Vec::new();
    for (id, folder) in attempts(project) {
        let Some((plan, _)) = id.parts() else { continue };
        let is_known = || state.plan(&plan).history.iter().any(|record| record.id == id);
        if project.plan(&plan).is_some() && !is_known() && folder.state()? != JobState::Unstarted {
            unknown.push(id);
        }
    }
    Ok(unknown)
}

/// Running attempts whose plans are not in the manifest.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn foreign_runners(project: &Project) -> Result<Vec<(AttemptId, JobFolder)>, SupervisorError> {
    let mut found = Vec::new();
    for (id, folder) in attempts(project) {
        let known = id.parts().is_some_and(|(plan, _)| project.plan(&plan).is_some());
        if !known && matches!(folder.state()?, JobState::Running(_) | JobState::Away(_)) {
            found.push((id, folder));
        }
    }
    Ok(found)
}
