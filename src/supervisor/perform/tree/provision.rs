//! Preparing a worktree before anybody works in it: copying files from the main checkout, the `setup` line, and the hook
//! `post_create`. Each step is done once. Interrupted steps are continued. A setup that a dead supervisor left running is waited
//! for.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::agent::{Environment, ExitRecord, JobFolder, JobState, Runner};
use crate::failpoint;
use crate::git::{self, ORCH_DIR, inspect};
use crate::journal::SCHEMA;
use crate::plan::{FinishCheck, Setup};
use crate::schedule::Exit;

use super::copy_in::{CopyError, copy_in};
use super::disk;
use crate::supervisor::perform::command::hook::{Hook, hook};
use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::command::verify::VerifyOutcome;
use crate::supervisor::project::repository_plans::Project;

/// The longest duration of the hook `post_create`.
const HOOK_LONGEST: Duration = Duration::from_secs(10 * 60);
/// The pause between two checks for free disk space.
const PAUSE: Duration = Duration::from_millis(500);

/// The record in the worktree, in the folder that git ignores. It disappears with the files, so a worktree that was deleted by
/// hand is prepared again.
const NOTE: &str = "setup.json";

/// Why a worktree is not ready.
#[derive(Debug)]
pub enum Unready {
    /// The preparation failed; the reason in words.
    Failed(String),
    /// A person asked to stop.
    Stopped,
}

/// Reports a preparation's progress, and tells whether it has to end.
pub struct Progress<'a> {
    /// Called with a text before a slow step.
    pub say: &'a dyn Fn(String),
    /// True once a person asked to stop.
    pub stop: &'a AtomicBool,
}

impl Progress<'_> {
    fn go_on(&self) -> Result<(), Unready> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Unready::Stopped),
            false => Ok(()),
        }
    }

    /// Waits until there is enough disk space.
    pub fn wait_for_room(&self, project: &Project) -> Result<(), Unready> {
        self.go_on()?;
        let Some(why) = disk::shortage(project) else {
            return Ok(());
        };
        (self.say)(why);
        while disk::shortage(project).is_some() {
            std::thread::sleep(PAUSE);
            self.go_on()?;
        }
        Ok(())
    }
}

/// One worktree to be prepared.
pub struct Provisioning<'a> {
    /// The name of its log.
    pub key: &'a str,
    /// Its folder.
    pub worktree: &'a Path,
    /// The setup.
    pub setup: &'a Setup,
    /// The environment of its commands.
    pub variables: &'a Environment,
    /// The longest duration of the setup.
    pub timeout: Duration,
    /// The time between TERM and KILL.
    pub grace: Duration,
    /// The hook's data.
    pub event: serde_json::Value,
}

/// The progress of a worktree's preparation.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct ProvisionRecord {
    schema: u32,
    /// Unique to this worktree, even among earlier ones at the same path.
    id: String,
    copied: bool,
    set_up: bool,
    told: bool,
}

impl ProvisionRecord {
    fn path(worktree: &Path) -> PathBuf {
        worktree.join(ORCH_DIR).join(NOTE)
    }

    fn read(worktree: &Path) -> Self {
        let known = fs::read(Self::path(worktree)).ok();
        let known = known.and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        known.filter(|note| !note.id.is_empty()).unwrap_or_else(|| Self {
            schema: SCHEMA,
            id: format!("{:x}-{}", Timestamp::now().as_nanosecond(), std::process::id()),
            ..Self::default()
        })
    }

    fn write(&self, worktree: &Path) -> Result<(), Unready> {
        let path = Self::path(worktree);
        let new = path.with_extension("new");
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(worktree.join(ORCH_DIR))?;
            fs::write(&new, serde_json::to_vec(self)?)?;
            failpoint::around("setup.note", || fs::rename(&new, &path))
        };
        write().map_err(|error| Unready::Failed(format!("{} cannot be written: {error}", path.display())))
    }
}

/// Prepares a worktree, or continues a preparation, and returns warnings. For a prepared worktree only the record is read.
///
/// # Errors
///
/// When a step failed, with the end of its output, or when a person asked to stop.
pub fn provision(
    project: &Project,
    wanted: &Provisioning<'_>,
    progress: &Progress<'_>,
) -> Result<Vec<String>, Unready> {
    let mut warnings = Vec::new();
    let hook_line = project.set.hooks.post_create.as_deref();
    let included = !wanted.setup.copy.is_empty() || git::state::has_include_file(&project.repo);
    if !included && wanted.setup.line.is_none() && hook_line.is_none() {
        return Ok(warnings);
    }
    let mut note = ProvisionRecord::read(wanted.worktree);
    if included && !note.copied {
        note.write(wanted.worktree)?;
        warnings.extend(copy(project, wanted, progress)?);
        note.copied = true;
        note.write(wanted.worktree)?;
    }
    if let Some(line) = wanted.setup.line.as_deref().filter(|_| !note.set_up) {
        note.write(wanted.worktree)?;
        progress.go_on()?;
        warnings.extend(run_setup(project, wanted, line, &note.id, progress)?);
        note.set_up = true;
        note.write(wanted.worktree)?;
    }
    if let Some(line) = hook_line.filter(|_| !note.told) {
        progress.go_on()?;
        let call = Hook {
            name: &format!("post_create-{}", wanted.key),
            key: "post_create",
            line,
            folder: wanted.worktree,
            event: &wanted.event,
            longest: HOOK_LONGEST,
        };
        let told = hook(project, &call, wanted.variables.clone());
        told.map_err(|why| match progress.go_on() {
            Ok(()) => Unready::Failed(why),
            Err(stopped) => stopped,
        })?;
        note.told = true;
        note.write(wanted.worktree)?;
    }
    Ok(warnings)
}

