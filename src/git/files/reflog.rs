//! The log of HEAD of a checkout: what was done in it, commit by commit.

use std::fs;
use std::path::Path;

use crate::plan::CommitId;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct LogEntry {
    /// Where it stood; none where there was nothing.
    pub(in crate::git) old: Option<CommitId>,
    /// Where it stands from then on.
    pub(in crate::git) new: Option<CommitId>,
    /// When, in seconds since 1970.
    pub(in crate::git) time: u64,
    /// The action, in git's words.
    pub(in crate::git) what: String,
}

/// The log of HEAD in the folder that holds HEAD, oldest first; empty where there is none.
pub(in crate::git) fn head_log(git_dir: &Path) -> Vec<LogEntry> {
    entries(&fs::read(git_dir.join("logs/HEAD")).unwrap_or_default())
}

/// Reads a log; lines that are none are passed over.
pub(in crate::git) fn entries(log: &[u8]) -> Vec<LogEntry> {
    let id = |text: &str| {
        let is_none = text.bytes().all(|byte| byte == b'0');
        (!is_none).then(|| text.parse().ok()).flatten()
    };
    let text = String::from_utf8_lossy(log);
    let lines = text.lines().filter_map(|line| {
        let (head, what) = line.split_once('\t').unwrap_or((line, ""));
        let mut fields = head.split(' ');
        Some(LogEntry {
            old: id(fields.next()?),
            new: id(fields.next()?),
            time: head.rsplit(' ').nth(1)?.parse().ok()?,
            what: what.to_owned(),
        })
    });
    lines.collect()
}
