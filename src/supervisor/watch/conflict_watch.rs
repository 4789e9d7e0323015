//! Watching for conflicts between live branches while agents work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::git::Forecast;
use crate::plan::{CommitId, PlanName};
use crate::schedule::{Clashing, Event, Heads, Input, foresee};
use crate::words::orch_message;

use crate::supervisor::desk::core::{Desk, warn};
use crate::supervisor::desk::message::{ConflictsLooked, EngineMessage};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::conflicts;
use crate::supervisor::view::conflicts::{BranchHead, live_heads, pairs, with_work};

/// How often to check the branches while agents work. Reports and ends of attempts trigger a check at once.
const EVERY: Duration = Duration::from_secs(3);

/// The pause after a check, as a multiple of the check's own duration, [`EVERY`] at most: with many plans a check takes
/// long, and checks must not take the processor from the work.
const REST: u32 = 24;

/// The watch. It makes one check after the other, on threads of their own.
#[derive(Debug)]
pub struct ConflictWatch {
    kept: Arc<Mutex<WatchMemory>>,
    busy: bool,
    /// True when something happened during the current check, or during the pause after it.
    again: bool,
}

/// The state that is kept between checks.
#[derive(Default)]
struct WatchMemory {
    forecast: Option<Forecast>,
    heads: Vec<BranchHead>,
}

impl std::fmt::Debug for WatchMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("heads", &self.heads)
            .finish_non_exhaustive()
    }
}

impl ConflictWatch {
    /// Starts to remind the loop of checks, until the loop ends.
    pub fn start(sender: mpsc::UnboundedSender<EngineMessage>) -> Self {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                if sender.send(EngineMessage::LookForConflicts).is_err() {
                    return;
                }
            }
        });
        Self {
            kept: Arc::default(),
            busy: false,
            again: false,
        }
    }

    /// Checks on a thread of its own whether a branch has moved, and which branches conflict now.
    pub fn look(&mut self, desk: &Desk) {
        if self.busy {
            self.again = true;
            return;
        }
        self.busy = true;
        let (kept, project) = (self.kept.clone(), desk.project.clone());
        let state = desk.scheduler.state();
        let bases = state.plans().filter_map(|(name, run)| {
            let made = run.worktree()?;
            Some((name.clone(), made.base.clone()))
        });
        let bases: BTreeMap<PlanName, CommitId> = bases.collect();
        let over = conflicts::over(&project, state);
        desk.in_background(move || {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let base = |name: &PlanName| bases.get(name).filter(|_| !over.contains(name)).cloned();
            let start = Instant::now();
            let found = look(&project, &mut kept, base);
            let took = start.elapsed();
            EngineMessage::Conflicts(ConflictsLooked { found, took })
        });
    }

    /// Handles the result of a check.
    pub fn take(&self, desk: &Desk, looked: ConflictsLooked, inputs: &mut Vec<Input>) {
        let ConflictsLooked { found, took } = looked;
        match found {
            Ok(Some((heads, found))) => {
                let events = foresee(desk.scheduler.state(), &found, orch_message);
                inputs.extend(events.into_iter().map(Input::Event));
                inputs.push(Input::Heads(heads));
            }
            Ok(None) => {}
            Err(error) => warn(inputs, None, format!("conflicts cannot be foreseen: {error}")),
        }
        let sender = desk.sender.clone();
        tokio::spawn(async move {
            tokio::time::sleep(EVERY.min(took * REST)).await;
            let _ = sender.send(EngineMessage::ConflictsRested);
        });
    }

    /// Checks again if something has happened since the last check began.
    pub fn end_rest(&mut self, desk: &Desk) {
        self.busy = false;
        if std::mem::take(&mut self.again) {
            self.look(desk);
        }
    }
}

/// The inputs for the scheduler; empty when no branch has moved. `base` has where the branch of each live plan began.
fn look(
    project: &Project,
    kept: &mut WatchMemory,
    base: impl Fn(&PlanName) -> Option<CommitId>,
) -> Result<Option<(Heads, Vec<Clashing>)>, SupervisorError> {
    let heads = live_heads(project, |plan| base(plan).is_some())?;
    if heads == kept.heads {
        return Ok(None);
    }
    let forecast = match &mut kept.forecast {
        Some(forecast) => forecast,
        none => none.insert(Forecast::new(&project.repo, project.git()?)?),
    };
    let own = with_work(&heads, base);
    let found = if own.len() > 1 {
        pairs(forecast, &own)?
    } else {
        Vec::new()
    };
    kept.heads = heads;
    let clashing = found.into_iter().map(|pair| Clashing {
        files: pair.shown(),
        one: pair.a,
        other: pair.b,
    });
    let clashing: Vec<Clashing> = clashing.collect();
    Ok(Some((known(&project.target, &kept.heads, &clashing), clashing)))
}

/// Converts the result to the scheduler's input.
fn known(target: &str, heads: &[BranchHead], clashing: &[Clashing]) -> Heads {
    let mut known = Heads::default();
    if let Some(((_, tip), plans)) = heads.split_first() {
        known.target = Some(tip.clone());
        let plans = plans
            .iter()
            .filter_map(|(name, head)| Some((name.parse().ok()?, head.clone())));
        known.plans.extend(plans);
    }
    for pair in clashing {
        match (pair.one.parse(), pair.other.parse()) {
            (_, Ok(plan)) if pair.one == target => {
                known.apart.insert(plan);
            }
            (Ok(one), Ok(other)) => {
                known.clashes.insert((one, other));
            }
            _ => {}
        }
    }
    known
}

/// True for an event after which a branch may have moved.
pub fn may_move_a_head(event: &Event) -> bool {
    matches!(
        event,
        Event::AgentEnded { .. }
            | Event::AttemptChecked { .. }
            | Event::StageDone { .. }
            | Event::WorkMerged { .. }
            | Event::TaskDone { .. }
            | Event::PhaseDone { .. }
            | Event::MergeLanded { .. }
            | Event::MergeFound(_)
            | Event::Resolve(_)
    )
}
