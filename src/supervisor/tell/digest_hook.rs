//! The hook `digest`: called at intervals with the events since the last call.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::perform;
use crate::supervisor::project::environment;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::digest::{Digest, DigestSince};

/// The longest duration of a call.
const LONGEST: Duration = Duration::from_secs(30);

/// Calls the hook during the run.
#[derive(Debug)]
pub struct DigestHook {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl DigestHook {
    /// Starts the calls, if the manifest has such a hook. Failures become warnings.
    pub fn start(project: &Arc<Project>, warnings: &UnboundedSender<EngineMessage>) -> Option<Self> {
        let line = project.set.hooks.digest.clone()?;
        let (project, warnings) = (Arc::clone(project), warnings.clone());
        let (end, ended) = channel::<()>();
        let thread = std::thread::Builder::new()
            .name("digest".to_owned())
            .spawn(move || {
                let every = project.set.hooks.digest_every;
                let mut last = None;
                while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                    match call(&project, &line, last) {
                        Ok(now) => last = Some(now),
                        Err(why) => drop(warnings.send(EngineMessage::Warning(None, why))),
                    }
                }
            });
        Some(Self {
            end,
            thread: thread.ok()?,
        })
    }

    /// Waits for a running call. No further call starts.
    pub fn finish(self) {
        drop(self.end);
        let _ = self.thread.join();
    }
}

/// Calls the hook, unless nothing has happened since the last reported entry. Returns the last entry now, and the time.
fn call(project: &Project, line: &str, last: Option<(i64, Timestamp)>) -> Result<(i64, Timestamp), String> {
    let since = last.map_or(DigestSince::Run, |(seq, at)| DigestSince::Entry(seq, at));
    let digest = Digest::of(project, since).map_err(|error| error.to_string())?;
    let end = (digest.seq, digest.until);
    if last.is_some_and(|(seq, _)| seq == digest.seq) {
        return Ok(end);
    }
    let mut event = serde_json::to_value(&digest).unwrap_or_default();
    event["event"] = "digest".into();
    let mut variables = environment::for_run(project);
    variables.set("ORCH_SINCE", digest.since.unwrap_or(digest.until).to_string());
    let hook = perform::Hook {
        name: "digest",
        key: "digest",
        line,
        folder: project.repo.top(),
        event: &event,
        longest: LONGEST,
    };
    perform::hook(project, &hook, variables).map(|()| end)
}
