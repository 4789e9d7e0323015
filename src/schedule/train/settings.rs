//! The manifest's settings of the train.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::plan::MergeSettings;

/// The settings of the merge train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainSettings {
    /// How many verifications run at once.
    pub slots: usize,
    /// True when the target may pass only through commits that were verified themselves.
    pub every_commit_green: bool,
    /// True when there is something to verify.
    pub verified: bool,
    /// True when branches are tried together while the train has nothing to do.
    pub early: bool,
    /// A fingerprint of the command. Verdicts of another command do not count.
    pub command: u64,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            slots: 1,
            every_commit_green: true,
            verified: false,
            early: false,
            command: 0,
        }
    }
}

impl TrainSettings {
    /// The settings in `[merge]`.
    pub fn of(merge: &MergeSettings) -> Self {
        let mut hasher = DefaultHasher::new();
        merge.verify.hash(&mut hasher);
        Self {
            slots: merge.verify_slots.max(1),
            every_commit_green: merge.every_commit_green,
            verified: merge.verify.is_some(),
            early: merge.early,
            command: hasher.finish(),
        }
    }
}
