//! `orch clean`

use std::fs::{self, File, TryLockError};

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::call::asking::refuse_agents;
use crate::cli::call::{CliError, Context, ProgramExit, output};
use crate::git::{self, RecordedLanding, RemoveError, UnitBranch, WorktreeAdmin, conflict_key};
use crate::journal::{RepositoryLock, SCHEMA};
use crate::plan::{CommitId, LandedBy, Plan, PlanName};
use crate::report::size;
use crate::schedule::State;
use crate::supervisor::{
    Project, Situation, after_removal, before_removal, check_places, lane_of, record_landings,
    remove_old_ends,
};

/// Remove worktrees and branches of landed plans
///
/// Nothing that has not landed and nothing uncommitted is removed.
#[derive(Debug, clap::Args)]
pub struct CleanArgs {
    /// Only these plans [default: all]
    #[arg(value_name = "PLAN")]
    plans: Vec<String>,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// The output of `orch clean --json`.
#[derive(Debug, Serialize)]
struct Cleaned {
    schema: u32,
    removed: Vec<String>,
    kept: Vec<KeptPlan>,
    /// Ignored files that are removed with a worktree.
    ignored: Vec<IgnoredPath>,
    /// The backups of branches whose own commits are not on the target.
    backups: Vec<Put>,
}

#[derive(Debug, Serialize)]
struct IgnoredPath {
    name: String,
    path: String,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct Put {
    name: String,
    #[serde(rename = "ref")]
    reference: String,
    commit: CommitId,
    why: Option<LandedBy>,
}

#[derive(Debug, Serialize)]
struct KeptPlan {
    name: String,
    why: String,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or git refuses.
pub fn run(context: &Context, args: &CleanArgs) -> Result<ProgramExit, CliError> {
    if !args.dry_run {
        refuse_agents("removes worktrees and branches")?;
    }
    let project = context.project_to_end()?;
    let named = context.plans(&project, &args.plans)?;
    let turn = match args.dry_run {
        true => None,
        false => Some(Turn::wait(&project)?),
    };
    // Another cleaning may have been taking worktrees away until now.
    check_places(&project)?;
    // Record landings first: the evidence that a person landed a plan disappears with its branch.
    if !args.dry_run {
        record_landings(&project)?;
    }
    // The lock keeps a supervisor from starting meanwhile. If one is already running, its worktrees are left alone.
    let alone = match &turn {
        Some(_) => RepositoryLock::take(&project.dir, "clean")?.ok(),
        None => None,
    };
    let situation = Situation::look(&project)?;
    let state = situation.scheduler.state();
    let admin = WorktreeAdmin::new(&project.repo);
    let Some(target) = project.repo.branch_tip(&project.target)? else {
        return Err(CliError::new(
            ProgramExit::Nothing,
            format!("nothing has landed: there is no branch `{}`", project.target),
        ));
    };
    let mut cleaned = Cleaned {
        schema: SCHEMA,
        removed: Vec::new(),
        kept: Vec::new(),
        ignored: Vec::new(),
        backups: Vec::new(),
    };
    // A problem with one worktree keeps only that worktree.
    let mut troubled = false;
    let cleaning = Cleaning {
        project: &project,
        admin: &admin,
        situation: &situation,
        target: &target,
        driven: alone.is_none() && RepositoryLock::holder(&project.dir)?.is_some(),
        dry_run: args.dry_run,
    };
    let mut keys = admin.keys()?;
    // Lanes before the plan's own worktree, which takes the plan's branch with it.
    keys.reverse();
    for key in keys {
        let plan = plan_of(&project, &key);
        let wanted = |name: &PlanName| plan.is_some_and(|plan| plan.name == *name);
        if !named.is_empty() && !named.iter().any(wanted) {
            continue;
        }
        if let Some(plan) = plan.filter(|plan| !args.dry_run && key == plan.name.as_str()) {
            let run = state.plan(&plan.name);
            if !run.is_at_work() && !run.landed.is_empty() {
                remove_units(&project, plan, &mut cleaned);
            }
        }
        let why = match cleaning.obstacle(plan) {
            Some(why) => why.to_owned(),
            None => match cleaning.remove(&key, plan, &mut cleaned)? {
                Some(error) => {
                    troubled |= matches!(error, RemoveError::Git(_));
                    error.to_string()
                }
                None => continue,
            },
        };
        let name = shown(&project, &key);
        cleaned.kept.push(KeptPlan { name, why });
    }
    if !args.dry_run && named.is_empty() {
        for why in remove_old_ends(&project) {
            anstream::eprintln!("warning: {why}");
        }
    }
    show(context, &cleaned, args.dry_run)?;
    Ok(if troubled {
        ProgramExit::Trouble
    } else {
        ProgramExit::Done
    })
}

/// The state of one `orch clean`.
struct Cleaning<'a> {
    project: &'a Project,
    admin: &'a WorktreeAdmin,
    situation: &'a Situation,
    target: &'a CommitId,
    /// True while a supervisor is running.
    driven: bool,
    dry_run: bool,
}

impl Cleaning<'_> {
    /// Returns why the worktree of a plan, or of the merge queue, must stay.
    fn obstacle(&self, plan: Option<&Plan>) -> Option<&'static str> {
        let Some(plan) = plan else {
            return self.driven.then_some("a supervisor is at work");
        };
        let run = self.situation.scheduler.state().plan(&plan.name);
        let mut found = self.situation.found.iter();
        if run.is_at_work() {
            Some("an agent works in it")
        } else if run.landed.is_empty() {
            // Any target contains a branch without commits of its own, so that alone does not prove a landing.
            Some("it has not landed")
        } else if !self.dry_run && found.any(|found| found.plan() == Some(&plan.name)) {
            Some("the supervisor at work has not noted yet that it has landed: try again in a moment")
        } else {
            None
        }
    }

