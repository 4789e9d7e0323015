//! The messages to a plan's agents, as `orch status PLAN` shows them.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::{MessageKind, PlanName};
use crate::schedule::{MailState, PlanRun};
use crate::status;
use crate::supervisor::view::situation::Situation;

/// A message to a plan's agents.
#[derive(Debug, Clone, Serialize)]
pub struct MessageView {
    /// Its number among the plan's messages.
    pub id: u32,
    /// The plan whose agent sent it; none for a person and for `orch` itself.
    pub from: Option<PlanName>,
    /// Its kind.
    pub kind: MessageKind,
    /// The text.
    pub text: String,
    /// Its delivery state.
    pub state: MailState,
    /// When it was sent.
    pub at: Option<Timestamp>,
}

impl MessageView {
    /// All messages, if they are wanted.
    pub(in crate::supervisor::view) fn all(situation: &Situation, run: &PlanRun, wanted: bool) -> Vec<Self> {
        let mail = &run.mail;
        if !wanted || mail.inbox.is_empty() {
            return Vec::new();
        }
        // Without a supervisor nobody has recorded yet which messages a running agent has read.
        let worktrees = run.worktrees.values().map(|made| Path::new(&made.path));
        let read = worktrees.map(status::read_up_to).max().unwrap_or(0);
        let messages = mail.inbox.iter().map(|message| Self {
            id: message.id,
            from: message.from.clone(),
            kind: message.kind,
            text: message.text.clone(),
            state: match run.mail_state(message.id) {
                MailState::Waiting | MailState::Delivered if message.id <= read => MailState::Read,
                state => state,
            },
            at: mail.sent.get(&message.id).and_then(|at| situation.wall(*at)),
        });
        messages.collect()
    }
}
