//! The fold of facts about standing still, late words and messages.

use crate::plan::AttemptId;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::state::attempt::Stuck;
use crate::schedule::state::plan_run::PlanRun;

impl PlanRun {
    /// What is known of the stillness of an attempt under way, also of one at a conflict.
    fn stuck_of(&mut self, attempt: &AttemptId) -> Option<&mut Option<Stuck>> {
        if self.attempts.values().any(|current| current.id == *attempt) {
            return self.current(attempt).map(|current| &mut current.stuck);
        }
        self.stuck_of_resolver(attempt)
    }

    pub(in crate::schedule) fn apply_notice(&mut self, at: At, event: &Event) {
        match event {
            Event::AgentStuck(notice) => {
                if let Some(stuck) = self.stuck_of(&notice.attempt) {
                    *stuck = Some(Stuck {
                        since: at,
                        ages: notice.ages,
                        acted: None,
                        acted_at: None,
                    });
                }
            }
            Event::AgentStirred(about) => {
                if let Some(stuck) = self.stuck_of(&about.attempt) {
                    *stuck = None;
                }
            }
            Event::StuckActed(done) => {
                if let Some(Some(stuck)) = self.stuck_of(&done.attempt) {
                    stuck.acted = Some(done.action);
                    stuck.acted_at = Some(at);
                }
            }
            Event::ReportLate(late) => {
                self.heard.insert(late.task.clone(), late.state);
            }
            Event::MessageSent(sent) => {
                let known = self.inbox.iter().any(|message| message.id == sent.message.id);
                if !known {
                    self.inbox.push(sent.message.clone());
                }
            }
            Event::Escalated(wait) => {
                self.escalated.insert((wait.waiting, wait.on.clone()), at);
            }
            Event::ConflictForeseen(seen) => {
                self.foreseen.insert(seen.with.clone(), seen.files.clone());
            }
            Event::ConflictGone(seen) => {
                self.foreseen.remove(&seen.with);
            }
            Event::UnionRed(seen) => {
                self.red_with.insert(seen.with.clone(), seen.why.clone());
            }
            Event::UnionGreen(seen) => {
                self.red_with.remove(&seen.with);
            }
            _ => {}
        }
    }
}
