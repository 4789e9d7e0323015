//! Agents that resolve conflicts: their attempts have no phase or task.

use jiff::Timestamp;

use super::attempt_story::AttemptStory;
use super::chronicle::RunStory;
use crate::plan::PlanState;
use crate::schedule::Resolving;
use crate::words::because;

impl RunStory {
    /// Records an event of an agent that resolves a conflict.
    pub fn fold_conflict(&mut self, at: Timestamp, fact: &Resolving) {
        match fact {
            Resolving::Started(started) => {
                let plan = self.plan(&started.plan);
                plan.state = Some(PlanState::Running);
                let attempt = AttemptStory::new(&started.attempt, &started.agent, Vec::new(), 0);
                plan.attempts.push(AttemptStory {
                    began: Some(at),
                    ..attempt
                });
            }
            Resolving::Done(done) => {
                let attempt = done.attempt.as_ref();
                if let Some(known) = attempt.and_then(|attempt| self.attempt(&done.plan, attempt)) {
                    known.ended.get_or_insert(at);
                }
            }
            Resolving::Failed(failed) => {
                let why = Some(because(&failed.why));
                if let Some(known) = self.attempt(&failed.plan, &failed.attempt) {
                    known.ended.get_or_insert(at);
                    known.failed.clone_from(&why);
                }
                let plan = self.plan(&failed.plan);
                (plan.state, plan.why) = (Some(PlanState::Held), why);
            }
            Resolving::Opened(_) | Resolving::Dropped(_) | Resolving::Cancelled(_) | Resolving::Reused(_) => {
            }
        }
    }
}
