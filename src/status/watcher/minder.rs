//! The thread behind a watcher. It sleeps unless a late hint is due or a folder has no watch.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::board::{MinderTask, WatchBoard};
use super::print::folder_id;

/// The number of polls between two tries to watch a folder that the kernel refused to watch. The kernel's limit is not
/// raised every second.
const PATIENCE: u32 = 30;

/// The kernel's watcher; `None` when it could not be made. Locked only while [`WatchBoard`] is not locked, because its
/// calls wait for the thread that gives events to the board.
pub(super) type Kernel = Arc<Mutex<Option<RecommendedWatcher>>>;

/// Gives late hints and takes care of folders without a watch.
#[derive(Debug)]
pub(super) struct Minder {
    board: Arc<WatchBoard>,
    kernel: Kernel,
    poll: Duration,
    /// Existing folders that could not be watched, with the number of polls until the next try.
    refused: BTreeMap<PathBuf, u32>,
}

impl Minder {
    pub(super) fn new(board: Arc<WatchBoard>, kernel: Kernel, poll: Duration) -> Self {
        Self {
            board,
            kernel,
            poll,
            refused: BTreeMap::new(),
        }
    }

    /// Runs until the board is stopped.
    pub(super) fn run(mut self) {
        let mut next_poll = Instant::now() + self.poll;
        loop {
            match self.board.wait(next_poll) {
                MinderTask::Stop => return,
                MinderTask::Due => {
                    for folder in self.board.give_due() {
                        self.look_again(&folder);
                    }
                }
                MinderTask::Poll => {
                    self.poll_all();
                    next_poll = Instant::now() + self.poll;
                }
            }
        }
    }

    fn look_again(&mut self, folder: &Path) {
        if self.board.is_watched(folder) {
            self.board.set_watched(folder, folder_id(folder));
        } else {
            self.board.set_watched(folder, None);
            self.try_place(folder);
        }
    }

    fn poll_all(&mut self) {
        let folders: Vec<PathBuf> = self.board.unwatched();
        self.refused.retain(|folder, _| folders.contains(folder));
        for folder in folders {
            self.try_place(&folder);
        }
    }

    fn try_place(&mut self, folder: &Path) {
        match self.refused.get_mut(folder) {
            Some(patience) if *patience > 0 => *patience -= 1,
            _ => match place(&self.board, &self.kernel, folder) {
                Placed::Refused => drop(self.refused.insert(folder.to_owned(), PATIENCE)),
                Placed::Yes | Placed::NoFolder => drop(self.refused.remove(folder)),
            },
        }
        // Also after the watch was placed, because earlier changes gave no event.
        self.board.poll(folder);
    }
}

/// The result of placing a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// The watch is placed.
    Yes,
    /// There is no such folder now, or the folder has just been replaced.
    NoFolder,
    /// The kernel refused the watch.
    Refused,
}

/// Makes the kernel watch the folder that is at this path now.
pub(super) fn place(board: &WatchBoard, kernel: &Kernel, folder: &Path) -> Placed {
    if board.is_watched(folder) {
        return Placed::Yes;
    }
    let mut kernel = kernel.lock().unwrap_or_else(|broken| broken.into_inner());
    let Some(before) = folder_id(folder) else {
        return Placed::NoFolder;
    };
    let Some(kernel) = kernel.as_mut() else {
        return Placed::Refused;
    };
    // A watch on an earlier folder at this path would go on sending events under this name.
    if board.was_asked_for(folder) {
        let _ = kernel.unwatch(folder);
    }
    if kernel.watch(folder, RecursiveMode::NonRecursive).is_err() {
        board.set_watched(folder, None);
        return Placed::Refused;
    }
    let same = folder_id(folder) == Some(before);
    board.set_watched(folder, same.then_some(before));
    if same { Placed::Yes } else { Placed::NoFolder }
}
