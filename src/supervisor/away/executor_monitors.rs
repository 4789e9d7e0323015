//! The executor monitors of a supervisor: threads that watch attempts on other machines, one for each
//! executor.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use crate::agent::JobFolder;
use crate::git::hub::Channel;
use crate::plan::{AttemptId, Executor, LaneId};
use crate::supervisor::desk::core::Desk;
use crate::supervisor::project::error::in_words;

use super::away_attempt::{AwayAttempt, LastLook};
use super::executor_monitor::{ExecutorMonitor, MonitorOrder};
use super::fate::Watched;

/// The monitors.
#[derive(Debug, Default)]
pub struct ExecutorMonitors {
    lines: Vec<(Executor, Sender<MonitorOrder>)>,
    of: BTreeMap<AttemptId, usize>,
}

impl ExecutorMonitors {
    /// True when no attempt is away.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// True when this attempt is away.
    pub fn has(&self, attempt: &AttemptId) -> bool {
        self.of.contains_key(attempt)
    }

    /// Starts or resumes watching an attempt whose folder says that the attempt is away.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read, or says that the attempt is not away.
    pub fn attend(
        &mut self,
        desk: &Desk,
        lane: LaneId,
        attempt: &AttemptId,
        read: LastLook,
    ) -> Result<(), String> {
        let folder = JobFolder::new(desk.project.dir.attempt(attempt));
        let away = folder.away().map_err(in_words)?.ok_or("it was not handed over")?;
        let grace = folder.job().map(|job| job.grace).unwrap_or_default();
        let known = (away.submitting, away.job.is_some());
        let executor = away.executor.clone();
        let remote = AwayAttempt {
            lock: desk.units.of(&lane.plan),
            watched: Watched::new(Duration::ZERO, executor.settle, grace, known),
            repo: desk.project.repo.clone(),
            lane,
            folder,
            away,
            read: Some(read),
            heard: Duration::ZERO,
            is_silent: false,
            news: None,
            mirrored: BTreeMap::new(),
            mail: None,
            over: None,
            refusal: None,
            warned: None,
        };
        let line = self.lines.iter().position(|(known, _)| *known == executor);
        let line = line.unwrap_or_else(|| {
            let (send, orders) = mpsc::channel();
            let channel = Channel {
                git_dir: desk.project.repo.common_dir().to_owned(),
                hub: executor.hub_here.clone(),
                repository: remote.away.repository.clone(),
                marker: None,
            };
            let monitor = ExecutorMonitor::new(executor.clone(), channel, desk.sender.clone());
            thread::spawn(move || monitor.run(&orders));
            self.lines.push((executor, send));
            self.lines.len() - 1
        });
        self.of.insert(attempt.clone(), line);
        let _ = self.lines[line].1.send(MonitorOrder::Attend(Box::new(remote)));
        Ok(())
    }

    /// Asks an attempt to end: with grace, or at once.
    pub fn stop(&self, attempt: &AttemptId, now: bool) {
        if let Some((_, line)) = self.of.get(attempt).and_then(|line| self.lines.get(*line)) {
            let _ = line.send(MonitorOrder::Stop(attempt.clone(), now));
        }
    }

    /// Stops watching an attempt that is back.
    pub fn forget(&mut self, attempt: &AttemptId) {
        self.of.remove(attempt);
    }
}
