//! Refs of orch's own that somebody has deleted, such as an agent that tidies up: what they stood for is in the journal.

use std::collections::BTreeSet;

use crate::git::{self, GitError, PinPoint, Repository};
use crate::plan::{CommitId, PlanName, Point};
use crate::schedule::State;

use crate::supervisor::desk::message::Message;
use crate::supervisor::drive::engine::Engine;

/// A pin that the journal speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingPin {
    /// The plan.
    pub plan: PlanName,
    /// The point in it.
    pub point: Point,
    /// The commit that it held.
    pub commit: CommitId,
}

/// The pins that plans which have not landed need.
pub(in crate::supervisor) fn wanted_pins(state: &State, target: &str) -> Vec<MissingPin> {
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

/// Those of them that are not there.
///
/// # Errors
///
/// When refs cannot be read.
pub(in crate::supervisor) fn missing_pins(
    repo: &Repository,
    wanted: Vec<MissingPin>,
) -> Result<Vec<MissingPin>, GitError> {
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

/// Writes a pin again, when git still has its commit.
///
/// # Errors
///
/// Why there is nothing to pin, in words.
pub(in crate::supervisor) fn pin_again(repo: &Repository, pin: &MissingPin) -> Result<(), String> {
    if repo.tree_of(&pin.commit).is_err() {
        return Err(format!(
            "git does not have its commit {} any more: bring it back from another copy of the repository",
            pin.commit
        ));
    }
    let pinned = git::refs::pin(repo, &pin.plan, pin.point, &pin.commit);
    pinned.map_err(|error| error.to_string())
}

impl Engine<'_> {
    /// Writes pins again that somebody has deleted, on a thread of its own, and says so.
    pub(in crate::supervisor) fn mend_pins(&self) {
        let wanted = wanted_pins(self.scheduler.state(), &self.campaign.target);
        if wanted.is_empty() {
            return;
        }
        let (repo, sender) = (self.campaign.repo.clone(), self.sender.clone());
        tokio::task::spawn_blocking(move || {
            // What cannot be read now is looked at after the next attempt.
            for pin in missing_pins(&repo, wanted).unwrap_or_default() {
                let name = format!(
                    "somebody has deleted refs/orch/pins/{}/{}",
                    pin.plan,
                    word(pin.point)
                );
                let why = match pin_again(&repo, &pin) {
                    Ok(()) => format!("{name}: it was written again"),
                    Err(why) => format!("{name}, and {why}"),
                };
                let _ = sender.send(Message::Warning(Some(pin.plan), why));
            }
        });
    }
}

/// The last part of a pin's name.
pub(in crate::supervisor) fn word(point: Point) -> String {
    PinPoint::Done(point).to_string()
}
