//! After the end of a run: finishing notices after the repository was released.
//!
//! A hook may take minutes, and may call this program itself. So nobody waits for a hook, and a hook does not deadlock with the
//! supervisor that waits for it.

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
    /// Takes the parts that continue from an engine. A person who asked to stop does not wait: notices under way continue on
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

    /// Waits until every notice was sent, and says goodbye.
    ///
    /// # Errors
    ///
    /// When signals cannot be listened for, or the journal cannot be written.
    pub(super) async fn finish(mut self) -> Result<(), SupervisorError> {
        let waited = self.wait().await;
        self.take_leave().and(waited)
    }

    /// Waits until every notice was sent, or until a signal says that nobody waits any longer.
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

    /// Records failed notices, unless another process drives the repository by now.
    fn take_leave(mut self) -> Result<(), SupervisorError> {
        let mut warnings = Vec::new();
        while let Ok(message) = self.inbox.try_recv() {
            if let EngineMessage::Warning(plan, why) = message {
                warnings.push(Event::warning(plan, why));
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
        // Also after an error: bars must not stay on the screen below the message.
        self.observer.ended(&self.scheduler);
        // The program is about to end, which frees all memory at once: dropping the scheduler piece by piece is wasted time.
        std::mem::forget(self.scheduler);
        result
    }
}
