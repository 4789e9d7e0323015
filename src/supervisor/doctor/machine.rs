//! The machine's abilities that orch's promises depend on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use serde::Serialize;

use crate::agent::makes_control_groups;
use crate::git::{self, Repository, require_git};

use crate::supervisor::project::repository_plans::Project;

/// How long the notification about a changed file may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The facts about the machine.
#[derive(Debug, Clone, Serialize)]
pub struct MachineFacts {
    /// The version of git, or why no usable git was found.
    pub git: String,
    /// Whether git knows the committer's name here; `None` when that could not be determined.
    pub identity: Option<bool>,
    /// Where worktrees are created: the nearest existing folder above that path.
    pub worktrees: PathBuf,
    /// Whether files there can be copied without copying their contents; `None` when that could not be tested.
    pub reflink: Option<bool>,
    /// Whether `A` and `a` are the same file there.
    pub folds_case: Option<bool>,
    /// Whether changes of files there are reported.
    pub notify: Option<bool>,
    /// Free space there, in bytes.
    pub free_bytes: Option<u64>,
    /// How orch ends every process of an agent, in words.
    pub extinction: &'static str,
    /// True when each attempt gets a control group of its own (version 2, where this user may create one).
    pub cgroup: bool,
}

/// Tests the machine. Writes a few files into a folder of its own beside the worktrees and removes them again.
pub fn machine_facts(project: &Project) -> MachineFacts {
    facts(
        project.worktree_path("x"),
        git::repo::knows_who_commits(&project.repo).ok(),
    )
}

/// Tests the machine before any plans exist: beside this folder, or beside the repository that contains it.
pub fn machine_facts_at(folder: &Path) -> MachineFacts {
    let repo = Repository::discover(folder).ok();
    let identity = repo
        .as_ref()
        .and_then(|repo| git::repo::knows_who_commits(repo).ok());
    let place = repo.and_then(|repo| repo.here().parent().map(Path::to_owned));
    facts(place.unwrap_or_else(|| folder.to_owned()), identity)
}

fn facts(mut place: PathBuf, identity: Option<bool>) -> MachineFacts {
    while !place.is_dir() && place.pop() {}
    let place = place.canonicalize().unwrap_or(place);
    let scratch = tempfile::Builder::new()
        .prefix(".orch-doctor-")
        .tempdir_in(&place)
        .ok();
    let tried = |probe: fn(&Path) -> Option<bool>| scratch.as_ref().and_then(|scratch| probe(scratch.path()));
    let cgroup = makes_control_groups();
    MachineFacts {
        git: require_git().map_or_else(|error| error.to_string(), |version| version.to_string()),
        identity,
        reflink: tried(reflink),
        folds_case: tried(folds_case),
        notify: tried(notify),
        free_bytes: rustix::fs::statvfs(&place)
            .ok()
            .map(|found| found.f_bavail.saturating_mul(found.f_frsize)),
        worktrees: place,
        extinction: if cgroup {
            "a control group for each attempt, sub-reaper, and a sweep of everything that carries the attempt's tag"
        } else {
            "sub-reaper, and a sweep of everything that carries the attempt's tag"
        },
        cgroup,
    }
}

fn reflink(folder: &Path) -> Option<bool> {
    let (from, to) = (folder.join("from"), folder.join("to"));
    fs::write(&from, vec![b'x'; 4096]).ok()?;
    let (from, to) = (fs::File::open(from).ok()?, fs::File::create(to).ok()?);
    Some(rustix::fs::ioctl_ficlone(&to, &from).is_ok())
}

fn folds_case(folder: &Path) -> Option<bool> {
    fs::write(folder.join("case"), "").ok()?;
    Some(folder.join("CASE").exists())
}

fn notify(folder: &Path) -> Option<bool> {
    let (told, tells) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event| {
        let _ = told.send(event);
    })
    .ok()?;
    if watcher.watch(folder, RecursiveMode::NonRecursive).is_err() {
        return Some(false);
    }
    fs::write(folder.join("noticed"), "").ok()?;
    Some(tells.recv_timeout(PATIENCE).is_ok())
}
