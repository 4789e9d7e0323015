//! The meaning of the kernel's events.

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind};

use super::board::WatchBoard;
use crate::status::watcher::coalescer::FileChange;

impl WatchBoard {
    /// Takes one event. Runs on the kernel watcher's thread.
    pub(super) fn hear(&self, event: notify::Result<Event>) {
        let Ok(event) = event else {
            return self.all_changed();
        };
        if event.need_rescan() {
            return self.all_changed();
        }
        let change = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => FileChange::Whole,
            // For example reads by orch itself.
            EventKind::Access(_) => return,
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => FileChange::Whole,
            // Always follows a `From` and a `To` event.
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                return event.paths.iter().for_each(|path| self.gone(path));
            }
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Any | EventKind::Other => {
                FileChange::Partial
            }
        };
        for path in &event.paths {
            self.changed(path, change);
        }
    }
}
