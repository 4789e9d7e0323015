//! Stalled attempts: when they are examined, what counts as a stall, and what follows.
//!
//! Four signs of life count: output, the status file, files of the worktree, and processor time of the whole process tree.
//! Only when all four have been still for `stuck_after` is the stall reported. Only after the same time again does
//! `on_stuck` apply. Any sign in between withdraws the report.

use std::time::Duration;

use crate::plan::{AttemptId, Message, MessageKind, OnStall, PlanName};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::orch_message::OrchMessage;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::{Ages, OfAttempt, Sent, Signs, StallAction, StallNotice};
use crate::schedule::event::why::because::Because;
use crate::schedule::state::attempt::{AttemptState, Stall};
use crate::schedule::work::plans::PlanWork;

/// An attempt is examined four times within `stuck_after`. That is often enough to report a stall at most half of it late, and
/// rare enough to cost next to nothing.
const LOOKS: u32 = 4;

/// The time between two examinations.
pub(in crate::schedule) fn pause(stall_after: Duration) -> Duration {
    (stall_after / LOOKS).max(Duration::from_millis(1))
}

/// Asks for the examinations that are due, stops attempts that were given up, and returns the time of the next examination.
pub(in crate::schedule) fn watch(board: &mut Board, at: At, number: usize, step: &mut Step) -> Option<At> {
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let stall_after = plan.attempts.stuck_after?;
    let running = run.attempts.iter();
    let running = running.filter(|(_, attempt)| attempt.state == AttemptState::Running);
    let mut next: Option<At> = None;
    let (mut looks, mut ends) = (Vec::new(), Vec::new());
    for (lane, attempt) in running {
        if attempt.is_given_up() {
            ends.push(attempt.id.clone());
            continue;
        }
        let seen = board.looked.get(&attempt.id).copied().unwrap_or(attempt.since);
        let due = seen + pause(stall_after);
        if due <= at {
            looks.push((*lane, attempt.id.clone()));
        } else {
            next = Some(next.map_or(due, |next| next.min(due)));
        }
    }
    let name = plan.name.clone();
    for attempt in ends {
        let stop = Effect::Stop {
            attempt: attempt.clone(),
            now: false,
        };
        board.ask(Ask::Stop(attempt, false), stop, step);
    }
    for (lane, attempt) in looks {
        let look = Effect::Look {
            plan: name.clone(),
            lane,
            attempt: attempt.clone(),
            stall_after,
        };
        board.ask(Ask::Look(attempt), look, step);
    }
    next
}

/// Applies the result of an examination.
pub(in crate::schedule) fn take_signs(
    board: &mut Board,
    at: At,
    name: &PlanName,
    id: &AttemptId,
    signs: &Signs,
    step: &mut Step,
) {
    board.asked.remove(&Ask::Look(id.clone()));
    let Some(number) = board.state.number(name) else {
        return;
    };
    board.frontier.dirty.insert(number);
    let plan = &board.work.plans[number];
    let Some(stall_after) = plan.attempts.stuck_after else {
        return;
    };
    let run = &board.state.plans[number];
    let resolver = run.resolution.agent.as_ref().filter(|agent| agent.attempt == *id);
    let stall = match (run.attempt(id), resolver) {
        (Some(attempt), _) if attempt.state == AttemptState::Running => attempt.stall.as_ref(),
        (None, Some(agent)) => agent.stall.as_ref(),
        _ => return,
    };
    if stall.is_some_and(|stall| stall.acted.is_some_and(OnStall::ends_it)) {
        return;
    }
    let events = follow(plan, id, stall, at, signs, stall_after);
    board.looked.insert(id.clone(), at);
    for event in events {
        board.record(at, event.clone(), step);
        if let Event::StallActed(done) = event
            && done.action == OnStall::Nudge
        {
            let (attempt, ages) = (id.clone(), done.ages);
            let text = (board.wording)(&OrchMessage::Stuck { attempt, ages });
            let message = nudge(&board.state.plans[number].mail.inbox, text);
            let plan = name.clone();
            board.record(at, Event::MessageSent(Sent { plan, message }), step);
        }
    }
}

/// Returns the events that follow from one examination.
fn follow(
    plan: &PlanWork,
    attempt: &AttemptId,
    stall: Option<&Stall>,
    at: At,
    signs: &Signs,
    stall_after: Duration,
) -> Vec<Event> {
    let about = || OfAttempt {
        plan: plan.name.clone(),
        attempt: attempt.clone(),
    };
    match (stall, signs.stalled_for(stall_after)) {
        (None, Some(ages)) => vec![Event::AgentStalled(StallNotice {
            plan: plan.name.clone(),
            attempt: attempt.clone(),
            ages,
        })],
        (Some(_), None) if signs.has_moved_within(stall_after) => vec![Event::AgentStirred(about())],
        (Some(stall), Some(ages)) if stall.is_due(at, stall_after) => match plan.attempts.on_stuck {
            OnStall::Notice => Vec::new(),
            action @ (OnStall::Nudge | OnStall::Restart | OnStall::Hold) => {
                vec![Event::StallActed(StallAction {
                    plan: plan.name.clone(),
                    attempt: attempt.clone(),
                    action,
                    ages,
                })]
            }
        },
        (None | Some(_), None | Some(_)) => Vec::new(),
    }
}

fn nudge(inbox: &[Message], text: String) -> Message {
    Message {
        id: next_id(inbox),
        from: None,
        kind: MessageKind::Status,
        text,
        answers: None,
        by_orch: true,
    }
}

/// Returns the number of the next message.
pub(in crate::schedule) fn next_id(inbox: &[Message]) -> u32 {
    u32::try_from(inbox.len()).unwrap_or(u32::MAX).saturating_add(1)
}

impl Stall {
    /// Returns true when nothing was done about the stall yet, and it has been known for as long as it took to be noticed.
    fn is_due(&self, at: At, stall_after: Duration) -> bool {
        self.acted.is_none() && at.since(self.since) >= stall_after
    }

    /// Returns how long ago each sign of life was seen.
    pub fn ages_at(&self, now: At) -> Ages {
        self.ages.after(now.since(self.since))
    }

    /// Returns why an attempt that was stopped for a stall did not complete its stage.
    pub(in crate::schedule) fn why(&self) -> Because {
        let at = self.acted_at.unwrap_or(self.since);
        Because::Stuck {
            ages: self.ages_at(at),
        }
    }
}
