//! The fold of facts about standing still, late words and messages.

use super::attempt::Stuck;
use super::plan_run::PlanRun;
use super::{At, Event};

impl PlanRun {
    pub(super) fn apply_notice(&mut self, at: At, event: &Event) {
        match event {
            Event::AgentStuck(notice) => {
                if let Some(current) = self.current(&notice.attempt) {
                    current.stuck = Some(Stuck {
                        since: at,
                        ages: notice.ages,
                        acted: None,
                        acted_at: None,
                    });
                }
            }
            Event::AgentStirred(about) => {
                if let Some(current) = self.current(&about.attempt) {
                    current.stuck = None;
                }
            }
            Event::StuckActed(done) => {
                let current = self.current(&done.attempt);
                if let Some(stuck) = current.and_then(|current| current.stuck.as_mut()) {
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
