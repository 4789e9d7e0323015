//! Watching files for changes: modified in place, replaced, removed or created.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{Config, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

/// The polling interval where the kernel does not report changes.
const POLL: Duration = Duration::from_secs(2);

/// Files, and the watched folders that contain them.
pub struct FileWatch {
    files: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// Each with its device and inode: a new folder with the same name is watched anew.
    folders: BTreeMap<PathBuf, (u64, u64)>,
    kernel: Option<Box<dyn Watcher + Send>>,
}

impl FileWatch {
    /// Calls `tell` when one of the files may have changed.
    pub fn new(files: BTreeSet<PathBuf>, tell: impl Fn() + Clone + Send + 'static) -> Self {
        let watched: Arc<Mutex<BTreeSet<PathBuf>>> = Arc::default();
        let known = Arc::clone(&watched);
        let on_event = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let files = known.lock().unwrap_or_else(PoisonError::into_inner);
            // The change may concern a folder above a file, too.
            let leads = |path: &PathBuf| files.iter().any(|file| file.starts_with(path));
            let concerned = event.need_rescan() || event.paths.iter().any(leads);
            if concerned && !event.kind.is_access() {
                tell();
            }
        };
        let kernel = RecommendedWatcher::new(on_event.clone(), Config::default())
            .map(|kernel| Box::new(kernel) as Box<dyn Watcher + Send>)
            .or_else(|_| {
                let config = Config::default().with_poll_interval(POLL);
                PollWatcher::new(on_event, config).map(|kernel| Box::new(kernel) as Box<dyn Watcher + Send>)
            });
        let mut watch = Self {
            files: watched,
            folders: BTreeMap::new(),
            kernel: kernel.ok(),
        };
        watch.follow(files);
        watch
    }

    /// Watches these files from now on. Their folders are watched, because editors put a new file in place of the old one. True
    /// when the files or their folders differ from before.
    pub fn follow(&mut self, files: BTreeSet<PathBuf>) -> bool {
        let mut other = false;
        // For a file that does not exist yet, the nearest existing folder is watched.
        let folders = files.iter().filter_map(|file| file.parent());
        let folders = folders.filter_map(|folder| folder.ancestors().find(|folder| folder.is_dir()));
        let folders: BTreeSet<&Path> = folders.collect();
        for folder in folders {
            let Ok(found) = folder.metadata() else { continue };
            let identity = (found.dev(), found.ino());
            if let Some(kernel) = &mut self.kernel
                && self.folders.get(folder) != Some(&identity)
                && kernel.watch(folder, RecursiveMode::NonRecursive).is_ok()
            {
                self.folders.insert(folder.to_owned(), identity);
                other = true;
            }
        }
        let mut known = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        other |= *known != files;
        *known = files;
        other
    }
}
