//! The fold: one event into the state. Total and tolerant: an event about a plan, attempt or task that is no longer
//! in the manifest changes nothing, so that a journal can be read with a manifest that was edited since.

use crate::plan::{ItemId, PlanName, Point, TaskState};

use super::plan_run::{Attempt, AttemptRecord, Item, Merge, Outcome, PlanRun, Stage, Verify, WorktreeMade};
use super::state::{Phase, RunInfo, State};
use super::{At, Event, Hold, MergeTrouble};

impl State {
    /// Takes one fact in.
    pub fn apply(&mut self, at: At, event: &Event) {
        self.now = self.now.max(at);
        match event {
            Event::RunStarted {
                run,
                base,
                target,
                only,
                merge_only,
            } => {
                let info = RunInfo {
                    id: *run,
                    base: base.clone(),
                    target: target.clone(),
                    only: only.iter().cloned().collect(),
                    merge_only: None,
                    started: at,
                };
                if *merge_only {
                    self.begin_merging(info);
                } else {
                    self.begin_run(at, info);
                }
            }
            Event::RunStopping { now } => {
                self.phase = Phase::Stopping {
                    now: *now || self.phase == Phase::Stopping { now: true },
                };
            }
            Event::RunStopped { resume, .. } => {
                let before = self.run.as_mut().and_then(|run| run.merge_only.take());
                if before.is_some() {
                    // Whoever asked for the rest was told that it did not come to that.
                    for plan in self
                        .plans
                        .values_mut()
                        .filter(|plan| matches!(plan.merge, Merge::Wanted(_)))
                    {
                        plan.merge = Merge::Idle;
                    }
                }
                self.phase = before.unwrap_or(Phase::Stopped { resume: *resume });
            }
            Event::RunSettled {} => self.phase = Phase::Settled,
            Event::MergeRequested { plans, into } => self.request_merge(plans, into.as_deref()),
            Event::Warning { .. } => {}
            _ => {
                if let Some(name) = event.plan()
                    && let Some(plan) = self.plans.get_mut(name)
                {
                    plan.apply(at, event);
                }
            }
        }
    }

    fn begin_run(&mut self, at: At, info: RunInfo) {
        let new_run = self.run.as_ref().map(|run| run.id) != Some(info.id);
        for (name, plan) in &mut self.plans {
            if info.drives(name) {
                plan.reopen(at, new_run);
            }
        }
        self.phase = Phase::Driving;
        self.run = Some(info);
    }

    /// Landing what is finished leaves the run and the outcome of its plans as they are.
    fn begin_merging(&mut self, info: RunInfo) {
        let before = self
            .run
            .as_ref()
            .and_then(|run| run.merge_only)
            .unwrap_or(self.phase);
        self.phase = Phase::Driving;
        let run = self.run.get_or_insert(info.clone());
        run.target = info.target;
        run.merge_only = Some(before);
    }

    fn request_merge(&mut self, plans: &[PlanName], into: Option<&str>) {
        let target = into.map(str::to_owned);
        for (name, plan) in &mut self.plans {
            let finished = matches!(plan.outcome, Some(Outcome::Finished));
            let wanted = if plans.is_empty() {
                finished
            } else {
                plans.contains(name)
            };
            if wanted && !matches!(plan.merge, Merge::Running(_)) {
                plan.merge = Merge::Wanted(target.clone());
                plan.merge_trouble = None;
            }
        }
    }
}

impl PlanRun {
    /// A person started `orch up` again: what needed a person is tried anew, and in a new run so is what failed.
    fn reopen(&mut self, at: At, new_run: bool) {
        let again = match self.outcome {
            Some(Outcome::Held(_)) => true,
            Some(Outcome::Failed(_) | Outcome::Skipped(_)) => new_run,
            Some(Outcome::Finished) | None => false,
        };
        if again {
            self.outcome = None;
            self.failures = 0;
            self.retry_at = None;
            self.since = at;
            if self.verify == Verify::Failed {
                self.verify = Verify::Open;
            }
        }
        if new_run {
            self.retry_at = None;
            self.failures = 0;
        }
        self.merge_trouble = None;
        self.pins_refused.clear();
    }

