//! Steering: turning a person's requests into events, with or without a running supervisor.

use crate::journal::Record;
use crate::plan::{PlanName, WorkRef};
use crate::schedule::{Event, ReviewStep, Scheduler, State, Steer, answer, remarks, review, steer};
use crate::words::{RefusalText, steer_remark};

use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::recording::record;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::situation::Situation;

/// The events of all requests, each applied on top of the earlier ones, and remarks about them.
pub fn all(
    scheduler: &Scheduler,
    what: &[WorkRef],
    asked: Steer,
) -> Result<(Vec<Event>, Vec<String>), RefusalText> {
    let mut state: State = scheduler.state().clone();
    let (mut events, mut said) = (Vec::new(), Vec::new());
    for work in what {
        // A request that an earlier one makes impossible is judged by the state before all of them: requests made together count as
        // made at once.
        let new = steer(scheduler.work(), &state, work, asked)
            .or_else(|_| steer(scheduler.work(), scheduler.state(), work, asked))?;
        said.extend(
            remarks(&state, work, asked, !new.is_empty())
                .iter()
                .map(steer_remark),
        );
        for event in &new {
            state.apply(state.now, event);
        }
        events.extend(new);
    }
    Ok((events, said))
}

/// The recorded events of a request, and its remarks.
#[derive(Debug)]
pub struct Recorded {
    /// Empty when nothing had to change.
    pub records: Vec<Record>,
    /// One line each.
    pub remarks: Vec<String>,
}

/// Records requests while no supervisor is running; they take effect with the next `orch up`. `None` when another process locks the
/// repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_steering(
    project: &Project,
    what: &[WorkRef],
    asked: Steer,
) -> Result<Option<Result<Recorded, RefusalText>>, SupervisorError> {
    let mut remarks = Vec::new();
    let recorded = record(project, asked.as_str(), |scheduler| {
        let (events, said) = all(scheduler, what, asked)?;
        remarks = said;
        Ok(events)
    })?;
    Ok(recorded.map(|recorded| recorded.map(|records| Recorded { records, remarks })))
}

/// Records a person's answer to a question while no supervisor is running; the next `orch up` continues the work. `None` when
/// another process locks the repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_answer(
    project: &Project,
    what: &WorkRef,
    question: Option<&str>,
    text: &str,
) -> Result<Option<Result<Vec<Record>, RefusalText>>, SupervisorError> {
    record(project, "answer", |scheduler| {
        Ok(answer(scheduler.work(), scheduler.state(), what, question, text)?)
    })
}

/// Records a step of a review while no supervisor is running. `None` when another process locks the repository meanwhile.
///
/// # Errors
///
/// When the journal cannot be read or written.
pub fn record_review(
    project: &Project,
    plan: &PlanName,
    step: &ReviewStep,
) -> Result<Option<Result<Vec<Record>, RefusalText>>, SupervisorError> {
    record(project, "review", |scheduler| {
        Ok(review(scheduler.work(), scheduler.state(), plan, step)?)
    })
}

/// Records a person's landings while no supervisor is running. A running supervisor records them itself.
///
/// # Errors
///
/// When the repository or the journal cannot be read or written.
pub fn record_landings(project: &Project) -> Result<(), SupervisorError> {
    let found = Situation::look(project)?.found;
    if !found.is_empty() {
        let _ = record(project, "clean", |_| Ok(found))?;
    }
    Ok(())
}
