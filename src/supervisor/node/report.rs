//! What a node tells: records about the attempt, with its work as their parents.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::payload::Payload;
use crate::agent::ExitRecord;
use crate::git::hub::{read_record, write_record};
use crate::git::refs::made_in;
use crate::git::{GitError, inspect_by_git, snapshot};
use crate::plan::CommitId;

/// The file of a record that says what it is.
const RECORD: &str = "record.json";

/// The files of `.orch/` in which an agent reports.
pub const REPORTED: [&str; 4] = ["status.json", "plan.md", "outbox.jsonl", "inbox.read"];

/// Bytes of the log in news.
const TAIL: u64 = 64 << 10;
/// Most bytes of a file that an agent reports in.
const MOST: u64 = 4 << 20;

/// `record.json`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeRecord {
    /// The node; none where this machine has written it.
    pub node: Option<String>,
    /// How it ended; none in news.
    pub exit: Option<ExitRecord>,
    /// What ended it, where that was not the agent.
    pub why: Option<String>,
    /// The commit that was checked out at the end, where that was not the branch's.
    pub astray: Option<CommitId>,
    /// The files at the end, where some were not committed.
    pub snapshot: Option<CommitId>,
    /// The operation that was open then: the snapshot is kept, and put nowhere.
    pub open: Option<String>,
    /// The commits that were made there, in order.
    pub made: Vec<CommitId>,
    /// Where the log in it begins.
    pub log_from: u64,
}

impl NodeRecord {
    /// Reads it out of a record.
    ///
    /// # Errors
    ///
    /// When git cannot.
    pub fn read(git_dir: &Path, record: &CommitId) -> Result<Self, GitError> {
        let bytes = read_record(git_dir, record, RECORD)?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Writes a record with it.
    ///
    /// # Errors
    ///
    /// When git cannot.
    pub fn write(
        &self,
        git_dir: &Path,
        parents: &[&CommitId],
        mut files: Vec<(&str, Vec<u8>)>,
        message: &str,
    ) -> Result<CommitId, GitError> {
        // Texts and numbers are JSON.
        files.push((RECORD, serde_json::to_vec_pretty(self).unwrap_or_default()));
        files.sort();
        write_record(git_dir, parents, &files, message)
    }
}

/// The reports first, the commit after them: what is said done is in it.
pub fn reports(payload: &Payload) -> Vec<(&'static str, Vec<u8>)> {
    let folder = payload.site.tree().join(".orch");
    let files = REPORTED.iter().filter_map(|name| {
        let path = folder.join(name);
        // Neither a link nor a pipe in their place leads anywhere.
        let plain = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file() && found.len() <= MOST);
        Some((*name, fs::read(path).ok().filter(|_| plain)?))
    });
    files.collect()
}

/// Writes files into `.orch/`, each whole or not at all. What cannot be written is written the next time.
pub fn put_reports<'f>(tree: &Path, files: impl IntoIterator<Item = (&'f str, Vec<u8>)>) {
    let folder = tree.join(".orch");
    for (name, bytes) in files {
        let new = folder.join(format!("{name}.from-afar"));
        let _ = fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&new, bytes))
            .and_then(|()| fs::rename(&new, folder.join(name)));
    }
}

/// The record of an attempt at work.
///
/// # Errors
///
/// When git cannot write it.
pub fn news(payload: &Payload, node: &str) -> Result<CommitId, GitError> {
    let workplace = payload.site.workplace();
    let mut files = reports(payload);
    let (_, tip) = workplace.tips(&payload.branch)?;
    let (log_from, log) = tail(&payload.site.job().join("log"));
    files.push(("log", log));
    files.extend(
        fs::read(payload.site.job().join("facts.json"))
            .ok()
            .map(|facts| ("facts.json", facts)),
    );
    let record = NodeRecord {
        node: Some(node.to_owned()),
        log_from,
        made: made_in(&workplace.git_dir()),
        ..NodeRecord::default()
    };
    record.write(&workplace.git_dir(), &[&tip], files, "orch: news")
}

/// The record of its end. All that is in the clone goes along.
///
/// # Errors
///
/// When git cannot write it.
pub fn fate(
    payload: &Payload,
    node: &str,
    exit: ExitRecord,
    why: Option<String>,
) -> Result<CommitId, GitError> {
    let workplace = payload.site.workplace();
    let mut files = reports(payload);
    let (head, tip) = workplace.tips(&payload.branch)?;
    let open = inspect_by_git(&payload.site.tree())?.in_progress;
    let left = snapshot(&payload.site.tree(), "what was not committed")?;
    let mut record = NodeRecord {
        node: Some(node.to_owned()),
        exit: Some(exit),
        why,
        open: open.map(|open| open.as_str().to_owned()),
        made: made_in(&workplace.git_dir()),
        ..NodeRecord::default()
    };
    let mut parents = vec![&tip];
    if head != tip {
        parents.push(&head);
        record.astray = Some(head.clone());
    }
    if left != head {
        parents.push(&left);
        record.snapshot = Some(left.clone());
    }
    for name in ["log", "log.1", "facts.json"] {
        files.extend(
            fs::read(payload.site.job().join(name))
                .ok()
                .map(|bytes| (name, bytes)),
        );
    }
    record.write(&workplace.git_dir(), &parents, files, "orch: the end")
}

/// The last part of a log, and where it begins.
fn tail(log: &Path) -> (u64, Vec<u8>) {
    let read = || -> std::io::Result<(u64, Vec<u8>)> {
        let mut file = File::open(log)?;
        let from = file.metadata()?.len().saturating_sub(TAIL);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok((from, bytes))
    };
    read().unwrap_or_default()
}
