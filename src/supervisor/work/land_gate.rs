//! The last check before the target moves: any report of a person on a plan until then keeps the plan from landing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::plan::{LaneId, PlanName};
use crate::schedule::train::Landing;
use crate::status;

use crate::supervisor::desk::core::Desk;

/// A landing that is being carried out. It is either performed or withdrawn, never both.
#[derive(Debug)]
pub struct LandGate {
    plans: Vec<PlanName>,
    /// The files with people's reports, with their stamps when they were last read.
    files: Vec<(PathBuf, Option<Stamp>)>,
    state: Mutex<GateState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GateState {
    Open,
    Gone,
    Withdrawn,
}

/// The inode, length and time of a file, which show that the file was written again.
type Stamp = (u64, u64, i64, i64);

fn stamp(file: &Path) -> Option<Stamp> {
    let found = fs::symlink_metadata(file).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

impl LandGate {
    /// Called in the moment before the target moves. False when somebody has reported something since the reports were
    /// read, or has withdrawn the landing.
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

    /// Keeps the plan from landing, if it is part of this landing. False when it is too late.
    pub fn withdraw(&self, plan: &PlanName) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == GateState::Open && self.plans.contains(plan) {
            *state = GateState::Withdrawn;
        }
        *state != GateState::Gone || !self.plans.contains(plan)
    }

    /// Takes the stamps before people's reports on the landing plans are read again.
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
