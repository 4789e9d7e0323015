//! Orch's own refs that somebody has deleted, for example an agent that cleans up. The journal knows their commits.

use std::collections::BTreeSet;

use crate::git::{self, GitError, PinPoint, Repository};
use crate::plan::{CommitId, PlanName, Point};
use crate::schedule::State;
use crate::supervisor::project::error::in_words;

/// A pin that the journal names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPin {
    /// The plan.
    pub plan: PlanName,
    /// The point in it.
    pub point: Point,
    /// The pinned commit.
    pub commit: CommitId,
}

/// The pins that unlanded plans need.
pub fn wanted_pins(state: &State, target: &str) -> Vec<MissingPin> {
    let open = state.plans().filter(|(_, run)| !run.landed.contains_key(target));
    let pins = open.flat_map(|(plan, run)| {
        run.pins.iter().map(move |(point, commit)| MissingPin {
            plan: plan.clone(),
            point: *point,
            commit: commit.clone(),
        })
    });
    pins.collect()
}

/// The pins that do not exist.
///
/// # Errors
///
/// When refs cannot be read.
pub fn missing_pins(repo: &Repository, wanted: Vec<MissingPin>) -> Result<Vec<MissingPin>, GitError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let there: BTreeSet<(PlanName, String)> = git::refs::pins(repo)?
        .into_iter()
        .map(|pin| (pin.plan, pin.point.to_string()))
        .collect();
    let name = |pin: &MissingPin| (pin.plan.clone(), word(pin.point));
    Ok(wanted
        .into_iter()
        .filter(|pin| !there.contains(&name(pin)))
        .collect())
}

/// Creates a pin again, when git still has its commit.
///
/// # Errors
///
/// Why there is nothing to pin, in words.
pub fn pin_again(repo: &Repository, pin: &MissingPin) -> Result<(), String> {
    if repo.tree_of(&pin.commit).is_err() {
        return Err(format!(
            "git no longer has its commit {}: bring it back from another copy of the repository",
            pin.commit
        ));
    }
    let pinned = git::refs::pin(repo, &pin.plan, pin.point, &pin.commit);
    pinned.map_err(in_words)
}

/// The last part of a pin's name.
pub fn word(point: Point) -> String {
    PinPoint::Done(point).to_string()
}
