//! Hints that a plan's status may have changed.
//!
//! [`board`] knows which folders belong to which plan and which hints are due; [`signal`] reads the kernel's events;
//! [`minder`] is the thread that gives late hints, places lost watches again and polls folders that cannot be watched.

mod board;
mod coalescer;
mod minder;
mod print;
mod signal;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use notify::{RecommendedWatcher, Watcher as _};

use self::board::WatchBoard;
use self::minder::{Kernel, Minder, Placed};
use crate::plan::LaneId;
use crate::status::files::folder::{OUTBOX, PLAN, READ_UP_TO, STATUS, folder};

/// How often folders without a watch are polled.
const POLL: Duration = Duration::from_secs(1);

/// Watches the folders of the protocol and gives hints: "look at this plan again".
///
/// The first change gives a hint at once. All changes within the next few milliseconds give one more hint, after the
/// last of them. A folder that cannot be watched, or that was removed, is polled once a second until it can be watched.
/// While every folder is watched and nothing happens, no thread wakes up.
#[derive(Debug)]
pub struct Watcher {
    board: Arc<WatchBoard>,
    kernel: Kernel,
    minder: Option<JoinHandle<()>>,
}

impl Watcher {
    /// A watcher that watches nothing yet. `on_hint` runs on the watcher's own threads and delays further hints. So it
    /// should only pass the hint on and return, and call no function of the watcher.
    pub fn new(on_hint: impl Fn(LaneId) + Send + Sync + 'static) -> Self {
        let board = Arc::new(WatchBoard::new(Box::new(on_hint)));
        let ear = Arc::clone(&board);
        // Without a kernel watcher (for example when the limit of inotify instances is reached) every folder is polled.
        let kernel = notify::recommended_watcher(move |event| ear.hear(event)).ok();
        Self::start(board, kernel, POLL)
    }

    fn start(board: Arc<WatchBoard>, kernel: Option<RecommendedWatcher>, poll: Duration) -> Self {
        let kernel = Arc::new(Mutex::new(kernel));
        let minder = Minder::new(Arc::clone(&board), Arc::clone(&kernel), poll);
        let minder = std::thread::Builder::new()
            .name("status watch".to_owned())
            .stack_size(256 << 10)
            .spawn(move || minder.run())
            .ok();
        Self {
            board,
            kernel,
            minder,
        }
    }

    /// Watches the `.orch` folder of a plan's worktree, instead of any earlier folder of that plan. Another call costs
    /// little and repairs a lost watch. A change before the call gives no hint, so read once after the call.
    pub fn watch(&self, plan: &LaneId, worktree: &Path) {
        let folder = folder(worktree);
        self.drop_folders(plan, |other| other != folder && !other.starts_with(worktree));
        self.add(
            plan,
            &folder,
            &[
                STATUS.as_ref(),
                PLAN.as_ref(),
                OUTBOX.as_ref(),
                READ_UP_TO.as_ref(),
            ],
        );
    }

    /// Also watches a plan's committed document. `document` is its full path, in the worktree given to
    /// [`watch`](Self::watch).
    pub fn watch_document(&self, plan: &LaneId, document: &Path) {
        if let (Some(folder), Some(name)) = (document.parent(), document.file_name()) {
            self.add(plan, folder, &[name]);
        }
    }

    /// Stops watching a plan.
    pub fn unwatch(&self, plan: &LaneId) {
        self.drop_folders(plan, |_| true);
    }

    fn add(&self, plan: &LaneId, folder: &Path, names: &[&std::ffi::OsStr]) {
        self.board.add(plan, folder, names);
        if minder::place(&self.board, &self.kernel, folder) != Placed::Yes {
            self.board.wake();
        }
    }

    fn drop_folders(&self, plan: &LaneId, which: impl Fn(&Path) -> bool) {
        let dropped = self.board.remove(plan, which);
        if let Some(kernel) = self
            .kernel
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
            .as_mut()
        {
            for folder in dropped {
                // A deleted folder has no watch.
                let _ = kernel.unwatch(&folder);
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.board.stop();
        if let Some(minder) = self.minder.take() {
            let _ = minder.join();
        }
    }
}

#[cfg(test)]
mod tests;
