//! `orch down`

use std::time::{Duration, Instant};

use crate::agent::is_suspended;
use crate::journal::{OrchDir, RepositoryLock};
use crate::supervisor::{Answer, Request, ask, stop_orphans};

use crate::cli::call::asking::refuse_agents;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Stop the supervisor and its agents
///
/// Run `orch up` to continue later.
#[derive(Debug, clap::Args)]
pub struct DownArgs {
    /// Kill agents instead of asking them to end
    #[arg(long)]
    now: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is nothing to stop, or the supervisor does not end.
pub fn run(context: &Context, args: &DownArgs) -> Result<ProgramExit, CliError> {
    refuse_agents("stops a run")?;
    let repo = context.repository()?;
    let dir = OrchDir::new(repo.common_dir());
    if RepositoryLock::holder(&dir)?.is_none() {
        return stop_what_is_left(context, &dir, args.now);
    }
    match ask(&dir, &Request::Down { now: args.now })? {
        // The supervisor just ended or was killed. Its orphans are stopped either way.
        None => drop(stop_orphans(&dir, args.now)?),
        Some(Answer::Refused { why, .. }) => return Err(CliError::refused(why)),
        Some(
            Answer::Accepted
            | Answer::Steered { .. }
            | Answer::Merged(_)
            | Answer::Resolved(_)
            | Answer::Train { .. }
            | Answer::Ended,
        ) => wait_for_its_end(context, &dir, args.now)?,
    }
    if !context.quiet {
        output::text("stopped; `orch up` continues\n")?;
    }
    Ok(ProgramExit::Done)
}

/// Waits for the supervisor to end, which happens when its last agent is gone. Reports the wait from time to time.
fn wait_for_its_end(context: &Context, dir: &OrchDir, now: bool) -> Result<(), CliError> {
    let told = Instant::now();
    let mut next = Duration::from_secs(1);
    while let Some(holder) = RepositoryLock::holder(dir)? {
        if !context.quiet && told.elapsed() > next {
            let pid = holder.map(|holder| holder.pid);
            let who = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            let rest = match pid.filter(|pid| is_suspended(*pid)) {
                Some(pid) => format!("it is suspended: `kill -CONT {pid}` continues it"),
                None if now => "it kills its agents and verifications first".to_owned(),
                None => {
                    "its agents and verifications have their grace (orch down --now kills them)".to_owned()
                }
            };
            anstream::eprintln!("waiting for the supervisor{who} to end: {rest}");
            next = told.elapsed() + SAY_AGAIN;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// How often the wait is reported.
const SAY_AGAIN: Duration = Duration::from_secs(10);

/// Stops agents that a killed supervisor may have left, when no supervisor is running.
fn stop_what_is_left(context: &Context, dir: &OrchDir, now: bool) -> Result<ProgramExit, CliError> {
    let stopped = stop_orphans(dir, now)?;
    if stopped.is_empty() {
        return Err(CliError::new(
            ProgramExit::Nothing,
            "no supervisor drives this repository, and no agent is at work",
        ));
    }
    if !context.quiet {
        output::text(&format!(
            "no supervisor was at work; stopped what an earlier one had left: {}; `orch up` continues\n",
            stopped.join(", ")
        ))?;
    }
    Ok(ProgramExit::Done)
}
