//! The reports of a node: records about the attempt, with its work as their parents.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::payload::Payload;
use crate::agent::ExitRecord;
use crate::git::hub::{HubRecord, write_record};
use crate::git::refs::made_in;
use crate::git::{GitError, inspect_by_git, snapshot};
use crate::plan::CommitId;

/// The file that describes a record.
const RECORD: &str = "record.json";

/// The files of `.orch/` in which an agent reports.
pub const REPORTED: [&str; 4] = ["status.json", "plan.md", "outbox.jsonl", "inbox.read"];

/// How many bytes of the log are part of news.
const TAIL: u64 = 64 << 10;
/// The largest report file of an agent, in bytes.
const MOST: u64 = 4 << 20;

/// `record.json`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeRecord {
    /// The node; `None` when this machine wrote the record.
    pub node: Option<String>,
    /// How the attempt ended; `None` in news.
    pub exit: Option<ExitRecord>,
    /// Why the attempt ended, when the agent did not end by itself.
    pub why: Option<String>,
    /// The commit that was checked out at the end, when it was not the branch's.
    pub astray: Option<CommitId>,
    /// A snapshot of the files at the end, when some were not committed.
    pub snapshot: Option<CommitId>,
    /// The operation that was open at the end. The snapshot is then kept, but not checked out.
    pub open: Option<String>,
    /// The commits that were made on the node, in order.
    pub made: Vec<CommitId>,
    /// The offset in the whole log at which the record's part begins.
    pub log_from: u64,
}

impl NodeRecord {
    /// Reads the description of a record.
    ///
    /// # Errors
    ///
    /// When git cannot read the record.
    pub fn read(record: &HubRecord) -> Result<Self, GitError> {
        let bytes = record.file(RECORD)?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Writes a record with this description.
    ///
    /// # Errors
    ///
    /// When git cannot write the record.
    pub fn write(
        &self,
        git_dir: &Path,
        parents: &[&CommitId],
        mut files: Vec<(&str, Vec<u8>)>,
        message: &str,
    ) -> Result<CommitId, GitError> {
        // Serialising texts and numbers to JSON cannot fail.
        files.push((RECORD, serde_json::to_vec_pretty(self).unwrap_or_default()));
        files.sort();
        write_record(git_dir, parents, &files, message)
    }
}

/// Reads the reports. The commit is read after them, so that it contains the work that they report as
/// done.
pub fn reports(payload: &Payload) -> Vec<(&'static str, Vec<u8>)> {
    let folder = payload.site.tree().join(".orch");
    let files = REPORTED.iter().filter_map(|name| {
        let path = folder.join(name);
        // Links and pipes are ignored: they could lead anywhere.
        let plain = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file() && found.len() <= MOST);
        Some((*name, fs::read(path).ok().filter(|_| plain)?))
    });
    files.collect()
}

/// Writes files into `.orch/`, each completely or not at all. A file that cannot be written is written
/// the next time.
pub fn put_reports<'f>(tree: &Path, files: impl IntoIterator<Item = (&'f str, Vec<u8>)>) {
    let folder = tree.join(".orch");
    for (name, bytes) in files {
        let new = folder.join(format!("{name}.from-afar"));
        let _ = fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&new, bytes))
            .and_then(|()| fs::rename(&new, folder.join(name)));
    }
}

/// Writes the record of a running attempt.
///
/// # Errors
///
/// When git cannot write the record.
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

/// Writes the record of the attempt's end. It includes everything in the clone.
///
/// # Errors
///
/// When git cannot write the record.
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
    for name in ["log", "log.times", "log.1", "log.1.times", "facts.json"] {
        files.extend(
            fs::read(payload.site.job().join(name))
                .ok()
                .map(|bytes| (name, bytes)),
        );
    }
    record.write(&workplace.git_dir(), &parents, files, "orch: the end")
}

/// The last part of a log, and the offset at which it begins.
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
