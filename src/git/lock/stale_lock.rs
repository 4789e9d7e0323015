//! Lock files left by killed git commands.
//!
//! A lock file does not name its owner, and the owner need not even have it open: `git commit -a` closes `index.lock`
//! and keeps it for as long as its editor is open. So a lock counts as stale only when no process has it open, no git
//! process old enough to have made it works in the repository, and both facts still hold at a second look.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::git::admin::spec::{EnsureError, WorktreeRefusal};
use crate::git::admin::worktree_admin::{AdminLock, WorktreeAdmin};
use crate::git::files::error::GitError;
use crate::git::files::git_process::subcommand;
use crate::git::files::lock_holder::LockHolder;
use crate::git::files::registration::{read_head, registrations};
use crate::git::files::regular;
use crate::git::program::command::PACKED_REFS_TIMEOUT;
use crate::git::repo::ids::branch_ref;
use crate::git::state::inspect::git_dir;

const PATIENCE: Duration = Duration::from_secs(10);

/// A git process that is older than a dead `packed-refs.lock`, and waits for it, looks like its owner. Such a process
/// may wait twice, for example for the end of a merge and then for the branch, and must still end within `PATIENCE`.
const _: () = assert!(PATIENCE.as_millis() > 3 * PACKED_REFS_TIMEOUT.as_millis());

/// Removes `index.lock` from a worktree's admin dir when its owner is gone; waits for a living owner.
pub(in crate::git) fn clear_index(admin: &Path) -> Result<(), EnsureError> {
    clear(&admin.join("index.lock"))
}

/// Removes `FILE.lock` when its owner is dead; waits for a living owner.
pub(in crate::git) fn clear_beside(file: &Path) -> Result<(), EnsureError> {
    let mut lock = file.as_os_str().to_owned();
    lock.push(".lock");
    clear(Path::new(&lock))
}

/// Removes the lock of a branch that orch recorded as being made and that does not exist. The admin lock ensures that
/// no git command of orch works on the branch, and nobody else makes that branch.
pub(in crate::git) fn clear_branch(
    _lock: &AdminLock<'_>,
    common_dir: &Path,
    branch: &str,
) -> Result<(), EnsureError> {
    clear_beside(&common_dir.join(branch_ref(branch)))
}

/// Removes the lock of `packed-refs` and the half-written new file beside it. Every deletion of a branch needs this
/// lock.
pub(in crate::git) fn clear_packed(common_dir: &Path) -> Result<(), EnsureError> {
    let lock = common_dir.join("packed-refs.lock");
    if !lock.exists() {
        return Ok(());
    }
    // The new file goes first: while the lock exists, nobody else begins a new file.
    clear(&common_dir.join("packed-refs.new"))?;
    clear(&lock)
}

/// The lock files in a worktree's admin dir: the worktree's own and its submodules'.
pub(in crate::git) fn locks_of_admin_dir(admin_dir: &Path) -> Vec<PathBuf> {
    let mut found = locks_in(admin_dir);
    found.extend(locks_below(&admin_dir.join("modules")));
    found
}

/// Removes the locks of refs below a folder that only orch writes to, from its own processes.
pub(in crate::git) fn clear_below(folder: &Path) -> Result<(), EnsureError> {
    locks_below(folder).iter().try_for_each(|lock| clear(lock))
}

/// The lock files in a folder.
pub(in crate::git) fn locks_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "lock"))
        .collect()
}

/// The lock files in a folder and in all folders below.
pub(in crate::git) fn locks_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        found.extend(locks_in(&folder));
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        open.extend(folders.map(|entry| entry.path()));
    }
    found
}

/// Removes the locks in a worktree's admin dir: of HEAD, the index, `AUTO_MERGE` and every other file there, and of the
/// worktree's submodules. No other worktree uses these locks.
pub(in crate::git) fn clear_admin_dir(admin_dir: &Path) -> Result<(), EnsureError> {
    locks_of_admin_dir(admin_dir)
        .iter()
        .try_for_each(|lock| clear(lock))
}

