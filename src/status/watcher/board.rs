//! The folders that are watched for each plan, and the hints that are due. Holds all shared state of a watcher.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::print::{FilePrint, FolderId, folder_id, print};
use crate::plan::LaneId;
use crate::status::watcher::coalescer::{Coalescer, FileChange};

/// The function that takes a plan's hint.
type OnHint = Box<dyn Fn(LaneId) + Send + Sync>;

/// Shared by the kernel's event thread, the minder and the callers.
pub(super) struct WatchBoard {
    on_hint: OnHint,
    state: Mutex<WatchState>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct WatchState {
    folders: BTreeMap<PathBuf, WatchedFolder>,
    /// The folders of each plan.
    of_plans: BTreeMap<LaneId, BTreeSet<PathBuf>>,
    plans: BTreeMap<LaneId, Coalescer>,
    stopped: bool,
}

#[derive(Debug)]
struct WatchedFolder {
    plan: LaneId,
    /// The files that matter.
    names: Vec<OsString>,
    /// The folder that the kernel watches; `None` when the folder is polled.
    watched: Option<FolderId>,
    /// True when the kernel was asked to watch the folder, so that it may have a watch under this path.
    asked: bool,
    /// True when the watch may be on a folder that is no longer at this path.
    doubtful: bool,
    /// The fingerprints at the last poll, in the order of `names`.
    prints: Vec<Option<FilePrint>>,
}

impl WatchState {
    /// The time when the next hint is due.
    fn due(&self) -> Option<Instant> {
        self.plans.values().filter_map(Coalescer::due).min()
    }

    /// True when a folder has no watch.
    fn polls(&self) -> bool {
        self.folders.values().any(|folder| folder.watched.is_none())
    }

