//! The reflog of a checkout's HEAD: everything that was done in the checkout, commit by commit.

use std::fs;
use std::path::Path;

use crate::plan::CommitId;

/// One line of a reflog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct LogEntry {
    /// The commit before; `None` when there was none.
    pub(in crate::git) old: Option<CommitId>,
    /// The commit afterwards.
    pub(in crate::git) new: Option<CommitId>,
    /// The time, in seconds since 1970.
    pub(in crate::git) time: u64,
    /// The action, in git's words.
    pub(in crate::git) what: String,
}

/// The reflog of HEAD in the folder that holds HEAD, oldest entry first. Empty when there is no reflog.
pub(in crate::git) fn head_log(git_dir: &Path) -> Vec<LogEntry> {
    entries(&fs::read(git_dir.join("logs/HEAD")).unwrap_or_default())
}

/// Parses a reflog; skips invalid lines.
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
