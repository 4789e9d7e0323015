//! The features of the machine that orch relies on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use serde::Serialize;

use crate::agent::makes_control_groups;
use crate::git::{self, Repository, require_git};

use crate::supervisor::project::repository_plans::Project;

/// How long a change of a file may take to be reported.
const PATIENCE: Duration = Duration::from_secs(2);

/// The machine, as far as it matters.
#[derive(Debug, Clone, Serialize)]
pub struct MachineFacts {
    /// The version of git, or why there is none that will do.
    pub git: String,
    /// Whether git knows in whose name commits are made here; none when that could not be asked.
    pub identity: Option<bool>,
    /// Where worktrees are made: the nearest folder above that exists.
    pub worktrees: PathBuf,
    /// Whether files can be copied there without copying their content; none when it could not be tried.
    pub reflink: Option<bool>,
    /// Whether `A` and `a` are the same file there.
    pub folds_case: Option<bool>,
    /// Whether changes of files are reported there.
    pub notify: Option<bool>,
    /// Free room there, in bytes.
    pub free_bytes: Option<u64>,
    /// How orch ends every process of an agent, in words.
    pub extinction: &'static str,
    /// True when each attempt gets a control group of its own (version 2, where this user may make one).
    pub cgroup: bool,
}

/// Looks at the machine. Writes a few files into a folder of its own beside the worktrees and takes them away again.
pub fn machine_facts(project: &Project) -> MachineFacts {
    facts(
        project.worktree_path("x"),
        git::repo::knows_who_commits(&project.repo).ok(),
    )
}

/// Looks at the machine where no manifest exists yet: beside this folder, or beside the repository that holds the folder.
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