    /// The time when the minder has something to do, if nothing happens before.
    fn sleeps_until(&self, next_poll: Instant) -> Option<Instant> {
        self.due()
            .into_iter()
            .chain(self.polls().then_some(next_poll))
            .min()
    }
}

/// The minder's next task.
#[derive(Debug)]
pub(super) enum MinderTask {
    /// Give the hints that are due.
    Due,
    /// Poll the folders that are not watched.
    Poll,
    /// End.
    Stop,
}

/// Separates the paths that `which` picks from the others.
fn split(paths: BTreeSet<PathBuf>, which: impl Fn(&Path) -> bool) -> (Vec<PathBuf>, BTreeSet<PathBuf>) {
    let (mut picked, mut kept) = (Vec::new(), BTreeSet::new());
    for path in paths {
        match which(&path) {
            true => picked.push(path),
            false => drop(kept.insert(path)),
        }
    }
    (picked, kept)
}

impl fmt::Debug for WatchBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl WatchBoard {
    pub(super) fn new(on_hint: OnHint) -> Self {
        Self {
            on_hint,
            state: Mutex::default(),
            wake: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, WatchState> {
        self.state.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// Adds files of a folder to the files that are watched for a plan.
    pub(super) fn add(&self, plan: &LaneId, path: &Path, names: &[&OsStr]) {
        let mut state = self.state();
        let WatchState {
            folders, of_plans, ..
        } = &mut *state;
        let folder = folders.entry(path.to_owned()).or_insert_with(|| WatchedFolder {
            plan: plan.clone(),
            names: Vec::new(),
            watched: None,
            asked: false,
            doubtful: false,
            prints: Vec::new(),
        });
        if folder.plan != *plan {
            let before = std::mem::replace(&mut folder.plan, plan.clone());
            of_plans.entry(before).or_default().remove(path);
        }
        of_plans.entry(plan.clone()).or_default().insert(path.to_owned());
        for name in names {
            if !folder.names.iter().any(|known| known == name) {
                folder.names.push((*name).to_owned());
                folder.prints.push(print(&path.join(name)));
            }
        }
    }

    /// Removes those of a plan's folders that `which` picks, and returns them.
    pub(super) fn remove(&self, plan: &LaneId, which: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
        let mut state = self.state();
        let known = state.of_plans.remove(plan).unwrap_or_default();
        let (removed, kept) = split(known, which);
        for path in &removed {
            state.folders.remove(path);
        }
        if kept.is_empty() {
            state.plans.remove(plan);
        } else {
            state.of_plans.insert(plan.clone(), kept);
        }
        removed
    }

    /// True when the kernel watches the folder that is at this path now.
    pub(super) fn is_watched(&self, path: &Path) -> bool {
        let watched = self.state().folders.get(path).and_then(|folder| folder.watched);
        watched.is_some() && watched == folder_id(path)
    }

    /// True when the kernel may have a watch under this path, on this folder or on an earlier one.
    pub(super) fn was_asked_for(&self, path: &Path) -> bool {
        self.state().folders.get(path).is_none_or(|folder| folder.asked)
    }

    /// Records that the kernel now watches this folder, or none.
    pub(super) fn set_watched(&self, path: &Path, on: Option<FolderId>) {
        if let Some(folder) = self.state().folders.get_mut(path) {
            folder.watched = on;
            folder.asked = true;
            folder.doubtful = false;
        }
    }

    /// Handles a change of a file. Gives a hint at once or later, if the file matters.
    pub(super) fn changed(&self, file: &Path, change: FileChange) {
        let (Some(parent), Some(name)) = (file.parent(), file.file_name()) else {
            return;
        };
        let plan = match self.state().folders.get(parent) {
            Some(folder) if folder.names.iter().any(|known| known == name) => folder.plan.clone(),
            _ => return,
        };
        self.note(plan, change);
    }

    /// Handles the removal of a file that matters, or of the folder itself: the path may lead to another folder now.
    pub(super) fn gone(&self, path: &Path) {
        let lost = self.state().folders.get_mut(path).map(|folder| {
            folder.watched = None;
            // Whatever is found there next is a change.
            folder.prints.fill(None);
            folder.plan.clone()
        });
        if let Some(plan) = lost {
            self.note(plan, FileChange::Whole);
            self.wake.notify_one();
        }
        if let Some(parent) = path.parent()
            && let Some(folder) = self.state().folders.get_mut(parent)
        {
            folder.doubtful = true;
        }
        self.changed(path, FileChange::Whole);
        // This makes sure of a late hint, and with it of a look at the doubtful folder.
        self.changed(path, FileChange::Partial);
    }

    /// Handles lost events: every plan has to be read again, and every watch is in doubt.
    pub(super) fn all_changed(&self) {
        let mut plans: Vec<LaneId> = Vec::new();
        for folder in self.state().folders.values_mut() {
            folder.doubtful = true;
            plans.push(folder.plan.clone());
        }
        for plan in plans {
            self.note(plan, FileChange::Partial);
        }
    }

    /// Records a change of a plan's files.
    pub(super) fn note(&self, plan: LaneId, change: FileChange) {
        let mut state = self.state();
        let coalescer = state.plans.entry(plan.clone()).or_default();
        let owed = coalescer.due();
        let now = coalescer.note(Instant::now(), change);
        if coalescer.due().is_some() && coalescer.due() != owed {
            self.wake.notify_one();
        }
        drop(state);
        if now {
            (self.on_hint)(plan);
        }
    }

    /// Gives the hints that are due. Returns the folders whose watch is in doubt.
    pub(super) fn give_due(&self) -> Vec<PathBuf> {
        let mut state = self.state();
        let now = Instant::now();
        let WatchState { folders, plans, .. } = &mut *state;
        let due: Vec<LaneId> = plans
            .iter_mut()
            .filter_map(|(plan, coalescer)| coalescer.fire(now).then(|| plan.clone()))
            .collect();
        let doubtful = folders.iter().filter(|(_, folder)| folder.doubtful);
        let doubtful = doubtful.map(|(path, _)| path.clone()).collect();
        drop(state);
        due.into_iter().for_each(&self.on_hint);
        doubtful
    }

    /// The folders without a watch.
    pub(super) fn unwatched(&self) -> Vec<PathBuf> {
        let state = self.state();
        let unwatched = state
            .folders
            .iter()
            .filter(|(_, folder)| folder.watched.is_none());
        unwatched.map(|(path, _)| path.clone()).collect()
    }

    /// Compares a folder's files with the last poll, and gives a hint when they differ.
    pub(super) fn poll(&self, path: &Path) {
        let names = match self.state().folders.get(path) {
            Some(folder) => folder.names.clone(),
            None => return,
        };
        let prints: Vec<_> = names.iter().map(|name| print(&path.join(name))).collect();
        let mut changed = None;
        if let Some(folder) = self.state().folders.get_mut(path)
            && folder.names == names
            && folder.prints != prints
        {
            folder.prints = prints;
            changed = Some(folder.plan.clone());
        }
        if let Some(plan) = changed {
            self.note(plan, FileChange::Whole);
        }
    }

    /// Waits until there is something to do. The next poll is at `next_poll`.
    pub(super) fn wait(&self, next_poll: Instant) -> MinderTask {
        let mut state = self.state();
        loop {
            if state.stopped {
                return MinderTask::Stop;
            }
            let now = Instant::now();
            if state.due().is_some_and(|due| due <= now) {
                return MinderTask::Due;
            }
            if state.polls() && next_poll <= now {
                return MinderTask::Poll;
            }
            state = match state.sleeps_until(next_poll) {
                None => self.wake.wait(state).unwrap_or_else(|broken| broken.into_inner()),
                Some(until) => {
                    let timeout = until
                        .saturating_duration_since(now)
                        .max(Duration::from_micros(50));
                    let waited = self.wake.wait_timeout(state, timeout);
                    waited.unwrap_or_else(|broken| broken.into_inner()).0
                }
            };
        }
    }

    #[cfg(test)]
    pub(super) fn sleeps_until(&self, next_poll: Instant) -> Option<Instant> {
        self.state().sleeps_until(next_poll)
    }

    /// Makes the minder check again what it waits for.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends the minder.
    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.wake.notify_one();
    }
}
