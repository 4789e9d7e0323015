//! What agents' output tells: brought to the scheduler when they end, and while they work where there is a budget.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::schedule::{AttemptState, Event, Input};

use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::recovery::output;

/// How often it is looked at what agents at work have spent: as often as their runners write it down.
const EVERY: Duration = Duration::from_secs(1);

/// Asks the loop, from now on, to look at what is being spent. Ends with the loop.
pub fn watch(sender: mpsc::UnboundedSender<EngineMessage>) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            if sender.send(EngineMessage::LookAtSpending).is_err() {
                return;
            }
        }
    });
}

/// Takes in what agents at work have spent since it was looked at last.
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
        // What is known already changes nothing.
        inputs.extend(output::usage(&desk.project.dir, plan, &resolver.attempt).map(Input::Event));
    }
}
