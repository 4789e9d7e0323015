//! Noticing that a person has landed a plan without orch, while others are worked on.

use crate::plan::CommitId;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::recovery::landed_by_hand::HandLandings;

/// Looks whenever the target stands elsewhere.
#[derive(Debug, Default)]
pub struct HandLandingsWatch {
    /// Where the target stood at the last look.
    seen: Option<CommitId>,
}

impl HandLandingsWatch {
    /// Looks on a thread of its own what a person has landed, when the target stands elsewhere than at the last look.
    pub fn look(&mut self, desk: &Desk) {
        let tip = desk.project.repo.branch_tip(&desk.project.target).ok().flatten();
        let Some(tip) = tip.filter(|tip| Some(tip) != self.seen.as_ref()) else {
            return;
        };
        self.seen = Some(tip);
        let wanted = HandLandings::of(&desk.project, desk.scheduler.state());
        let repo = desk.project.repo.clone();
        desk.in_background(move || {
            // What cannot be read now is looked at with the next move, and by the next run.
            EngineMessage::Landings(wanted.look(&repo).unwrap_or_default())
        });
    }
}
