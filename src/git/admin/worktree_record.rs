//! The record that orch writes before it makes a worktree. By the record, orch recognizes a half-made worktree as its
//! own.

use crate::git::files::place::replace_file;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::plan::CommitId;

/// How far a worktree has been made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::git) enum TreeProgress {
    /// Nobody has worked in the worktree yet: all its content is orch's own.
    Making,
    /// The worktree has been handed out: its content may be somebody's work.
    Made,
}

/// The record `orch/worktrees/KEY.json` in the common directory. Orch repairs and removes only worktrees that have a
/// record; a branch or folder without a record is somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::git) struct WorktreeRecord {
    pub(in crate::git) schema: u32,
    #[serde(serialize_with = "write_path", deserialize_with = "read_path")]
    pub(in crate::git) path: PathBuf,
    /// `None` for a worktree with a detached HEAD.
    pub(in crate::git) branch: Option<String>,
    /// True for an additional lane of a plan. The lane has no branch of its own, and its content may be somebody's
    /// work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::git) lane: bool,
    /// The commit at which the branch was made, or will be made.
    pub(in crate::git) base: CommitId,
    pub(in crate::git) state: TreeProgress,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredPath {
    Text(String),
    /// A path that is not UTF-8, byte for byte.
    Bytes(Vec<u8>),
}

fn write_path<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    match path.to_str() {
        Some(text) => StoredPath::Text(text.to_owned()),
        None => StoredPath::Bytes(path.as_os_str().as_bytes().to_vec()),
    }
    .serialize(to)
}

fn read_path<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    Ok(match StoredPath::deserialize(from)? {
        StoredPath::Text(text) => text.into(),
        StoredPath::Bytes(bytes) => OsString::from_vec(bytes).into(),
    })
}

impl WorktreeAdmin {
    fn record_path(&self, key: &str) -> PathBuf {
        self.record_dir().join(format!("{key}.json"))
    }

    /// The record under a key; `None` when there is no such record.
    pub(in crate::git) fn read_record(&self, key: &str) -> Result<Option<WorktreeRecord>, GitError> {
        let path = self.record_path(key);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(GitError::io("read", &path)(error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| GitError::io("read", &path)(error.into()))
    }

    /// Writes a record so that a crash leaves either the old record or the new one, never part of one.
    pub(in crate::git) fn write_record(&self, key: &str, record: &WorktreeRecord) -> Result<(), GitError> {
        let path = self.record_path(key);
        let text = serde_json::to_vec(record).map_err(|error| GitError::io("write", &path)(error.into()))?;
        replace_file(&path, &text)
    }

    pub(in crate::git) fn remove_record(&self, key: &str) -> Result<(), GitError> {
        let path = self.record_path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(GitError::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// The keys of all worktrees that orch made and has not removed, sorted.
    pub fn keys(&self) -> Result<Vec<String>, GitError> {
        let folder = self.record_dir();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(GitError::io("read", &folder)(error)),
        };
        let mut keys: Vec<String> = entries
            .flatten()
            .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".json")?.to_owned()))
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// The key of the worktree that orch made at this folder; `None` when orch made none there.
    pub fn key_at(&self, folder: &Path) -> Result<Option<String>, GitError> {
        for key in self.keys()? {
            if self
                .read_record(&key)?
                .is_some_and(|record| record.path == folder)
            {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_keeps_paths_that_are_not_text() {
        for path in ["/a b/ü".into(), OsString::from_vec(b"/a/\xff".to_vec())] {
            let record = WorktreeRecord {
                schema: 1,
                path: path.into(),
                branch: Some("orch/a".to_owned()),
                lane: false,
                base: "0".repeat(40).parse().unwrap(),
                state: TreeProgress::Making,
            };
            let text = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<WorktreeRecord>(&text).unwrap(), record);
        }
    }
}
