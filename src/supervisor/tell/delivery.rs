//! Putting messages where agents at work read them.

use crate::plan::PlanName;
use crate::schedule::Event;
use crate::supervisor::control::mail::{mail_of, put};
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;

/// Puts the messages of a plan into its worktrees, on a thread of its own.
pub fn deliver(desk: &Desk, plan: &PlanName) {
    let state = desk.scheduler.state();
    let Some((mut worktrees, messages)) = mail_of(state, plan) else {
        return;
    };
    if state.plan(plan).resolution.agent.is_some() {
        worktrees.push(desk.project.conflict_path(plan));
    }
    let plan = plan.clone();
    let sender = desk.sender.clone();
    tokio::task::spawn_blocking(move || {
        for why in put(&worktrees, &messages) {
            let _ = sender.send(EngineMessage::Warning(Some(plan.clone()), why));
        }
    });
}

/// Puts what was sent while nobody drove into the worktrees of agents that are still at work; others get theirs when
/// they begin.
pub fn deliver_all(desk: &Desk) {
    let mut plans: Vec<&PlanName> = desk
        .scheduler
        .state()
        .open_attempts()
        .map(|open| open.0)
        .collect();
    plans.dedup();
    for plan in plans {
        deliver(desk, plan);
    }
}

/// True for a fact after which a plan has messages to be delivered.
pub fn brings_mail(event: &Event) -> Option<&PlanName> {
    match event {
        Event::MessageSent(sent) => Some(&sent.plan),
        _ => None,
    }
}
