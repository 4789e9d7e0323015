//! Checking running agents for signs of life. Results are kept from check to check, with a monotonic clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::agent::{JobFolder, ProcessId, Usage, age_of, newest_change};
use crate::plan::AttemptId;
use crate::schedule::Signs;

/// Folders of a worktree that are no sign of life: git's own, and the one whose status file counts separately.
const NOT_LOOKED_AT: &[&str] = &[".git", ".orch"];

/// The processor time of each attempt, as last seen.
#[derive(Debug, Default)]
pub struct StallWatch {
    seen: Mutex<BTreeMap<AttemptId, UsageSeen>>,
}

#[derive(Debug)]
struct UsageSeen {
    usage: Usage,
    /// The time of the measurement.
    at: Instant,
    first: Instant,
    /// When the agent last used more than a waiting agent does; `None` while it never did.
    worked: Option<Instant>,
}

impl StallWatch {
    /// Forgets an attempt that has ended.
    pub fn forget(&self, attempt: &AttemptId) {
        self.lock().remove(attempt);
    }

    /// Checks an attempt. `None` when it has just ended. Files are only checked when there is no other sign of life,
    /// because that needs a walk through the worktree.
    pub fn look(
        &self,
        attempt: &AttemptId,
        runner: ProcessId,
        folder: &JobFolder,
        worktree: &Path,
        stall_after: Duration,
    ) -> Option<Signs> {
        let usage = Usage::below(runner)?;
        let (processor, watched) = self.compare(attempt, usage);
        // Before the first output, the folder's creation is the last sign.
        let output = age_of(&folder.log()).unwrap_or_default();
        let status = age_of(&worktree.join(".orch/status.json"));
        let status = status.or_else(|| age_of(&folder.prompt())).unwrap_or_default();
        let moves = [Some(output), Some(status), processor]
            .into_iter()
            .flatten()
            .any(|age| age < stall_after);
        let files = if moves || watched < stall_after && processor.is_none() {
            None
        } else {
            newest_change(worktree, NOT_LOOKED_AT, stall_after)
        };
        Some(Signs {
            output_ms: ms(output),
            status_ms: ms(status),
            files_ms: files.map(ms),
            processor_ms: processor.map(ms),
            watched_ms: ms(watched),
        })
    }

    /// How long ago processes were last seen working, and how long they have been watched.
    fn compare(&self, attempt: &AttemptId, usage: Usage) -> (Option<Duration>, Duration) {
        let now = Instant::now();
        let mut all = self.lock();
        let seen = all.entry(attempt.clone()).or_insert_with(|| UsageSeen {
            usage: usage.clone(),
            at: now,
            first: now,
            worked: None,
        });
        if usage.is_work_since(&seen.usage, now.duration_since(seen.at)) {
            seen.worked = Some(now);
        }
        (seen.usage, seen.at) = (usage, now);
        (
            seen.worked.map(|worked| now.duration_since(worked)),
            now.duration_since(seen.first),
        )
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<AttemptId, UsageSeen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ms(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}
