//! Delivering messages to agents at work, and noticing that they were read.

use crate::plan::{LaneId, PlanName};
use crate::schedule::{Event, Input, MailUpTo, PersonFact};
use crate::status;
use crate::supervisor::control::mail::{mail_of, put};
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;

/// Delivers a plan's messages into its worktrees, on a thread of its own.
pub fn deliver(desk: &Desk, plan: &PlanName) {
    let state = desk.scheduler.state();
    let mut mail = mail_of(state, plan);
    let Some(last) = state.plan(plan).mail.inbox.last() else {
        return;
    };
    if state.plan(plan).resolution.agent.is_some() {
        let messages = state.plan(plan).mail.inbox.clone();
        mail.push((desk.project.conflict_path(plan), messages));
    }
    let readable = Some(last.id).filter(|_| state.plan(plan).is_at_work());
    let plan = plan.clone();
    let sender = desk.sender.clone();
    tokio::task::spawn_blocking(move || {
        let troubles = put(&mail);
        if let Some(up_to) = readable.filter(|_| troubles.is_empty()) {
            let plan = plan.clone();
            let delivered = Event::Person(PersonFact::Delivered(MailUpTo { plan, up_to }));
            let _ = sender.send(EngineMessage::Input(Input::Event(delivered)));
        }
        for why in troubles {
            let _ = sender.send(EngineMessage::Warning(Some(plan.clone()), why));
        }
    });
}

/// The messages that the agent in this worktree has read by now; `None` when nothing changed.
pub fn read_by(desk: &Desk, lane: &LaneId) -> Option<Input> {
    let mail = &desk.scheduler.state().plan(&lane.plan).mail;
    let last = mail.inbox.last()?.id;
    let up_to = status::read_up_to(&desk.worktree(lane)).min(last);
    let plan = lane.plan.clone();
    let read = Event::Person(PersonFact::Read(MailUpTo { plan, up_to }));
    (up_to > mail.read.unwrap_or(0)).then_some(Input::Event(read))
}

/// Delivers messages that were sent while no supervisor was running to agents that are still at work. Other agents
/// get theirs when they start.
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

/// The plan for which this event brings new messages.
pub fn brings_mail(event: &Event) -> Option<&PlanName> {
    match event {
        Event::MessageSent(sent) => Some(&sent.plan),
        _ => None,
    }
}
