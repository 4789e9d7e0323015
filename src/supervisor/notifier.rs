//! The hook `notify`: somebody is told of what has waited for too long, and of the end of a run. One call after the other, on
//! a thread of its own; what goes wrong is a warning and nothing more.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::journal::Record;
use crate::plan::LaneId;
use crate::schedule::{Ending, Event};

use super::engine::Engine;
use super::message::Message;
use super::{Campaign, environment, perform};

/// Longest duration of one call.
const LONGEST: Duration = Duration::from_secs(30);

/// Calls to come.
#[derive(Debug)]
pub struct Notifier {
    calls: Sender<Call>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Call {
    record: Record,
    worktree: Option<PathBuf>,
}

impl Notifier {
    /// Ready to call; none when the manifest has no such hook.
    pub fn new(campaign: &Arc<Campaign>, warnings: UnboundedSender<Message>) -> Option<Self> {
        let line = campaign.set.hooks.notify.clone()?;
        let campaign = Arc::clone(campaign);
        let (calls, called) = channel::<Call>();
        let thread = std::thread::Builder::new()
            .name("notify".to_owned())
            .spawn(move || {
                for call in called {
                    if let Err(why) = notify(&campaign, &line, &call) {
                        let plan = call.record.event.plan().cloned();
                        let _ = warnings.send(Message::Warning(plan, why));
                    }
                }
            });
        Some(Self {
            calls,
            thread: thread.ok()?,
        })
    }

    /// Waits until everything was told. Each call is limited, so that does not last.
    fn finish(self) {
        drop(self.calls);
        let _ = self.thread.join();
    }
}

impl Engine<'_> {
    /// Tells of what somebody should know.
    pub(super) fn notify(&self, records: &[Record]) {
        let Some(notifier) = &self.notifier else {
            return;
        };
        for record in records.iter().filter(|record| is_to_be_told(&record.event)) {
            let plan = record.event.plan();
            let call = Call {
                record: record.clone(),
                worktree: plan.map(|plan| self.worktree(&LaneId::own(plan))),
            };
            let _ = notifier.calls.send(call);
        }
    }

    /// Waits for what is still being told, and says what went wrong with it. A person who asked to stop does not wait for it:
    /// what is being told goes on by itself.
    pub(super) fn finish_notifying(&mut self) -> Vec<Event> {
        let notifier = self.notifier.take();
        if let Some(notifier) = notifier.filter(|_| self.ending != Some(Ending::Interrupted)) {
            notifier.finish();
        }
        let mut warnings = Vec::new();
        while let Ok(message) = self.inbox.try_recv() {
            if let Message::Warning(plan, why) = message {
                warnings.push(Event::Warning { plan, why });
            }
        }
        warnings
    }
}

/// What waits for too long, and the end of a run that nobody asked to stop.
fn is_to_be_told(event: &Event) -> bool {
    match event {
        Event::Escalated(_) | Event::RunSettled {} => true,
        Event::RunStopped { resume, .. } => !resume,
        _ => false,
    }
}

fn notify(campaign: &Campaign, line: &str, call: &Call) -> Result<(), String> {
    let event = &call.record.event;
    let plan = event.plan().and_then(|name| campaign.plan(name));
    let mut variables = match (plan, &call.worktree) {
        (Some(plan), Some(worktree)) => environment::for_plan(campaign, plan, worktree),
        _ => environment::for_run(campaign),
    };
    let text = call.record.to_json();
    variables.set("ORCH_RUN", call.record.run.to_string());
    let hook = perform::Hook {
        name: &format!("notify-{}", call.record.seq),
        key: "notify",
        line,
        folder: campaign.repo.top(),
        event: &text,
        longest: LONGEST,
    };
    perform::hook(campaign, &hook, variables)
}
