//! Noticing that a person has landed a plan without orch while other plans are running.

use crate::plan::CommitId;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::recovery::landed_by_hand::HandLandings;

/// Checks whenever the target has moved.
#[derive(Debug, Default)]
pub struct HandLandingsWatch {
    /// The target's tip at the last check.
    seen: Option<CommitId>,
}

impl HandLandingsWatch {
    /// Looks for landings by a person, on a thread of its own, when the target has moved since the last check.
    pub fn look(&mut self, desk: &Desk) {
        let tip = desk.project.repo.branch_tip(&desk.project.target).ok().flatten();
        let Some(tip) = tip.filter(|tip| Some(tip) != self.seen.as_ref()) else {
            return;
        };
        self.seen = Some(tip);
        let wanted = HandLandings::of(&desk.project, desk.scheduler.state());
        let repo = desk.project.repo.clone();
        desk.in_background(move || {
            // Landings that cannot be read now are found after the next move, or by the next run.
            EngineMessage::Landings(wanted.look(&repo).unwrap_or_default())
        });
    }
}
