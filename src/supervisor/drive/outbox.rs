//! Collecting what agents leave in their outboxes.

use crate::plan::LaneId;
use crate::schedule::{Event, Input};
use crate::status;

use super::engine::Engine;
use crate::supervisor::control::mail::Outgoing;
use crate::supervisor::project::error::SupervisorError;

impl Engine<'_> {
    /// Sends what the agent in a worktree has left to be sent. What cannot be sent is a warning about its plan.
    pub(in crate::supervisor) fn collect_posted(
        &mut self,
        lane: &LaneId,
        inputs: &mut Vec<Input>,
    ) -> Result<(), SupervisorError> {
        let worktree = self.worktree(lane);
        let mut waiting = status::outbox(&worktree);
        // What is being taken out may still lie there.
        waiting.retain(|message| self.heard.posted.insert(message.id.clone()));
        if waiting.is_empty() {
            return Ok(());
        }
        self.handle(std::mem::take(inputs))?;
        let ids: Vec<String> = waiting.iter().map(|message| message.id.clone()).collect();
        for message in waiting {
            let outgoing = Outgoing {
                from: Some(lane.plan.clone()),
                to: message.to,
                kind: message.kind,
                text: message.text,
            };
            if let Some(refusal) = self.send(&outgoing)? {
                let why = format!("its message to {} was not sent: {}", outgoing.to, refusal.why);
                let plan = Some(lane.plan.clone());
                inputs.push(Input::Event(Event::Warning { plan, why }));
            }
        }
        // One that stays is known by its id for as long as this supervisor lives.
        tokio::task::spawn_blocking(move || status::take_posted(&worktree, &ids));
        Ok(())
    }
}
