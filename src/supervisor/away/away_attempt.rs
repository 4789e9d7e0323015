//! One attempt that was handed over, as seen by its executor's monitor.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::agent::{Away, JobFolder};
use crate::git::Repository;
use crate::plan::{CommitId, LaneId};
use crate::supervisor::desk::message::LaneReading;

use super::fate::Watched;

/// Reads the agent's reports one last time.
pub(super) type LastLook = Box<dyn FnOnce() -> LaneReading + Send>;

/// One handed-over attempt.
pub(super) struct AwayAttempt {
    pub(super) lane: LaneId,
    pub(super) folder: JobFolder,
    pub(super) away: Away,
    pub(super) repo: Repository,
    /// Held while the lane is moved.
    pub(super) lock: Arc<Mutex<()>>,
    pub(super) watched: Watched,
    pub(super) read: Option<LastLook>,
    /// When its node was last heard, and whether people were told since that it is silent.
    pub(super) heard: Duration,
    pub(super) is_silent: bool,
    /// The news that were imported last.
    pub(super) news: Option<CommitId>,
    /// The facts, and the files of `.orch/`, that were imported last.
    pub(super) mirrored: BTreeMap<&'static str, Vec<u8>>,
    /// The files that were sent to the node last.
    pub(super) mail: Option<Vec<(String, Vec<u8>)>>,
    /// The engine's last word about the job, when that was over.
    pub(super) over: Option<String>,
    /// Why the engine refused the job.
    pub(super) refusal: Option<String>,
    /// The last warning about the attempt.
    pub(super) warned: Option<String>,
}