/// Removes the locks that killed git commands have left in worktrees that orch made, except worktrees in which a
/// process still runs. Call this only while no agent is at work.
///
/// # Errors
///
/// When such a file is held open, or cannot be removed.
pub fn clear_dead_locks(admin: &WorktreeAdmin) -> Result<(), EnsureError> {
    // Nearly always there is no lock at all. Then there is no need to find out which worktrees are orch's.
    let admin_dirs = fs::read_dir(admin.repo.common_dir().join("worktrees"));
    let mut admin_dirs = admin_dirs.into_iter().flatten().flatten();
    if admin_dirs.all(|one| locks_of_admin_dir(&one.path()).is_empty()) {
        return Ok(());
    }
    for key in admin.keys()? {
        let Some(record) = admin.read_record(&key)? else {
            continue;
        };
        let Ok(admin_dir) = git_dir(&record.path) else {
            continue;
        };
        if !locks_of_admin_dir(&admin_dir).is_empty() && !is_somebody_in(&record.path) {
            clear_admin_dir(&admin_dir)?;
        }
    }
    Ok(())
}

/// Removes the locks that killed git commands have left in a worktree, and the lock of its branch. Call this only while
/// no agent is at work in the worktree.
///
/// # Errors
///
/// When such a file is held open, or cannot be removed.
pub fn clear_dead_locks_of(worktree: &Path, common_dir: &Path) -> Result<(), EnsureError> {
    let admin_dir = git_dir(worktree)?;
    clear_admin_dir(&admin_dir)?;
    match read_head(&admin_dir.join("HEAD")) {
        Some(Some(branch)) => clear_beside(&common_dir.join(branch_ref(&branch))),
        _ => Ok(()),
    }
}

/// Removes the locks that killed git commands have left on these branches and on the branches of their units,
/// `BRANCH.UNIT`, including deleted branches. Call this only while no agent is at work.
///
/// # Errors
///
/// When such a file is held open, or cannot be removed.
pub fn clear_dead_locks_of_branches<'a>(
    common_dir: &Path,
    branches: impl IntoIterator<Item = &'a str>,
) -> Result<(), EnsureError> {
    for branch in branches {
        let branch = common_dir.join(branch_ref(branch));
        let (Some(folder), Some(name)) = (branch.parent(), branch.file_name()) else {
            continue;
        };
        let units = [name.as_bytes(), b"."].concat();
        let of_branch = |lock: &PathBuf| {
            lock.file_name()
                .is_some_and(|lock| lock.as_bytes().starts_with(&units))
        };
        locks_in(folder)
            .iter()
            .filter(|lock| of_branch(lock))
            .try_for_each(|lock| clear(lock))?;
    }
    Ok(())
}

/// True when a process has its working directory in the folder. Such a process may hold a lock without having it open:
/// git closes some lock files and keeps them, for example while an editor is open.
fn is_somebody_in(folder: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut places = processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok());
    places.any(|place| place.starts_with(folder))
}

/// Held from the look at a lock to its removal, so that no other thread can replace the lock with its own in between.
static REMOVING: Mutex<()> = Mutex::new(());