    /// Removes a worktree, or returns why it stays.
    fn remove(
        &self,
        key: &str,
        plan: Option<&Plan>,
        cleaned: &mut Cleaned,
    ) -> Result<Option<RemoveError>, CliError> {
        let (project, admin) = (self.project, self.admin);
        let landing = recorded(project, self.situation.scheduler.state(), plan);
        let found = git::worktree::removable_once_landed(admin, key, self.target, landing.as_ref());
        let removable = match found {
            Ok(removable) => removable,
            Err(error) => return Ok(Some(error)),
        };
        let name = shown(project, key);
        if !self.dry_run {
            if let Some(why) = before_removal(project, key, plan, removable.path()) {
                anstream::eprintln!("warning: {name}: {why}");
            }
            let lock = admin.lock()?;
            let backups = match git::worktree::remove(admin, &lock, &removable) {
                Ok(backups) => backups,
                Err(error) => return Ok(Some(error)),
            };
            cleaned.backups.extend(backups.into_iter().map(|backup| Put {
                name: name.clone(),
                reference: backup.name,
                commit: backup.commit,
                why: removable.landed().cloned(),
            }));
            if let Err(error) = after_removal(project, key) {
                anstream::eprintln!("warning: the ports of {name} are not given back: {error}");
            }
        }
        let ignored = removable.ignored().iter().map(|found| IgnoredPath {
            name: name.clone(),
            path: found.path.to_string_lossy().into_owned(),
            bytes: found.bytes,
        });
        cleaned.ignored.extend(ignored);
        cleaned.removed.push(name);
        Ok(None)
    }
}

/// The turn of this `orch clean` among several.
struct Turn {
    _file: File,
}

impl Turn {
    /// Waits until no other `orch clean` is running.
    fn wait(project: &Project) -> Result<Self, CliError> {
        let path = project.dir.clean_lock();
        let open = || {
            fs::create_dir_all(project.dir.path())?;
            File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
        };
        let failed = || format!("cannot lock {}", path.display());
        let file = open().with_context(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                anstream::eprintln!("waiting for another `orch clean` to end");
                file.lock().with_context(failed)?;
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(failed)?,
        }
        Ok(Self { _file: file })
    }
}

/// Returns the recorded landing of the plan.
fn recorded(project: &Project, state: &State, plan: Option<&Plan>) -> Option<RecordedLanding> {
    let run = state.plan(&plan?.name);
    Some(RecordedLanding {
        head: run.landed_heads.get(&project.target)?.clone(),
        commit: run.landed.get(&project.target)?.clone(),
    })
}

/// Returns the plan that a worktree belongs to: the plan's own, one of its other lanes, or the worktree of its conflict.
fn plan_of<'c>(project: &'c Project, key: &str) -> Option<&'c Plan> {
    let mut plans = project.set.plans.iter();
    plans.find(|plan| lane_of(&plan.name, key).is_some() || conflict_key(&plan.name) == key)
}

/// Returns true for the worktree in which a plan's conflict was resolved.
fn is_conflict(key: &str) -> bool {
    let plan = key
        .split_once('@')
        .and_then(|(plan, _)| plan.parse::<PlanName>().ok());
    plan.is_some_and(|plan| conflict_key(&plan) == key)
}

/// Deletes the branches of a landed plan's tasks. A branch with its own commits is kept.
fn remove_units(project: &Project, plan: &Plan, cleaned: &mut Cleaned) {
    for branch in git::refs::units(&project.repo, &plan.name).unwrap_or_default() {
        let unit = UnitBranch {
            plan: plan.name.clone(),
            plan_branch: plan.branch.clone(),
            branch: branch.clone(),
        };
        if let Err(error) = git::refs::delete_unit(&project.repo, &unit) {
            cleaned.kept.push(KeptPlan {
                name: branch,
                why: error.to_string(),
            });
        }
    }
}

/// Returns the worktree's name for people. The merge queue's worktree has a name that no plan can have.
fn shown(project: &Project, key: &str) -> String {
    match (key.split_once('@'), plan_of(project, key)) {
        (Some((name, _)), Some(_)) if is_conflict(key) => format!("{name} (its conflict)"),
        (Some((name, lane)), Some(_)) => format!("{name} (lane {lane})"),
        (Some(_), None) => "the merge queue's worktree".to_owned(),
        (None, _) => key.to_owned(),
    }
}

fn show(context: &Context, cleaned: &Cleaned, dry_run: bool) -> Result<(), CliError> {
    if context.json {
        return output::json(cleaned);
    }
    let verb = if dry_run { "would remove" } else { "removed" };
    let mut text = String::new();
    for name in &cleaned.removed {
        text += &format!("{verb} {name}\n");
        for gone in cleaned.ignored.iter().filter(|gone| gone.name == *name) {
            text += &format!("  with the ignored {} ({})\n", gone.path, size(gone.bytes));
        }
        for put in cleaned.backups.iter().filter(|put| put.name == *name) {
            let why = put.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            text += &format!("  its commits are kept as {}{why}\n", put.reference);
        }
    }
    for kept in &cleaned.kept {
        text += &format!("kept {}: {}\n", kept.name, kept.why);
    }
    if text.is_empty() {
        text = "nothing to clean\n".to_owned();
    }
    output::text(&text)
}
