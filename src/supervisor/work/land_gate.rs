//! The last word before the target moves: whatever a person says of a plan until then keeps it from landing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::plan::{LaneId, PlanName};
use crate::schedule::train::Landing;
use crate::status;

use crate::supervisor::desk::core::Desk;

/// A landing that is being carried out. Either it goes, or it is withdrawn; never both.
#[derive(Debug)]
pub struct LandGate {
    plans: Vec<PlanName>,
    /// Where people report on them, as that was when it was read last.
    files: Vec<(PathBuf, Option<Stamp>)>,
    state: Mutex<GateState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GateState {
    Open,
    Gone,
    Withdrawn,
}

/// What shows that a file was written again: its number, its length and its time.
type Stamp = (u64, u64, i64, i64);

fn stamp(file: &Path) -> Option<Stamp> {
    let found = fs::symlink_metadata(file).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

impl LandGate {
    /// Asked in the moment before the target moves: false when somebody has said something since the reports were read, or
    /// has withdrawn it.
    pub fn go(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let same = || self.files.iter().all(|(file, then)| stamp(file) == *then);
        if *state == GateState::Open {
            *state = if same() {
                GateState::Gone
            } else {
                GateState::Withdrawn
            };
        }
        *state == GateState::Gone
    }

    /// Keeps the plan from landing, when it is one of these; false when it is too late for that.
    pub fn withdraw(&self, plan: &PlanName) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == GateState::Open && self.plans.contains(plan) {
            *state = GateState::Withdrawn;
        }
        *state != GateState::Gone || !self.plans.contains(plan)
    }

    /// Before it is read again what people say of the plans that are to land.
    pub fn before(desk: &Desk, landing: &Landing) -> Self {
        let worktrees = landing.batch.iter().map(|plan| desk.worktree(&LaneId::own(plan)));
        let files = worktrees.flat_map(|worktree| status::reported_in(&worktree));
        Self {
            plans: landing.batch.clone(),
            files: files.map(|file| (file.clone(), stamp(&file))).collect(),
            state: Mutex::new(GateState::Open),
        }
    }
}