fn copy(
    project: &Project,
    wanted: &Provisioning<'_>,
    progress: &Progress<'_>,
) -> Result<Vec<String>, Unready> {
    let included = git::state::included(&project.repo, &wanted.setup.copy);
    let included = included.map_err(|error| Unready::Failed(error.to_string()))?;
    let aside = wanted.worktree.join(ORCH_DIR).join("copying");
    let mut look = || progress.wait_for_room(project);
    let copied = copy_in(
        project.repo.top(),
        wanted.worktree,
        &included.files,
        &aside,
        &mut look,
    );
    let copied = copied.map_err(|error| match error {
        CopyError::Failed(why) => Unready::Failed(why),
        CopyError::Ended(why) => why,
    })?;
    let mut warnings = Vec::new();
    if let Some(first) = copied.in_the_way.first() {
        warnings.push(format!(
            "{} files were not copied into the worktree, {} among them: a file is in the place of a folder",
            copied.in_the_way.len(),
            first.display()
        ));
    }
    if let Some(first) = included.repositories.first() {
        let first = first.display();
        warnings.push(format!(
            "{first} was not copied into the worktree: it is a repository of its own"
        ));
    }
    Ok(warnings)
}

fn run_setup(
    project: &Project,
    wanted: &Provisioning<'_>,
    line: &str,
    id: &str,
    progress: &Progress<'_>,
) -> Result<Option<String>, Unready> {
    let folder = JobFolder::new(project.dir.setup(wanted.key));
    let log = folder.log();
    let tag = format!("setup-{}-{id}", wanted.key);
    let checks = [FinishCheck::verify(line)];
    let at_work = verify::at_work(&folder, &tag, &checks);
    let passed = |record: &ExitRecord| record.exit == Exit::Code { code: 0 };
    let ended = at_work.is_none()
        && matches!(folder.state(), Ok(JobState::Ended(record)) if passed(&record))
        && verify::is_job(&folder, &tag, line);
    if !ended {
        (progress.say)(format!("`{line}` runs in it (its log: {})", log.display()));
        let check = verify::Check {
            tag,
            checks: &checks,
            worktree: wanted.worktree,
            timeout: wanted.timeout,
            grace: wanted.grace,
            gently: false,
        };
        match verify::run(
            project,
            &folder,
            wanted.variables.clone(),
            &check,
            at_work,
            &|| false,
        ) {
            Ok(VerifyOutcome::Passed) => {}
            Ok(VerifyOutcome::Stopped) => return Err(Unready::Stopped),
            Ok(VerifyOutcome::Failed { why, .. }) | Err(why) => {
                return Err(Unready::Failed(format!(
                    "its setup failed: {why}\n(the whole log: {})",
                    log.display()
                )));
            }
        }
    }
    // An agent's leftovers are committed: without this, changes made by the setup would be taken for the agent's work.
    let dirty = inspect(wanted.worktree)
        .map(|state| state.dirty)
        .unwrap_or_default();
    Ok(dirty.first().map(|first| {
        format!(
            "the setup `{line}` left {} uncommitted, which will be committed as an agent's work: let it change ignored \
             files only",
            match dirty.len() {
                1 => first.display().to_string(),
                more => format!("{} and {} more files", first.display(), more - 1),
            }
        )
    }))
}

/// Ends running setups: those of these worktrees, or all. Each reports its end by itself.
pub fn stop_setups(project: &Project, of: Option<&str>) {
    let entries = |home: PathBuf| fs::read_dir(home).into_iter().flatten().flatten();
    let setups = entries(project.dir.setups()).map(|entry| (entry.path(), entry.file_name()));
    let hooks = entries(project.dir.hooks()).filter_map(|entry| {
        let name = entry.file_name();
        let key = name.to_str()?.strip_prefix("post_create-")?;
        Some((entry.path(), key.into()))
    });
    for (folder, key) in setups.chain(hooks) {
        let key = key.to_string_lossy();
        let wanted = of.is_none_or(|plan| key == plan || key.split('@').next() == Some(plan));
        if wanted && let Ok(Some(runner)) = Runner::adopt(JobFolder::new(folder)) {
            Runner::stop(runner.process(), false);
        }
    }
}

/// The hook's data about a worktree.
pub fn created(plan: Option<&str>, lane: u32, worktree: &Path, branch: Option<&str>) -> serde_json::Value {
    json!({
        "schema": SCHEMA,
        "event": "worktree.created",
        "plan": plan,
        "data": { "lane": lane, "path": worktree.to_string_lossy(), "branch": branch },
    })
}
