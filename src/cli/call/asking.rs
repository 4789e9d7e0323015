//! Asks the supervisor for something, or does it in its place when there is none.

use std::ffi::OsString;
use std::time::Duration;

use crate::journal::OrchDir;
use crate::plan::AttemptId;
use crate::supervisor::{Answer, Request, SupervisorError, ask};
use crate::words::RefusalText;

use super::{CliError, ProgramExit};

/// Who handled a request, and the result.
pub enum RequestOutcome<T> {
    /// The supervisor.
    Answered(Answer),
    /// This process, because no supervisor was running.
    Alone(T),
}

/// How often to retry while a supervisor is just ending.
const TIMES: u32 = 20;

/// How long to wait between tries for a new holder of the lock to become a supervisor that answers.
const BETWEEN: Duration = Duration::from_millis(100);

/// Asks the supervisor. When none is running, or the one asked has ended, calls `alone` to do it instead. `alone` returns
/// `None` while another process holds the repository. Asking twice must change nothing, because a supervisor that dies while
/// it is asked may already have done it.
///
/// # Errors
///
/// Returns an error when the supervisor does not answer, or another process holds the repository and cannot be asked.
pub fn ask_or<T>(
    dir: &OrchDir,
    request: &Request,
    mut alone: impl FnMut() -> Result<Option<T>, SupervisorError>,
) -> Result<RequestOutcome<T>, CliError> {
    for _ in 0..TIMES {
        match ask(dir, request)? {
            Some(Answer::Ended) | None => {}
            Some(answer) => return Ok(RequestOutcome::Answered(answer)),
        }
        if let Some(done) = alone()? {
            return Ok(RequestOutcome::Alone(done));
        }
        std::thread::sleep(BETWEEN);
    }
    Err(CliError::new(
        ProgramExit::Nothing,
        "another process holds the repository and does not answer",
    )
    .with_hint("try again"))
}

/// Like [`ask_or`], for requests that are either done or refused. Returns true when a supervisor did it.
///
/// # Errors
///
/// Returns the refusal, or an error of [`ask_or`].
pub fn done_or_refused<T>(
    dir: &OrchDir,
    request: &Request,
    alone: impl FnMut() -> Result<Option<Result<T, RefusalText>>, SupervisorError>,
) -> Result<bool, CliError> {
    match ask_or(dir, request, alone)? {
        RequestOutcome::Answered(Answer::Refused { why, hint }) => Err(RefusalText { why, hint }.into()),
        RequestOutcome::Answered(_) => Ok(true),
        RequestOutcome::Alone(Ok(_)) => Ok(false),
        RequestOutcome::Alone(Err(refusal)) => Err(refusal.into()),
    }
}

/// Returns the attempt whose agent calls this program, or `None` for a person and for a hook, whose line a person wrote.
pub fn calling_attempt() -> Option<OsString> {
    let caller = std::env::var_os("ORCH_ATTEMPT").filter(|caller| !caller.is_empty())?;
    let text = caller.to_string_lossy();
    let hook = text.starts_with("hook-") && AttemptId::from(text.clone().into_owned()).parts().is_none();
    (!hook).then_some(caller)
}

/// Refuses agents.
///
/// # Errors
///
/// Returns an error with these words in front of an agent's call: `only a person lands plans`.
pub fn refuse_agents(what: &str) -> Result<(), CliError> {
    match calling_attempt() {
        None => Ok(()),
        Some(attempt) => Err(CliError::refused(format!(
            "{} is an agent's attempt, and only a person {what}",
            attempt.display()
        ))
        .with_hint("an agent reports with `orch task`, and writes to others with `orch send`")),
    }
}