    fn apply(&mut self, at: At, event: &Event) {
        match event {
            Event::WorktreeCreated {
                path, branch, base, ..
            } => {
                self.worktree = Some(WorktreeMade {
                    path: path.clone(),
                    branch: branch.clone(),
                    base: base.clone(),
                });
            }
            Event::WorktreeRefused { why, .. } => {
                self.end(at, Outcome::Held(Hold::Refused { why: why.clone() }));
            }
            Event::WorktreeLost { .. } => self.worktree = None,
            Event::AttemptAssigned {
                attempt,
                number,
                agent,
                phases,
                ..
            } => {
                self.attempt = Some(Attempt {
                    id: attempt.clone(),
                    number: *number,
                    agent: agent.clone(),
                    phases: phases.clone(),
                    stage: Stage::Assigned,
                    reported: false,
                    since: at,
                    head: None,
                    repair: self.verify == Verify::Failed,
                });
                self.history.push(AttemptRecord {
                    id: attempt.clone(),
                    agent: agent.clone(),
                    phases: phases.clone(),
                    started: None,
                    ended: None,
                    exit: None,
                    failure: None,
                });
                self.tries = *number;
                self.retry_at = None;
                self.since = at;
            }
            Event::AgentStarted { attempt, head, .. } => {
                if let Some(current) = self.current(attempt) {
                    current.head = head.clone();
                    if current.stage == Stage::Assigned {
                        current.stage = Stage::Running;
                    }
                }
                if let Some(record) = self.record(attempt) {
                    record.started.get_or_insert(at);
                }
            }
            Event::AgentEnded { attempt, exit, .. } => {
                if let Some(record) = self.record(attempt) {
                    record.ended = Some(at);
                    record.exit = Some(exit.clone());
                }
                if let Some(current) = self.current(attempt) {
                    current.stage = Stage::Ended(exit.clone());
                }
            }
            Event::AttemptChecked {
                attempt, evidence, ..
            } => {
                if let Some(current) = self.current(attempt)
                    && let Stage::Ended(exit) = &current.stage
                {
                    current.stage = Stage::Checked(exit.clone(), evidence.clone());
                    self.leg_commits += evidence.commits;
                    // What was verified is no longer what is there.
                    if evidence.commits > 0 && matches!(self.verify, Verify::Passed(_)) {
                        self.verify = Verify::Open;
                    }
                }
            }
            Event::AttemptFailed {
                attempt,
                why,
                retry_in_ms,
                counted,
                ..
            } => {
                if let Some(record) = self.record(attempt) {
                    record.ended.get_or_insert(at);
                    record.failure = Some(why.clone());
                }
                if self.current(attempt).is_some() {
                    self.attempt = None;
                }
                self.failures += u32::from(*counted);
                self.last_failure = Some(why.clone());
                self.retry_at = retry_in_ms.map(|ms| At(at.0.saturating_add(ms)));
                self.since = at;
                self.reset_running(at);
            }
            Event::AgentRefused { .. } => {}
            Event::LegDone { attempt, phases, .. } => {
                let current = self.attempt.take_if(|current| &current.id == attempt);
                if current.is_some_and(|current| current.repair) {
                    self.verify = Verify::Open;
                } else {
                    self.failures = 0;
                    self.leg_commits = 0;
                }
                self.tries = 0;
                self.last_failure = None;
                self.retry_at = None;
                self.since = at;
                for phase in phases {
                    self.phases_done.entry(*phase).or_insert(at);
                    self.proven.insert(*phase);
                }
            }
            Event::TaskStarted { task, .. } => self.report(at, task, TaskState::Running, None),
            Event::TaskDone { task, note, .. } => self.report(at, task, TaskState::Done, note.as_deref()),
            Event::TaskFailed { task, note, .. } => self.report(at, task, TaskState::Failed, note.as_deref()),
            Event::TaskSkipped { task, note, .. } => {
                self.report(at, task, TaskState::Skipped, note.as_deref());
            }
            Event::PhaseDone { phase, .. } => {
                self.phases_done.entry(*phase).or_insert(at);
            }
            Event::Pinned { point, commit, .. } => {
                self.pins.insert(*point, commit.clone());
            }
            Event::PinRefused { point, why, .. } => {
                self.pins_refused.insert(*point, why.clone());
            }
            Event::VerifyStarted { .. } => {
                self.verify = Verify::Running;
                self.since = at;
            }
            Event::VerifyPassed { commit, .. } => self.verify = Verify::Passed(commit.clone()),
            Event::VerifyFailed { why, .. } => {
                self.verify = Verify::Failed;
                self.failures += 1;
                self.last_failure = Some(why.clone());
                self.since = at;
            }
            Event::VerifyStopped { .. } => self.verify = Verify::Open,
            Event::PlanFinished { .. } => self.end(at, Outcome::Finished),
            Event::PlanFailed { why, .. } => self.end(at, Outcome::Failed(why.clone())),
            Event::PlanSkipped { why, .. } => self.end(at, Outcome::Skipped(why.clone())),
            Event::PlanHeld { why, .. } => self.end(at, Outcome::Held(why.clone())),
            Event::MergeStarted { .. } => {
                let into = match &self.merge {
                    Merge::Wanted(into) | Merge::Running(into) => into.clone(),
                    Merge::Idle => None,
                };
                self.merge = Merge::Running(into);
                self.merge_trouble = None;
            }
            Event::MergeLanded { target, commit, .. } => {
                self.merge = Merge::Idle;
                self.merge_trouble = None;
                self.landed.insert(target.clone(), commit.clone());
                self.since = at;
            }
            Event::MergeFailed { why, .. } => {
                self.merge = Merge::Idle;
                let changed = matches!(
                    why,
                    MergeTrouble::Conflict { .. } | MergeTrouble::Verification { .. }
                );
                if changed {
                    self.since = at;
                }
                self.merge_trouble = Some(why.clone());
            }
            Event::RunStarted { .. }
            | Event::RunStopping { .. }
            | Event::RunStopped { .. }
            | Event::RunSettled {}
            | Event::MergeRequested { .. }
            | Event::Warning { .. } => {}
        }
    }

