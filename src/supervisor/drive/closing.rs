//! After the end of a run: sends the remaining notices while the repository is free for others again.
//!
//! A hook may take minutes, and may call this program itself. Nobody should wait for the hook, and the hook must not wait
//! for a supervisor that waits for the hook.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::schedule::{Ending, Event, Scheduler};

use super::engine::Engine;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::desk::observer::Observer;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::recording::record;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::tell::notifier::Notifier;

/// The parts of an engine that outlive the loop.
pub(super) struct Closing<'o> {
    project: Arc<Project>,
    scheduler: Scheduler,
    observer: &'o mut dyn Observer,
    inbox: mpsc::UnboundedReceiver<EngineMessage>,
    notifier: Option<Notifier>,
}

impl<'o> Closing<'o> {
    /// Takes from an engine the parts that continue. A person who asked to stop waits for nothing: notices under way continue on
    /// their own.
    pub(super) fn of(engine: Engine<'o>) -> Self {
        let waits = engine.ending.is_some_and(|ending| ending != Ending::Interrupted);
        Self {
            project: engine.desk.project,
            scheduler: engine.desk.scheduler,
            observer: engine.observer,
            inbox: engine.inbox,
            notifier: engine.notifier.filter(|_| waits),
        }
    }

    /// Waits until every notice is sent, then closes the run.
    ///
    /// # Errors
    ///
    /// When signals cannot be listened for, or the journal cannot be written.
    pub(super) async fn finish(mut self) -> Result<(), SupervisorError> {
        let waited = self.wait().await;
        self.take_leave().and(waited)
    }

    /// Waits until every notice is sent, or until a signal says that nobody wants to wait any longer.
    async fn wait(&mut self) -> Result<(), SupervisorError> {
        let Some(notifier) = self.notifier.take() else {
            return Ok(());
        };
        let listen = |kind| signal(kind).map_err(SupervisorError::system("listen for signals"));
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let mut hangup = listen(SignalKind::hangup())?;
        let told = tokio::task::spawn_blocking(move || notifier.finish());
        tokio::select! {
            _ = told => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        Ok(())
    }

    /// Writes down what went wrong with it, unless somebody else drives the repository by now.
    fn take_leave(mut self) -> Result<(), SupervisorError> {
        let mut warnings = Vec::new();
        while let Ok(message) = self.inbox.try_recv() {
            if let EngineMessage::Warning(plan, why) = message {
                warnings.push(Event::Warning { plan, why });
            }
        }
        let mut result = Ok(());
        if !warnings.is_empty() {
            match record(&self.project, "up", |_| Ok(warnings)) {
                Ok(Some(Ok(records))) => self.observer.recorded(&records, &self.scheduler),
                Ok(_) => {}
                Err(error) => result = Err(error),
            }
        }
        // Also after an error: bars must not stay on the screen below it.
        self.observer.ended(&self.scheduler);
        // The program is about to end, and then all of it is gone at once: no need to take it apart piece by piece.
        std::mem::forget(self.scheduler);
        result
    }
}
