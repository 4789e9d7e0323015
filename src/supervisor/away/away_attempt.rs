//! One handed-over attempt, as the monitor of its executor knows it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::agent::{Away, JobFolder};
use crate::git::Repository;
use crate::plan::{CommitId, LaneId};
use crate::supervisor::desk::message::LaneReading;

use super::fate::Watched;

/// A last look at the agent's reports.
pub(super) type LastLook = Box<dyn FnOnce() -> LaneReading + Send>;

/// One handed-over attempt.
pub(super) struct AwayAttempt {
    pub(super) lane: LaneId,
    pub(super) folder: JobFolder,
    pub(super) away: Away,
    pub(super) repo: Repository,
    /// Held while the attempt's lane is moved.
    pub(super) lock: Arc<Mutex<()>>,
    pub(super) watched: Watched,
    pub(super) read: Option<LastLook>,
    /// The latest news record that was taken in.
    pub(super) news: Option<CommitId>,
    /// The files of `.orch/` as they were last taken in.
    pub(super) mirrored: BTreeMap<&'static str, Vec<u8>>,
    /// The files that were last sent to the node.
    pub(super) mail: Option<Vec<(String, Vec<u8>)>>,
    /// Why the engine refused the job.
    pub(super) refusal: Option<String>,
    /// The latest warning, so that the same warning is not repeated.
    pub(super) warned: Option<String>,
}
