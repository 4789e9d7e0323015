//! Running attempts: starting, adopting, checking and awaiting them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::agent::{JobFolder, JobState, LOOK_AGAIN, Runner, RunnerHold};
use crate::plan::{AttemptId, ItemId, LaneId};
use crate::schedule::{Input, Launch, Signs};

use super::stall_watch::StallWatch;
use super::status_feed::reading;
use crate::supervisor::away::executor_monitors::ExecutorMonitors;
use crate::supervisor::brief::assignment::waits_elsewhere;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::{EngineMessage, LaneReading};
use crate::supervisor::perform;
use crate::supervisor::perform::attempt::unit::alone;

/// The runners of running attempts.
#[derive(Debug, Default)]
pub struct Runners {
    holds: BTreeMap<AttemptId, RunnerHold>,
    away: ExecutorMonitors,
    still: Arc<StallWatch>,
}

impl Runners {
    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty() && self.away.is_empty()
    }

    /// Adds a runner that was started.
    pub fn add(&mut self, attempt: AttemptId, runner: RunnerHold) {
        self.holds.insert(attempt, runner);
    }

    /// Removes a runner that has ended its job, or is gone.
    pub fn forget(&mut self, attempt: &AttemptId) {
        self.holds.remove(attempt);
        self.away.forget(attempt);
        self.still.forget(attempt);
    }

    /// Stops an attempt. An attempt that has ended has already sent its message.
    pub fn stop(&self, desk: &Desk, attempt: AttemptId, now: bool) {
        if let Some(runner) = self.holds.get(&attempt) {
            runner.stop(now);
        } else if self.away.has(&attempt) {
            self.away.stop(&attempt, now);
        } else {
            let pool = desk.pool.clone();
            tokio::task::spawn_blocking(move || pool.stop_resolver(&attempt, now));
        }
    }

    /// Checks an attempt for signs of life, on a thread of its own. An attempt that has ended has already
    /// sent its message.
    pub fn look(&self, desk: &Desk, lane: LaneId, attempt: AttemptId, stall_after: Duration) {
        if self.away.has(&attempt) {
            // Only its job's time limit applies: its processes are not visible from here.
            let (plan, signs) = (lane.plan, Signs::of_life());
            let input = Input::Signs { plan, attempt, signs };
            let _ = desk.sender.send(EngineMessage::Input(input));
            return;
        }
        let (watch, sender) = (self.still.clone(), desk.sender.clone());
        let folder = JobFolder::new(desk.project.dir.attempt(&attempt));
        let runner = self.holds.get(&attempt).map(RunnerHold::process);
        let resolver = desk.scheduler.state().plan(&lane.plan).resolution.agent.as_ref();
        let resolves = resolver.is_some_and(|agent| agent.attempt == attempt);
        let worktree = match resolves {
            true => desk.project.conflict_path(&lane.plan),
            false => desk.worktree(&lane),
        };
        if runner.is_none() && !resolves {
            return;
        }
        tokio::task::spawn_blocking(move || {
            // The end of an attempt at a conflict is awaited elsewhere.
            let running = || match folder.state() {
                Ok(JobState::Running(Some(running))) => Some(running.runner),
                _ => None,
            };
            let seen = runner.or_else(running);
            let signs = seen.and_then(|runner| watch.look(&attempt, runner, &folder, &worktree, stall_after));
            // Before the agent starts, and while its work is judged, orch itself is working.
            let signs = signs.or_else(|| resolves.then(Signs::of_life));
            if let Some(signs) = signs {
                let plan = lane.plan;
                let _ = sender.send(EngineMessage::Input(Input::Signs { plan, attempt, signs }));
            }
        });
    }

    /// Watches an attempt that was handed over to another machine.
    ///
    /// # Errors
    ///
    /// When its folder does not record the hand-over.
    pub fn attend_away(&mut self, desk: &Desk, lane: LaneId, attempt: &AttemptId) -> Result<(), String> {
        let read = Box::new(reading(desk, &lane));
        self.away.attend(desk, lane, attempt, read)
    }

    /// Adopts a runner that another supervisor started.
    pub fn attend(&mut self, desk: &Desk, lane: LaneId, attempt: AttemptId, runner: Runner) {
        self.holds.insert(attempt.clone(), runner.hold());
        let read = reading(desk, &lane);
        tokio::spawn(wait_for(desk.sender.clone(), lane, attempt, runner, read));
    }
}

/// Starts an agent, once the journal is on disk up to here.
pub fn launch(desk: &Desk, order: Launch) {
    let lane = LaneId::new(&order.plan, order.place.lane);
    let (project, worktree, run) = (desk.project.clone(), desk.worktree(&lane), desk.run);
    let state = desk.scheduler.state().plan(&order.plan).clone();
    let plan = desk.project.plan(&order.plan);
    let waits = plan.map(|plan| waits_elsewhere(plan, &desk.scheduler));
    let waits = waits.unwrap_or_default();
    let (admin, lock, sender) = (
        desk.admin.clone(),
        desk.units.of(&order.plan),
        desk.sender.clone(),
    );
    let (read, mark) = (reading(desk, &lane), desk.journal.mark());
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let states = |item: &ItemId| state.item_state(item);
        let launched = {
            let _alone = alone(&lock);
            perform::note_again_before(&project, &order, &state);
            let start = perform::AttemptStart {
                project: &project,
                admin: &admin,
                worktree: &worktree,
                order: &order,
                run,
                states: &states,
                waits,
                mark: &mark,
            };
            start.launch()
        };
        match launched {
            Ok(launched) => {
                let begun = match &launched.runner {
                    Some(runner) => EngineMessage::Started(order.attempt.clone(), runner.hold()),
                    None => EngineMessage::HandedOver(lane.clone(), order.attempt.clone()),
                };
                let _ = sender.send(begun);
                let _ = sender.send(EngineMessage::Input(Input::Event(launched.event)));
                for why in launched.said {
                    let _ = sender.send(EngineMessage::Warning(Some(order.plan.clone()), why));
                }
                if let Some(runner) = launched.runner {
                    runtime.spawn(wait_for(sender, lane, order.attempt, runner, read));
                }
            }
            // When the disk refuses the journal, the loop gets the error; the plan is not to blame.
            Err(_) if mark.reach().is_err() => {}
            Err(event) => {
                let _ = sender.send(EngineMessage::Input(Input::Event(*event)));
            }
        }
    });
}

/// Waits for a runner's job. The agent's last reports are read before the end is reported.
async fn wait_for(
    sender: mpsc::UnboundedSender<EngineMessage>,
    lane: LaneId,
    attempt: AttemptId,
    runner: Runner,
    read: impl FnOnce() -> LaneReading + Send + 'static,
) {
    if let Ok(Some(end)) = runner.end() {
        // SAFETY: an `OwnedFd` stays open while it lives, and only the `AsyncFd` uses this one.
        let end = unsafe { AsyncFd::register_with_interest(end, Interest::READABLE) };
        // Where the descriptor cannot be awaited, a thread waits instead.
        if let Ok(end) = end {
            while tokio::time::timeout(LOOK_AGAIN, end.readable()).await.is_err() {
                if runner.look() {
                    let why = format!("a signal had suspended the runner of {attempt}: it runs again");
                    let _ = sender.send(EngineMessage::Warning(Some(lane.plan.clone()), why));
                }
            }
        }
    }
    tokio::task::spawn_blocking(move || {
        let ended = runner.wait();
        let plan = lane.plan.clone();
        let _ = sender.send(EngineMessage::StatusRead(lane, read()));
        let _ = sender.send(EngineMessage::RunnerGone(plan, attempt, ended));
    });
}
