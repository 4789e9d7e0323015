//! Continuing after a crash: the journal says which attempts should be running, the attempts' folders say which
//! are, and the difference is fed into the scheduler as ordinary events.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::agent::{JobFolder, JobState, Runner};
use crate::journal::OrchDir;
use crate::plan::{AttemptId, CommitId, LaneId, PlanName};
use crate::schedule::{
    AgentStart, AgentSubmit, Attempt, AttemptState, Event, Exit, LaneOf, LaunchTrouble, State,
};

use super::output;
use crate::supervisor::project::error::SupervisorError;

/// How long a started runner may take to write its record.
const PATIENCE: Duration = Duration::from_secs(10);

/// One attempt, as found after a crash.
#[derive(Debug)]
pub struct FoundAttempt {
    /// The lane in which it works.
    pub lane: LaneId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Events that the scheduler missed.
    pub missed: Vec<Event>,
    /// Its runner, when that is still at work.
    pub runner: Option<Runner>,
    /// True when it was handed over to another machine and has not come back.
    pub away: bool,
}

/// Inspects every attempt that is running according to the journal.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn look_around(dir: &OrchDir, state: &State) -> Result<Vec<FoundAttempt>, SupervisorError> {
    let mut all = Vec::new();
    for (plan, lane, attempt) in state.open_attempts() {
        let folder = JobFolder::new(dir.attempt(&attempt.id));
        // The branch may have moved far since the start, so its tip is no substitute.
        let head = folder.job().ok().and_then(|job| job.head);
        all.push(look_at(dir, LaneId::new(plan, lane), attempt, folder, head)?);
    }
    Ok(all)
}

/// Worktrees of unfinished plans whose folder somebody has removed.
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
    let (assigned, before) = (
        attempt.state == AttemptState::Assigned,
        attempt.state.is_before_its_start(),
    );
    let (plan, attempt) = (&lane.plan, &attempt.id);
    let started = |pid, node| {
        Event::AgentStarted(AgentStart {
            plan: plan.clone(),
            attempt: attempt.clone(),
            pid,
            head: head.clone(),
            node,
        })
    };
    let why = folder.far_end();
    let ended = |exit| Event::AgentEnded {
        plan: plan.clone(),
        attempt: attempt.clone(),
        exit,
        why: why.clone(),
    };
    let mut missed = Vec::new();
    let (mut runner, mut away) = (None, false);
    match settled_state(&folder)? {
        JobState::Running(running) => {
            runner = Runner::adopt(folder)?;
            if before {
                missed.push(started(running.map_or(0, |running| running.runner.pid), None));
            }
            if runner.is_none() {
                missed.push(ended(Exit::Lost));
            }
        }
        JobState::Ended(record) => {
            let was_away = folder.away().ok().flatten();
            match end_before_start(plan, attempt, &record.exit).filter(|_| before && was_away.is_some()) {
                Some(refused) => missed.push(refused),
                None => {
                    if before {
                        missed.push(started(0, was_away.and_then(|away| away.node)));
                    }
                    missed.extend(output::usage(dir, plan, attempt));
                    missed.push(ended(record.exit));
                }
            }
        }
        JobState::Lost(_) => {
            Runner::sweep(&folder)?;
            folder.tidy();
            if before {
                missed.push(started(0, None));
            }
            missed.extend(output::usage(dir, plan, attempt));
            missed.push(ended(Exit::Lost));
        }
        // The attempt is not lost until hub and engine have both answered. Its monitor tells the rest.
        JobState::Away(known) => {
            away = true;
            if assigned {
                missed.push(Event::AgentSubmitted(AgentSubmit {
                    plan: plan.clone(),
                    attempt: attempt.clone(),
                    executor: known.executor.name.clone(),
                    job: known.job.clone(),
                    head: head.clone(),
                }));
            }
        }
        // Assigned but never started: the scheduler starts it now. Otherwise its folder was removed.
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

/// The event for an engine that did not accept an attempt; `None` for every other end.
pub fn end_before_start(plan: &PlanName, attempt: &AttemptId, exit: &Exit) -> Option<Event> {
    let Exit::NotStarted { why } = exit else {
        return None;
    };
    Some(Event::AgentRefused {
        plan: plan.clone(),
        attempt: attempt.clone(),
        why: LaunchTrouble::refused(why),
    })
}

/// The folder's state, once a starting runner has written its record.
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