fn clear(lock: &Path) -> Result<(), EnsureError> {
    let until = Instant::now() + PATIENCE;
    let mut unowned: Option<(u64, u64)> = None;
    loop {
        let alone = REMOVING.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(found) = fs::symlink_metadata(lock) else {
            return Ok(());
        };
        let this = (found.dev(), found.ino());
        let held = holder(lock, &found);
        if held.is_some() {
            unowned = None;
        } else if unowned == Some(this) {
            match fs::remove_file(lock) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(GitError::io("remove", lock)(error).into());
                }
                _ => return Ok(()),
            }
        } else {
            // A living git process closes the lock file just before it renames the file. A stale lock still exists at
            // the next look.
            unowned = Some(this);
        }
        drop(alone);
        if Instant::now() > until {
            let lock = lock.to_owned();
            return Err(WorktreeRefusal::Busy { lock, held }.into());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Who may hold a lock file. The file does not name its holder, and git does not keep every lock file open. So a lock
/// has no holder only when no process has it open and no running git process is as old as the lock.
pub(in crate::git) fn holder(lock: &Path, found: &fs::Metadata) -> Option<LockHolder> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Some(LockHolder::unknown());
    };
    let processes: Vec<PathBuf> = entries
        .flatten()
        .filter(|process| process.file_name().as_bytes().iter().all(u8::is_ascii_digit))
        .map(|process| process.path())
        .collect();
    let open = lock
        .canonicalize()
        .ok()
        .and_then(|lock| processes.iter().find(|process| has_open(process, &lock)));
    open.map(|process| LockHolder::of(process, true)).or_else(|| {
        let age = found.modified().ok().and_then(|made| made.elapsed().ok());
        let (age, places) = (age.unwrap_or_default(), places_of(lock));
        let git = processes
            .iter()
            .find(|process| may_have_made(process, age, &places))?;
        Some(LockHolder::of(git, false))
    })
}

/// True for a git process that is at least as old as a lock and works, or may work, in the lock's repository.
fn may_have_made(process: &Path, age: Duration, places: &[PathBuf]) -> bool {
    let named_git = fs::read(process.join("comm")).is_ok_and(|name| name.starts_with(b"git"));
    if !named_git || age_of(process).is_some_and(|born| born + SLACK < age) {
        return false;
    }
    // A program that merges many branches keeps a `git merge-tree` process alive for as long as it merges.
    if fs::read(process.join("cmdline")).is_ok_and(|line| subcommand(&line) == Some(b"merge-tree")) {
        return false;
    }
    match fs::read_link(process.join("cwd")) {
        Ok(folder) => places.iter().any(|place| folder.starts_with(place)),
        // A process that has ended meanwhile owns nothing. A process that may not be inspected may own the lock.
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}

/// The kernel gives the start time of a process in hundredths of a second.
const SLACK: Duration = Duration::from_millis(50);

/// How long ago a process began, by field 22 of its `stat` and the time since boot.
fn age_of(process: &Path) -> Option<Duration> {
    let stat = fs::read(process.join("stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let fields = stat.rsplit_once(')')?.1;
    let ticks: u64 = fields.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    let hertz = rustix::param::clock_ticks_per_second();
    let began = Duration::from_millis(ticks.saturating_mul(1000) / hertz.max(1));
    Some(Duration::from_secs_f64(uptime).saturating_sub(began))
}

/// The folders in which a holder of this lock may work: the repository's folders, and all its worktrees. The git
/// directory of a submodule lies inside that of the superproject, whose worktrees have the submodule's files.
fn places_of(lock: &Path) -> Vec<PathBuf> {
    let holds_head = |folder: &&Path| folder.join("HEAD").is_file();
    let around: Vec<&Path> = lock.ancestors().skip(1).filter(holds_head).collect();
    let git_dirs = if around.is_empty() { vec![lock] } else { around };
    let mut places = Vec::new();
    for git_dir in git_dirs {
        let common = regular::read_to_string(&git_dir.join("commondir")).ok();
        let common = common.map_or_else(|| git_dir.to_owned(), |path| git_dir.join(path.trim_end()));
        let common = common.canonicalize().unwrap_or(common);
        let known = registrations(&common).unwrap_or_default();
        places.extend(known.into_iter().map(|known| known.path));
        if common.file_name().is_some_and(|name| name == ".git") {
            places.extend(common.parent().map(Path::to_owned));
        }
        places.push(common);
    }
    places
}

fn has_open(process: &Path, file: &Path) -> bool {
    let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    open.map(|open| fs::read_link(open.path()))
        .any(|target| target.is_ok_and(|target| target == file))
}
