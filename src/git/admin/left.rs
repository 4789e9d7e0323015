//! Leftover files of checks in a worktree of orch's own. They are recorded so that orch can tell them from other files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::place::replace_file;
use crate::git::files::regular;
use crate::git::state::inspect::{WorktreeState, inspect};
use crate::plan::CommitId;

/// The record `orch/worktrees/KEY.left`: the commit that was checked out, and how the files looked that are uncommitted
/// since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::git) struct LeftRecord {
    head: CommitId,
    /// By path, with bytes that are not text escaped. `None` for a deleted file.
    files: BTreeMap<String, Option<LeftFileLooks>>,
}

/// Size in bytes, modification time in seconds and nanoseconds, inode.
type LeftFileLooks = (u64, i64, i64, u64);

impl LeftRecord {
    /// A record of a commit and no leftover files.
    pub(in crate::git) fn nothing(head: &CommitId) -> Self {
        Self {
            head: head.clone(),
            files: BTreeMap::new(),
        }
    }

    fn of(path: &Path, state: &WorktreeState, head: CommitId) -> Self {
        let seen = |file: &PathBuf| (name(file), looks(path, file));
        Self {
            head,
            files: state.dirty.iter().map(seen).collect(),
        }
    }

    /// The commit that was checked out.
    pub(in crate::git) fn head(&self) -> &CommitId {
        &self.head
    }

    /// True when every uncommitted file looks as it was recorded.
    pub(in crate::git) fn explains(&self, path: &Path, state: &WorktreeState) -> bool {
        let now = Self::of(path, state, state.head.clone());
        now.files
            .iter()
            .all(|(file, looks)| self.files.get(file) == Some(looks))
    }
}

fn name(file: &Path) -> String {
    file.as_os_str().as_bytes().escape_ascii().to_string()
}

fn looks(path: &Path, file: &Path) -> Option<LeftFileLooks> {
    let found = path.join(file).symlink_metadata().ok()?;
    // A nested repository is a folder, and checks may go on filling it.
    let (size, time) = if found.is_dir() {
        (0, (0, 0))
    } else {
        (found.len(), (found.mtime(), found.mtime_nsec()))
    };
    Some((size, time.0, time.1, found.ino()))
}

impl WorktreeAdmin {
    fn left_path(&self, key: &str) -> PathBuf {
        self.record_dir().join(format!("{key}.left"))
    }

    /// Records that everything uncommitted in a worktree of orch's own is a leftover of a check that has just ended.
    /// Leftover files may be removed when the next commit is checked out; commits may not. Call this while nobody else
    /// works there.
    ///
    /// # Errors
    ///
    /// When the worktree cannot be read or the record cannot be written.
    pub fn record_left(&self, key: &str) -> Result<(), GitError> {
        let Some(record) = self.read_record(key)? else {
            return Ok(());
        };
        let state = inspect(&record.path)?;
        // Nobody can tell a commit of a check from a commit of a person or an agent.
        let put_there = self
            .read_left(key)
            .map_or_else(|| state.head.clone(), |left| left.head);
        self.write_left(key, &LeftRecord::of(&record.path, &state, put_there))
    }

    pub(in crate::git) fn write_left(&self, key: &str, left: &LeftRecord) -> Result<(), GitError> {
        let path = self.left_path(key);
        let text = serde_json::to_vec(left).map_err(|error| GitError::io("write", &path)(error.into()))?;
        replace_file(&path, &text)
    }

    /// The record; `None` when there is no readable one.
    pub(in crate::git) fn read_left(&self, key: &str) -> Option<LeftRecord> {
        serde_json::from_slice(&regular::read(&self.left_path(key)).ok()?).ok()
    }

    pub(in crate::git) fn remove_left(&self, key: &str) {
        let _ = fs::remove_file(self.left_path(key));
    }

    /// The new path of a worktree that checks have damaged beyond repair.
    pub(in crate::git) fn spoiled(&self, key: &str) -> PathBuf {
        self.record_dir().join(format!("{key}.spoiled"))
    }
}
