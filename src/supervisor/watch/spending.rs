//! Usage from agents' output: sent to the scheduler when agents end, and during their work.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::schedule::{AttemptState, Event, Input};

use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::recovery::output;

/// How often to check the usage of running agents where a budget ends them: as often as their runners record it.
const BUDGETED: Duration = Duration::from_secs(1);
/// How often otherwise, where it is only shown. Each change is an entry of the journal.
const SHOWN: Duration = Duration::from_secs(15);

/// Starts to remind the loop of checks, until the loop ends.
pub fn watch(sender: mpsc::UnboundedSender<EngineMessage>, has_budget: bool) {
    let every = if has_budget { BUDGETED } else { SHOWN };
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            if sender.send(EngineMessage::LookAtSpending).is_err() {
                return;
            }
        }
    });
}

/// Sends the scheduler the new usage of running agents.
pub fn look(desk: &Desk, inputs: &mut Vec<Input>) {
    let state = desk.scheduler.state();
    let running = state
        .open_attempts()
        .filter(|(_, _, attempt)| attempt.state == AttemptState::Running);
    for (plan, _, attempt) in running {
        if let Some(Event::AgentUsage(usage)) = output::usage(&desk.project.dir, plan, &attempt.id)
            && usage.facts.spent != attempt.facts.spent
        {
            inputs.push(Input::Event(Event::AgentUsage(usage)));
        }
    }
    for (plan, resolver) in state.resolvers() {
        // A known value changes nothing.
        inputs.extend(output::usage(&desk.project.dir, plan, &resolver.attempt).map(Input::Event));
    }
}
