//! People who are attached to plans: when a person leaves in any way, the plan continues.

use crate::journal::AttachLock;
use crate::plan::PlanName;
use crate::schedule::{AttachEnded, Event, Input, PersonFact};
use crate::supervisor::control::attaching::end_leftover;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;

/// Waits on a thread of its own until this person has left. The supervisor's end does not wait for the thread.
pub fn follow(desk: &Desk, plan: &PlanName, pid: u32) {
    let (project, plan, sender) = (desk.project.clone(), plan.clone(), desk.sender.clone());
    std::thread::spawn(move || {
        let free = AttachLock::wait(&project.dir, &plan);
        if let Err(error) = &free {
            let why = format!("who is attached to it cannot be seen ({error})");
            let _ = sender.send(EngineMessage::Warning(Some(plan.clone()), why));
        }
        end_leftover(&project, &plan);
        let ended = Event::Person(PersonFact::AttachEnded(AttachEnded { plan, pid }));
        let _ = sender.send(EngineMessage::Input(Input::Event(ended)));
    });
}

/// Waits for everybody who was attached when the supervisor started.
pub fn follow_all(desk: &Desk) {
    for (plan, run) in desk.scheduler.state().plans() {
        if let Some(attached) = &run.hands.attached {
            follow(desk, plan, attached.pid);
        }
    }
}
