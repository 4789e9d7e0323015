//! The hooks that follow recorded events: `notify` reports plans that need a person and the end of a run, `post_merge` reports
//! a landed plan. Each hook has a thread of its own, which makes one call after the other. A failing call becomes a warning.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use crate::failpoint;
use crate::journal::Record;
use crate::plan::LaneId;
use crate::schedule::Event;

use super::digest_hook::DigestHook;
use super::urgency::{NoticesSent, is_news, urgency};
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::perform;
use crate::supervisor::project::environment;
use crate::supervisor::project::repository_plans::Project;

/// A hook, and the events for which it is called.
#[derive(Debug, Clone, Copy)]
struct HookKind {
    key: &'static str,
    longest: Duration,
}

const NOTIFY: HookKind = HookKind {
    key: "notify",
    longest: Duration::from_secs(30),
};
const POST_MERGE: HookKind = HookKind {
    key: "post_merge",
    longest: Duration::from_secs(10 * 60),
};

/// The value of `notify` that stands for a notice on the desktop.
const DESKTOP: &str = "desktop";

/// The shell line behind [`DESKTOP`]. `notify-send` is the command of the freedesktop notification service.
const NOTIFY_SEND: &str = "case $ORCH_URGENCY in high) urgency=critical ;; *) urgency=$ORCH_URGENCY ;; esac; \
     exec notify-send --app-name=orch --urgency=\"$urgency\" \"orch: ${ORCH_PLAN:-$ORCH_RUN}\" \"$ORCH_NEWS\"";

/// The queued calls.
#[derive(Debug)]
pub struct Notifier {
    notify: Option<Caller>,
    post_merge: Option<Caller>,
    digest: Option<DigestHook>,
}

#[derive(Debug)]
struct Caller {
    calls: Sender<HookCall>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct HookCall {
    record: Record,
    worktree: Option<PathBuf>,
}

impl Notifier {
    /// A notifier for the hooks of the manifest.
    pub fn new(project: &Arc<Project>, warnings: &UnboundedSender<EngineMessage>) -> Self {
        let hooks = &project.set.hooks;
        let caller = |kind, line: &Option<String>| {
            let line = line.clone()?;
            Caller::start(kind, line, Arc::clone(project), warnings.clone())
        };
        Self {
            notify: caller(NOTIFY, &hooks.notify),
            post_merge: caller(POST_MERGE, &hooks.post_merge),
            digest: DigestHook::start(project, warnings),
        }
    }

    fn for_event(&self, event: &Event) -> Option<&Caller> {
        match event {
            Event::MergeLanded { .. } => self.post_merge.as_ref(),
            event => self.notify.as_ref().filter(|_| urgency(event).is_some()),
        }
    }

    /// Waits until every queued call was made. Each call is limited, so this ends.
    pub fn finish(self) {
        if let Some(digest) = self.digest {
            digest.finish();
        }
        for caller in [self.notify, self.post_merge].into_iter().flatten() {
            drop(caller.calls);
            let _ = caller.thread.join();
        }
    }
}

impl Caller {
    fn start(
        kind: HookKind,
        line: String,
        project: Arc<Project>,
        warnings: UnboundedSender<EngineMessage>,
    ) -> Option<Self> {
        let (calls, called) = channel::<HookCall>();
        let thread = std::thread::Builder::new().name(kind.key.to_owned());
        let on_desktop = kind.key == NOTIFY.key && line == DESKTOP;
        let line = if on_desktop { NOTIFY_SEND.to_owned() } else { line };
        let thread = thread.spawn(move || {
            for call in called {
                if let Err(why) = make(&project, kind, &line, &call) {
                    // Without a desktop the terminal rings.
                    if on_desktop && std::io::stderr().is_terminal() {
                        let _ = std::io::stderr().write_all(b"\x07");
                        continue;
                    }
                    let plan = call.record.event.plan().cloned();
                    let _ = warnings.send(EngineMessage::Warning(plan, why));
                }
            }
        });
        let thread = thread.ok()?;
        Some(Self { calls, thread })
    }
}

impl Notifier {
    /// Queues calls for events that somebody should know.
    pub fn tell(&self, desk: &Desk, records: &[Record]) {
        for record in records {
            let Some(caller) = self.for_event(&record.event) else {
                continue;
            };
            let plan = record.event.plan();
            let call = HookCall {
                record: record.clone(),
                worktree: plan.map(|plan| desk.worktree(&LaneId::own(plan))),
            };
            let _ = caller.calls.send(call);
        }
    }
}

fn make(project: &Project, kind: HookKind, line: &str, call: &HookCall) -> Result<(), String> {
    let event = &call.record.event;
    let urgency = urgency(event);
    if urgency.is_some() && !is_still_to_be_told(project, event) {
        return Ok(());
    }
    let plan = event.plan().and_then(|name| project.plan(name));
    let mut variables = match (plan, &call.worktree) {
        (Some(plan), Some(worktree)) => environment::for_plan(project, plan, worktree),
        _ => environment::for_run(project),
    };
    let mut text = call.record.to_json();
    variables.set("ORCH_RUN", call.record.run.to_string());
    if let Some(urgency) = urgency {
        variables.set("ORCH_URGENCY", urgency.word());
        let said = ["why", "text"].iter().find_map(|key| text["data"][*key].as_str());
        let first = said.and_then(|said| said.lines().next());
        variables.set("ORCH_NEWS", first.unwrap_or("all plans have settled").to_owned());
        text["urgency"] = urgency.word().into();
    }
    let hook = perform::Hook {
        name: &format!("{}-{}", kind.key, call.record.seq),
        key: kind.key,
        line,
        folder: project.repo.top(),
        event: &text,
        longest: kind.longest,
    };
    perform::hook(project, &hook, variables)
}

/// False for an event that was reported a moment ago, by this supervisor or an earlier one. If that record cannot be read or
/// written, the event is reported again.
fn is_still_to_be_told(project: &Project, event: &Event) -> bool {
    let path = project.dir.told();
    let known = std::fs::read(&path).ok();
    let mut told: NoticesSent = known
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let before = told.clone();
    let news = is_news(&mut told, event, Timestamp::now().as_second());
    if told != before {
        let new = path.with_extension("new");
        let text = serde_json::to_vec(&told).unwrap_or_default();
        let _ = std::fs::write(&new, text)
            .and_then(|()| failpoint::around("told", || std::fs::rename(&new, &path)));
    }
    news
}
