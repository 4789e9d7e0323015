//! Hooks: shell lines that run on events. Each runs under a runner like an agent, so that it cannot run for ever and leaves no
//! orphans.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::agent::{AgentError, Environment, Job, JobFolder, JobInput, JobState, OutputReading, Runner};
use crate::plan::StopSignal;
use crate::schedule::Exit;
use crate::words;

use crate::supervisor::project::repository_plans::Project;

/// The time between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);
/// How many bytes of output a failure quotes.
const QUOTED: usize = 1000;

/// One call of a hook.
#[derive(Debug)]
pub struct Hook<'a> {
    /// A name for this call, different from any other call that may run at the same time.
    pub name: &'a str,
    /// The key in `[hooks]`.
    pub key: &'static str,
    /// The shell line.
    pub line: &'a str,
    /// The folder it runs in.
    pub folder: &'a Path,
    /// The event: one JSON object, its standard input.
    pub event: &'a serde_json::Value,
    /// The longest duration.
    pub longest: Duration,
}

/// Runs the hook to its end. The hook's folder is kept when it fails.
///
/// # Errors
///
/// Why the hook could not be run, or how it ended, with the end of its output.
pub fn hook(project: &Project, hook: &Hook<'_>, variables: Environment) -> Result<(), String> {
    let folder = JobFolder::new(project.dir.hook(hook.name));
    let what = format!("the hook {} (`{}`)", hook.key, hook.line);
    let exit = run(project, hook, &folder, variables)
        .map_err(|error| format!("{what} could not be run: {error}"))?;
    if exit == (Exit::Code { code: 0 }) {
        forget(&folder);
        return Ok(());
    }
    let tail = folder.tail(QUOTED);
    let tail = tail.trim();
    let output = if tail.is_empty() {
        String::new()
    } else {
        format!("\n{tail}")
    };
    Err(format!("{what} {}{output}", words::exit(&exit)))
}

/// Removes the folder of a job that is no longer needed.
pub fn forget(folder: &JobFolder) {
    let _ = fs::remove_dir_all(folder.path());
}

fn run(
    project: &Project,
    hook: &Hook<'_>,
    folder: &JobFolder,
    mut variables: Environment,
) -> Result<Exit, String> {
    let text = |error: AgentError| error.to_string();
    let input = folder.path().join("event.json");
    variables.set("ORCH_EVENT", hook.event["event"].as_str().unwrap_or_default());
    let job = Job {
        tag: format!("hook-{}", hook.name),
        argv: vec!["sh".to_owned(), "-c".to_owned(), hook.line.to_owned()],
        folder: hook.folder.to_owned(),
        env: variables.into_map(),
        input: JobInput::File(input.clone()),
        timeout: Some(hook.longest),
        grace: GRACE,
        stop: vec![StopSignal::Term],
        reading: OutputReading::default(),
        patience: None,
        head: None,
        ends_with: None,
    };
    if let Some(old) = Runner::adopt(folder.clone()).map_err(text)? {
        // A hook of a killed supervisor: nobody received its result.
        old.hold().stop(true);
        old.wait().map_err(text)?;
    }
    let lock = folder.prepare(&job, None).map_err(text)?;
    fs::write(&input, format!("{}\n", hook.event))
        .map_err(|error| format!("{}: {error}", input.display()))?;
    let runner = project.launcher.launch(folder.clone(), lock).map_err(text)?;
    Ok(match runner.wait().map_err(text)? {
        JobState::Ended(record) => record.exit,
        JobState::Unstarted | JobState::Running(_) | JobState::Lost(_) | JobState::Away(_) => Exit::Lost,
    })
}
