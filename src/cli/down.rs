//! `orch down`

use std::time::{Duration, Instant};

use crate::journal::{OrchDir, RepositoryLock};
use crate::supervisor::{Answer, Request, ask, stop_strays};

use super::{CliError, Context, Exit, output};

/// Stop the supervisor and its agents; `orch up` goes on later
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
/// When nothing is being driven, or the supervisor does not end.
pub fn run(context: &Context, args: &DownArgs) -> Result<Exit, CliError> {
    let repo = context.repository()?;
    let dir = OrchDir::new(repo.common_dir());
    if RepositoryLock::holder(&dir)?.is_none() {
        return stop_what_is_left(context, &dir, args.now);
    }
    match ask(&dir, &Request::Down { now: args.now })? {
        None => return stop_what_is_left(context, &dir, args.now),
        Some(Answer::Refused { why, .. }) => return Err(CliError::refused(why)),
        Some(Answer::Accepted | Answer::Merged(_) | Answer::Resolved(_) | Answer::Ended) => {}
    }
    // Agents have their grace; the supervisor ends when the last of them is gone.
    let told = Instant::now();
    let mut said = false;
    while RepositoryLock::holder(&dir)?.is_some() {
        if !said && !context.quiet && told.elapsed() > Duration::from_secs(1) {
            anstream::eprintln!("waiting for agents to end (orch down --now kills them)");
            said = true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if !context.quiet {
        output::text("stopped; `orch up` goes on\n")?;
    }
    Ok(Exit::Done)
}

/// No supervisor is at work, but one that was killed may have left agents.
fn stop_what_is_left(context: &Context, dir: &OrchDir, now: bool) -> Result<Exit, CliError> {
    let stopped = stop_strays(dir, now)?;
    if stopped.is_empty() {
        return Err(CliError::new(
            Exit::Nothing,
            "no supervisor drives this repository, and no agent is at work",
        ));
    }
    if !context.quiet {
        output::text(&format!(
            "no supervisor was at work; stopped what one had left: {}; `orch up` goes on\n",
            stopped.join(", ")
        ))?;
    }
    Ok(Exit::Done)
}
