//! The conversation of a plan's last agent, as `orch status PLAN` shows it.

use std::path::Path;

use serde::Serialize;

use crate::plan::AttemptId;
use crate::schedule::PlanRun;
use crate::supervisor::perform::attempt::attach_call::attach_line;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::spent_view::facts_of;

/// A conversation that a person can continue.
#[derive(Debug, Clone, Serialize)]
pub struct ConversationView {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its agent.
    pub agent: String,
    /// Its id, from the agent; `None` where the agent has none.
    pub id: Option<String>,
    /// Program and arguments that open the conversation in the worktree.
    pub command: Vec<String>,
    /// The process of the `orch attach` that is using it; `None` when nobody is attached.
    pub attached: Option<u32>,
}

impl ConversationView {
    /// The last conversation, if it is wanted.
    pub(in crate::supervisor::view) fn of(project: &Project, run: &PlanRun, wanted: bool) -> Option<Self> {
        let mut agents = run.work_attempts().rev().filter(|_| wanted);
        let (last, agent) =
            agents.find_map(|record| Some((record, project.set.agents.get(&record.agent)?)))?;
        let made = run.worktrees.get(&last.lane)?;
        let session = facts_of(project, last).session;
        Some(Self {
            attempt: last.id.clone(),
            agent: last.agent.to_string(),
            command: attach_line(project, agent, session.as_deref(), Path::new(&made.path)),
            id: session,
            attached: run.hands.attached.as_ref().map(|attached| attached.pid),
        })
    }
}
