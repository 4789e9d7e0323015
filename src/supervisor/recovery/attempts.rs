//! Going on after a crash: the journal says what was meant to run, the attempts' folders say what does, and the
//! difference is fed in as ordinary events.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::agent::{JobFolder, JobState, Runner};
use crate::journal::OrchDir;
use crate::plan::{AttemptId, CommitId, LaneId};
use crate::schedule::{Attempt, AttemptState, Event, Exit, LaneOf, State};

use super::output;
use crate::supervisor::project::error::SupervisorError;

/// A runner that was started and has not said yet who it is does so within this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// The finding about one attempt.
#[derive(Debug)]
pub struct FoundAttempt {
    /// The worktree it works in.
    pub lane: LaneId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Events that tell the scheduler what it missed.
    pub missed: Vec<Event>,
    /// Its runner, when it is still at work.
    pub runner: Option<Runner>,
    /// True when it was handed over to another machine and is not back.
    pub away: bool,
}

/// Looks at every attempt that the journal believes to be under way.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn look_around(dir: &OrchDir, state: &State) -> Result<Vec<FoundAttempt>, SupervisorError> {
    let mut all = Vec::new();
    for (plan, lane, attempt) in state.open_attempts() {
        let folder = JobFolder::new(dir.attempt(&attempt.id));
        // Where the branch stands now may be long after the start.
        let head = folder.job().ok().and_then(|job| job.head);
        all.push(look_at(dir, LaneId::new(plan, lane), attempt, folder, head)?);
    }
    Ok(all)
}

/// Worktrees of plans that are still to be worked on and whose folder somebody has removed.
pub fn lost_worktrees(state: &State) -> Vec<Event> {
    let open = state.plans().filter(|(_, run)| run.is_open());
    let lanes = open.flat_map(|(plan, run)| {
        let idle = run
            .worktrees
            .iter()
            .filter(|(lane, _)| !run.attempts.contains_key(lane));
        idle.map(move |(lane, made)| (plan, *lane, made))
    });
    let gone = lanes.filter(|(_, _, made)| !Path::new(&made.path).is_dir());
    gone.map(|(plan, lane, _)| {
        Event::WorktreeLost(LaneOf {
            plan: plan.clone(),
            lane,
        })
    })
    .collect()
}

fn look_at(
    dir: &OrchDir,
    lane: LaneId,
    attempt: &Attempt,
    folder: JobFolder,
    head: Option<CommitId>,
) -> Result<FoundAttempt, SupervisorError> {
    let assigned = attempt.state == AttemptState::Assigned;
    let (plan, attempt) = (&lane.plan, &attempt.id);
    let started = |pid| Event::AgentStarted {
        plan: plan.clone(),
        attempt: attempt.clone(),
        pid,
        head: head.clone(),
    };
    let ended = |exit| Event::AgentEnded {
        plan: plan.clone(),
        attempt: attempt.clone(),
        exit,
    };
    let mut missed = Vec::new();
    let (mut runner, mut away) = (None, false);
    match settled_state(&folder)? {
        JobState::Running(running) => {
            runner = Runner::adopt(folder)?;
            if assigned {
                missed.push(started(running.map_or(0, |running| running.runner.pid)));
            }
            if runner.is_none() {
                missed.push(ended(Exit::Lost));
            }
        }
        JobState::Ended(record) => {
            if assigned {
                missed.push(started(0));
            }
            missed.extend(output::usage(dir, plan, attempt));
            missed.push(ended(record.exit));
        }
        JobState::Lost(_) => {
            Runner::sweep(&folder)?;
            folder.tidy();
            if assigned {
                missed.push(started(0));
            }
            missed.extend(output::usage(dir, plan, attempt));
            missed.push(ended(Exit::Lost));
        }
        // Nothing is lost before hub and engine have both answered.
        JobState::Away(_) => {
            away = true;
            if assigned {
                missed.push(started(0));
            }
        }
        // Assigned and never started: the scheduler starts it now. Otherwise its folder was taken away.
        JobState::Unstarted if assigned => {}
        JobState::Unstarted => missed.push(ended(Exit::Lost)),
    }
    Ok(FoundAttempt {
        attempt: attempt.clone(),
        lane,
        missed,
        runner,
        away,
    })
}

/// The folder's state, once a runner that is just starting has written who it is.
fn settled_state(folder: &JobFolder) -> Result<JobState, SupervisorError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = folder.state()?;
        if !matches!(state, JobState::Running(None)) || Instant::now() > deadline {
            return Ok(state);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