    fn end(&mut self, at: At, outcome: Outcome) {
        self.outcome = Some(outcome);
        self.attempt = None;
        self.retry_at = None;
        self.since = at;
    }

    fn current(&mut self, attempt: &crate::plan::AttemptId) -> Option<&mut Attempt> {
        self.attempt.as_mut().filter(|current| &current.id == attempt)
    }

    fn record(&mut self, attempt: &crate::plan::AttemptId) -> Option<&mut AttemptRecord> {
        self.history.iter_mut().rev().find(|record| &record.id == attempt)
    }

    fn report(&mut self, at: At, item: &ItemId, state: TaskState, note: Option<&str>) {
        let started = self.items.get(item).and_then(|known| known.started);
        let entry = Item {
            state,
            started: started.or((state == TaskState::Running).then_some(at)),
            since: at,
            note: note.map(str::to_owned),
        };
        self.items.insert(item.clone(), entry);
        if let Some(attempt) = &mut self.attempt {
            attempt.reported = true;
        }
    }

    /// A task that was under way when its agent ended is to be done again.
    fn reset_running(&mut self, at: At) {
        for item in self.items.values_mut() {
            if item.state == TaskState::Running {
                item.state = TaskState::Pending;
                item.since = at;
            }
        }
    }
}

/// The point's spelling in events and refs: `plan`, `2`, `2.3`.
pub fn point_word(point: Point) -> String {
    match point {
        Point::Plan => "plan".to_owned(),
        Point::Phase(phase) => phase.to_string(),
        Point::Task(task) => task.to_string(),
    }
}

impl RunInfo {
    /// True when this run works on the plan.
    pub fn drives(&self, plan: &PlanName) -> bool {
        self.only.is_empty() || self.only.contains(plan)
    }
}
