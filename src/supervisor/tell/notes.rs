//! Writing the notes on landed merges.

use crate::plan::{CommitId, PlanName};
use crate::schedule::Event;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::recovery::evidence::{landings, write_missing};

/// Writes missing notes of these landings, in the background.
pub fn write(desk: &Desk, landings: Vec<(PlanName, CommitId)>) {
    if landings.is_empty() {
        return;
    }
    let (project, sender) = (desk.project.clone(), desk.sender.clone());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write_missing(&project, landings) {
            let _ = sender.send(EngineMessage::Warning(None, error.to_string()));
        }
    });
}

/// Writes all missing notes, before the end of the run.
pub fn write_now(desk: &Desk) -> Vec<Event> {
    let written = write_missing(&desk.project, landings(desk.scheduler.state()));
    let warnings = written.err().map(|error| Event::Warning {
        plan: None,
        why: format!("{error}: `orch doctor --fix` writes what is missing").into(),
    });
    warnings.into_iter().collect()
}
