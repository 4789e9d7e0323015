//! Asking the supervisor for something, or doing it in its place when there is none.

use std::ffi::OsString;
use std::time::Duration;

use crate::journal::OrchDir;
use crate::supervisor::{Answer, Request, SupervisorError, ask};
use crate::words::RefusalText;

use super::{CliError, ProgramExit};

/// Who handled a request, and the result.
pub enum RequestOutcome<T> {
    /// The supervisor.
    Answered(Answer),
    /// This process: no supervisor was at work.
    Alone(T),
}

/// How often one who ends just then is asked or replaced.
const TIMES: u32 = 20;

/// How long it may take until a lock that was just taken has a supervisor behind it that can be asked.
const BETWEEN: Duration = Duration::from_millis(100);

/// Asks the supervisor; where none is at work, or the one asked has ended, `alone` does it, which gives none while somebody else
/// holds the repository. Asking twice must change nothing: a supervisor that dies while it is asked may have done it.
///
/// # Errors
///
/// When the supervisor does not answer, or somebody else holds the repository and cannot be asked.
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

/// As [`ask_or`], for what is done or refused: true when a supervisor has done it.
///
/// # Errors
///
/// The refusal, and those of [`ask_or`].
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

/// The attempt whose agent calls this program; none for a person.
pub fn calling_attempt() -> Option<OsString> {
    std::env::var_os("ORCH_ATTEMPT").filter(|attempt| !attempt.is_empty())
}
