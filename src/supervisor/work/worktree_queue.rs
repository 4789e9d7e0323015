//! Creating worktrees in the background: as many at once as there are cores, none without disk space, none after a person asked
//! to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::git;
use crate::plan::{CommitId, LaneId, PlanName};
use crate::schedule::{Event, Input, LaneNote};

use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::perform;
use crate::supervisor::perform::tree::provision::Progress;

/// The shared state of worktrees that are being created.
#[derive(Debug)]
pub struct WorktreeQueue {
    turns: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
}

impl WorktreeQueue {
    /// A queue that creates as many at once as there are cores: more would only compete for the disk.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            turns: Arc::new(Semaphore::new(cores)),
            stop: Arc::default(),
        }
    }

    async fn turn(turns: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        turns.acquire_owned().await.ok()
    }

    /// Creates a worktree as soon as it is its turn.
    pub fn make(&self, desk: &Desk, lane: LaneId, base: CommitId) {
        let (project, admin, sender) = (desk.project.clone(), desk.admin.clone(), desk.sender.clone());
        let (turns, stop) = (self.turns.clone(), self.stop.clone());
        tokio::spawn(async move {
            let _turn = WorktreeQueue::turn(turns).await;
            let _ = tokio::task::spawn_blocking(move || {
                let say = |why: String| {
                    let (plan, lane) = (lane.plan.clone(), lane.lane);
                    let event = Event::WorktreeWaits(LaneNote { plan, lane, why });
                    let _ = sender.send(EngineMessage::Input(Input::Event(event)));
                };
                let progress = Progress {
                    say: &say,
                    stop: &stop,
                };
                let (event, warnings) = perform::make_worktree(&project, &admin, &lane, &base, &progress);
                for why in warnings {
                    let _ = sender.send(EngineMessage::Warning(Some(lane.plan.clone()), why));
                }
                let _ = sender.send(EngineMessage::Input(Input::Event(event)));
            })
            .await;
        });
    }

    /// Ends the preparation of all worktrees when a person asks to stop, and of a plan's worktrees when the plan is cancelled.
    pub fn stop(&self, desk: &Desk, event: &Event) {
        let of: Option<PlanName> = match event {
            Event::RunStopping { .. } => {
                self.stop.store(true, Ordering::Relaxed);
                None
            }
            Event::CancelRequested(about) => Some(about.plan.clone()),
            _ => return,
        };
        let project = desk.project.clone();
        tokio::task::spawn_blocking(move || {
            perform::stop_setups(&project, of.as_ref().map(PlanName::as_str));
        });
    }
}

/// Warns about properties of the repository's files that will surprise people who work in a worktree.
pub fn warn_of_contents(desk: &Desk) {
    if let Ok(Some(why)) = git::repo::large_files_trouble(&desk.project.repo) {
        let _ = desk.sender.send(EngineMessage::Warning(None, why));
    }
}
