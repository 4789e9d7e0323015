//! Running a hook: a shell line that is told what happened. It runs under a runner like an agent, so that it cannot go on for
//! ever and nothing of it is left behind.

use std::fs;
use std::time::Duration;

use crate::agent::{Environment, Job, JobFolder, JobInput, JobState, Reading, Runner};
use crate::plan::StopSignal;
use crate::schedule::Exit;

use super::super::Campaign;

/// Longest duration of a hook that only tells people something.
const LONGEST: Duration = Duration::from_secs(30);
/// From TERM to KILL.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes of output that a failure quotes.
const QUOTED: usize = 1000;

/// Runs the line in the repository's top folder, with `event` as its standard input. Its folder is kept when it fails.
///
/// # Errors
///
/// Why it could not be run, or how it ended, with the end of its output.
pub fn hook(
    campaign: &Campaign,
    name: &str,
    line: &str,
    variables: Environment,
    event: &str,
) -> Result<(), String> {
    let folder = JobFolder::new(campaign.dir.hook(name));
    let input = folder.path().join("event.json");
    let job = Job {
        tag: format!("hook-{name}"),
        argv: vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()],
        folder: campaign.repo.top().to_owned(),
        env: variables.into_map(),
        input: JobInput::File(input.clone()),
        timeout: Some(LONGEST),
        grace: GRACE,
        stop: vec![StopSignal::Term],
        reading: Reading::default(),
        patience: None,
        head: None,
    };
    let trouble = |error: &dyn std::fmt::Display| format!("the hook `{line}` could not be run: {error}");
    let lock = folder.prepare(&job, None).map_err(|error| trouble(&error))?;
    fs::write(&input, event).map_err(|error| trouble(&error))?;
    let runner = campaign
        .launcher
        .launch(folder.clone(), lock)
        .map_err(|error| trouble(&error))?;
    let exit = wait(runner).map_err(|error| trouble(&error))?;
    if exit == (Exit::Code { code: 0 }) {
        // Nothing more is to be learnt from it.
        let _ = fs::remove_dir_all(folder.path());
        return Ok(());
    }
    let tail = folder.tail(QUOTED);
    let tail = tail.trim();
    let output = if tail.is_empty() {
        String::new()
    } else {
        format!("\n{tail}")
    };
    Err(format!("the hook `{line}` {}{output}", exit.describe()))
}

fn wait(runner: Runner) -> Result<Exit, crate::agent::AgentError> {
    Ok(match runner.wait()? {
        JobState::Ended(record) => record.exit,
        JobState::Unstarted | JobState::Running(_) | JobState::Lost(_) => Exit::Lost,
    })
}
