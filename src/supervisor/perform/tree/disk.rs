//! Free space on the disk of the worktrees.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::plan::PlanName;
use crate::schedule::{PlanRun, State};

use super::candidate_pool::train_key;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// Bytes that an unprivileged process can still write where worktrees are created; `None` when the system does not say.
pub fn free(project: &Project) -> Option<u64> {
    let home = project.worktree_path("x");
    let there = home.ancestors().find(|folder| folder.is_dir())?;
    free_at(there)
}

fn free_at(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Below this many free bytes the repository's disk counts as full: neither git nor a runner can be relied upon to write
/// anything.
const LEAST_ROOM: u64 = 1 << 20;

/// Ends the run while a disk of the repository is full. Failed work is judged and repeated once there is space.
///
/// # Errors
///
/// When the disk is full.
pub fn refuse_full(project: &Project) -> Result<(), SupervisorError> {
    let dir = &project.dir;
    let folders = [
        dir.attempts(),
        dir.path().to_owned(),
        project.repo.common_dir().to_owned(),
    ];
    let is_full = |folder: &PathBuf| free_at(folder).is_some_and(|free| free < LEAST_ROOM);
    match folders.into_iter().find(is_full) {
        Some(folder) => Err(SupervisorError::DiskFull(folder)),
        None => Ok(()),
    }
}

/// Why no worktree is created now, in words; `None` when there is enough space or no floor (`min_free_disk`).
pub fn shortage(project: &Project) -> Option<String> {
    let floor = project.set.run.min_free_disk?;
    let free = free(project)?;
    (free < floor).then(|| {
        format!(
            "it waits for room: {} free on the disk of the worktrees, and `min_free_disk` is {}",
            words(free),
            words(floor)
        )
    })
}

/// `12.3 GB`
fn words(bytes: u64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let bytes = bytes as f64;
    let unit = units.into_iter().find(|(_, size)| bytes >= *size);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(name, size)| format!("{:.1} {name}", bytes / size),
    )
}

/// The disk space of worktrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiskUse {
    /// Bytes of the worktrees of each plan that has one, its lanes included, by name.
    pub plans: BTreeMap<PlanName, u64>,
    /// Bytes of the worktree in which merges are verified; `None` without one.
    pub merging: Option<u64>,
    /// Free bytes on their disk; `None` when the system does not say.
    pub free: Option<u64>,
    /// The floor in bytes below which no worktree is created; `None` without one.
    pub floor: Option<u64>,
}

/// Measures all worktrees. This reads the metadata of every file in them, so it is only done on request.
pub fn disk_use(project: &Project, state: &State) -> DiskUse {
    let made = state.plans().filter(|(_, run)| !run.worktrees.is_empty());
    let size = |(name, run): (&PlanName, &PlanRun)| {
        let trees = run.worktrees.values().map(|made| size_of(Path::new(&made.path)));
        (name.clone(), trees.sum())
    };
    let slots = 0..project.set.merge.verify_slots.max(1);
    let trains = slots.map(|slot| project.worktree_path(&train_key(slot)));
    let trains: Vec<_> = trains.filter(|train| train.is_dir()).collect();
    DiskUse {
        plans: made.map(size).collect(),
        merging: (!trains.is_empty()).then(|| trains.iter().map(|train| size_of(train)).sum()),
        free: free(project),
        floor: project.set.run.min_free_disk,
    }
}

/// Bytes on disk, without objects that git shares between worktrees. Blocks that a copy shares with its original are counted
/// in both.
fn size_of(worktree: &Path) -> u64 {
    let mut bytes = 0;
    let mut open = vec![worktree.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                open.push(entry.path());
            } else {
                bytes += found.blocks() * 512;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_units_that_people_use() {
        assert_eq!(words(12_300_000_000), "12.3 GB");
        assert_eq!(words(999), "999 B");
    }
}
