//! The states that people see, and why a plan is where it is.

use std::fmt;
use std::time::Duration;

use crate::plan::{PhaseId, PlanName, PlanState, TaskId, TaskState, UnitId, format_duration};

use super::delay::{closed_agent, delay};
use super::escalating::told;
use super::outcome::{explain_lost, explain_outcome};
use super::prefix::{first_phases, taken_back};
use super::wait::{other_pauses, waiting};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::merge::foresight::foreseen;
use crate::schedule::merge::unions::red_with;
use crate::schedule::ready::dispatch::{Limit, Room};
use crate::schedule::ready::readiness::{Readiness, Wait};
use crate::schedule::state::attempt::{Attempt, Stage};
use crate::schedule::state::known::State;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

/// One reason, in words, and what would free the plan where something can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is.
    pub text: String,
    /// What a person can do about it.
    pub remedy: Option<String>,
}

impl Reason {
    /// A reason that nobody need do anything about.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text)
    }

    pub(in crate::schedule) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: None,
        }
    }

    pub(in crate::schedule) fn with_remedy(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: Some(remedy.into()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The plan's state in the words of the contract.
pub fn plan_state(work: &Work, state: &State, name: &PlanName) -> PlanState {
    let run = state.plan(name);
    match &run.outcome {
        Some(Outcome::Finished) => {
            if state.is_landed(name) || (state.run.is_none() && !run.landed.is_empty()) {
                PlanState::Landed
            } else if run.resolution.agent.is_some() {
                PlanState::Running
            } else if run.merge_trouble.as_ref().is_some_and(MergeTrouble::holds) {
                PlanState::Held
            } else if run.is_paused() {
                PlanState::Paused
            } else {
                PlanState::Finished
            }
        }
        Some(Outcome::Failed(_)) => PlanState::Failed,
        Some(Outcome::Skipped(_)) => PlanState::Skipped,
        Some(Outcome::Held(_)) => PlanState::Held,
        Some(Outcome::Cancelled) => PlanState::Cancelled,
        None => {
            if run.is_at_work() || run.verify == Verify::Running {
                return PlanState::Running;
            }
            if run.is_paused() {
                return PlanState::Paused;
            }
            let Some(plan) = state.number(name).map(|number| &work.plans[number]) else {
                return PlanState::Ready;
            };
            let look = Readiness::new(plan, run, state);
            if !look.ready(state.now).is_empty() || look.all_done() {
                PlanState::Ready
            } else if run.next_time(state.now).is_some() || closed_agent(plan, &look, state).is_some() {
                PlanState::Parked
            } else {
                let waits = look
                    .open()
                    .next()
                    .map(|unit| look.waits(unit))
                    .unwrap_or_default();
                if waits.iter().any(|wait| matches!(wait, Wait::Pause(_))) {
                    PlanState::Paused
                } else if waits.iter().all(|wait| matches!(wait, Wait::Approval(_))) && !waits.is_empty() {
                    PlanState::Held
                } else {
                    PlanState::Blocked
                }
            }
        }
    }
}

/// The state of a phase: done when recorded, running with the attempt that was given it, ready when it is next.
pub fn phase_state(plan: &PlanWork, run: &PlanRun, phase: PhaseId) -> TaskState {
    if run.phases_done.contains_key(&phase) {
        return TaskState::Done;
    }
    let states = plan.phase(phase).into_iter().flat_map(|phase| &phase.tasks);
    let states: Vec<TaskState> = states.map(|(task, _)| task_state(plan, run, *task)).collect();
    let given = run
        .attempts
        .values()
        .flat_map(|attempt| &attempt.units)
        .any(|unit| unit.phase() == phase);
    let begun = states.iter().any(|state| *state != TaskState::Pending);
    let first_open = plan
        .phases
        .iter()
        .find(|phase| !run.phases_done.contains_key(&phase.id));
    let is_first = first_open.is_some_and(|first| first.id == phase);
    // Nothing of it is to come, and nothing of it failed.
    let over = |state: &TaskState| matches!(state, TaskState::Done | TaskState::Skipped);
    let left_out = states.contains(&TaskState::Skipped) && states.iter().all(over);
    match &run.outcome {
        _ if left_out && !given => TaskState::Skipped,
        Some(Outcome::Failed(_)) if begun || states.contains(&TaskState::Failed) => TaskState::Failed,
        Some(Outcome::Skipped(_)) => TaskState::Skipped,
        _ if given && (run.by_units || begun || is_first) => TaskState::Running,
        _ if states.contains(&TaskState::Failed) => TaskState::Failed,
        _ => TaskState::Pending,
    }
}

/// The state of a task or VERIFY block: as reported, except that where tasks are worked on one by one none is done before
/// its commits are on the plan's branch, and none runs without an attempt.
pub fn task_state(plan: &PlanWork, run: &PlanRun, task: TaskId) -> TaskState {
    let reported = run.item_state(&task.into());
    let unit = UnitId::Task(task);
    if !run.by_units || plan.unit(unit).is_none() {
        return reported;
    }
    match run.lost.get(&unit) {
        _ if run.is_unit_done(unit) && reported == TaskState::Skipped => TaskState::Skipped,
        _ if run.is_unit_done(unit) => TaskState::Done,
        _ if run.is_worked_on(unit) => TaskState::Running,
        Some(Lost::Skipped { .. } | Lost::Cancelled) => TaskState::Skipped,
        Some(Lost::Failed { .. } | Lost::Held { .. }) => TaskState::Failed,
        None if reported == TaskState::Failed => TaskState::Failed,
        None => TaskState::Pending,
    }
}

/// Every reason why the plan is in its state, most important first. Never empty for a plan that does not run.
pub fn explain(work: &Work, state: &State, name: &PlanName) -> Vec<Reason> {
    let Some(plan) = state.number(name).map(|number| &work.plans[number]) else {
        return Vec::new();
    };
    let mut reasons = reasons(work, state, plan, name);
    reasons.extend(other_pauses(plan, state.plan(name), &reasons));
    let told = state.number(name).and_then(|number| told(work, state, number));
    if let (Some(first), Some(told)) = (reasons.first_mut(), told) {
        first.text += &format!("; {told}");
    }
    if !state.is_landed(name) {
        reasons.extend(first_phases(state, name));
        reasons.extend(foreseen(state, state.plan(name)));
        reasons.extend(red_with(state, state.plan(name)));
    }
    reasons.extend(taken_back(state, state.plan(name)));
    reasons
}

fn reasons(work: &Work, state: &State, plan: &PlanWork, name: &PlanName) -> Vec<Reason> {
    let run = state.plan(name);
    if let Some(outcome) = &run.outcome {
        return explain_outcome(work, state, plan, run, outcome);
    }
    if run.is_at_work() {
        return run
            .attempts
            .values()
            .flat_map(|attempt| at_work(plan, state, attempt))
            .collect();
    }
    if run.verify == Verify::Running {
        return vec![Reason::new("its verification runs")];
    }
    let look = Readiness::new(plan, run, state);
    let ready = look.ready(state.now);
    let mut reasons = Vec::new();
    if ready.is_empty() {
        reasons.extend(delay(plan, run, state, None));
        if reasons.is_empty() {
            reasons.extend(closed_agent(plan, &look, state));
        }
        let first = look.open().next();
        reasons.extend(
            first
                .map(|unit| look.waits(unit))
                .into_iter()
                .flatten()
                .map(|wait| waiting(work, state, name, run, &wait)),
        );
    }
    if reasons.is_empty() && !run.is_paused() {
        reasons.extend(explain_ready(work, state, plan, run, ready.first().copied()));
    }
    reasons
}

/// Every reason why a unit of a plan is not being worked on, most important first; what its attempt is at when it is.
pub fn explain_unit(work: &Work, state: &State, name: &PlanName, unit: UnitId) -> Vec<Reason> {
    let Some(plan) = state.number(name).map(|number| &work.plans[number]) else {
        return Vec::new();
    };
    let run = state.plan(name);
    if run.is_unit_done(unit) {
        return vec![Reason::new("is done")];
    }
    if let Some(attempt) = run
        .attempts
        .values()
        .find(|attempt| attempt.units.contains(&unit))
    {
        return at_work(plan, state, attempt);
    }
    if let Some(lost) = run.lost.get(&unit) {
        return vec![explain_lost(state, name, unit, lost)];
    }
    if let Some(outcome) = &run.outcome {
        return explain_outcome(work, state, plan, run, outcome);
    }
    let Some(place) = plan.unit_place(unit) else {
        return Vec::new();
    };
    let look = Readiness::new(plan, run, state);
    let waits = look.waits(place);
    let mut reasons: Vec<Reason> = delay(plan, run, state, Some(unit)).into_iter().collect();
    reasons.extend(waits.iter().map(|wait| waiting(work, state, name, run, wait)));
    if reasons.is_empty() && !look.ready(state.now).contains(&place) {
        let ahead = look.open().take_while(|open| *open != place);
        let ahead: Vec<String> = ahead.map(|open| plan.units[open].id.to_string()).collect();
        let text = format!(
            "comes after {} of the same agent",
            crate::schedule::judge::verdict::listed(&ahead)
        );
        reasons.extend((!ahead.is_empty()).then(|| Reason::new(text)));
    }
    if reasons.is_empty() {
        reasons.extend(explain_ready(work, state, plan, run, Some(place)));
    }
    reasons
}

/// What the attempt is at, after what is wrong with it.
fn at_work(plan: &PlanWork, state: &State, attempt: &Attempt) -> Vec<Reason> {
    let stuck = attempt.stuck.as_ref().filter(|_| attempt.stage == Stage::Running);
    let stuck = stuck.map(|stuck| {
        Reason::with_remedy(
            format!(
                "{} is stuck: {}{}",
                attempt.id,
                stuck.ages_at(state.now).words(),
                stuck.prospect(plan, state.now)
            ),
            format!(
                "orch logs {0}; orch pause --now {0}, then orch resume {0}, starts it anew",
                plan.name
            ),
        )
    });
    let text = match &attempt.stage {
        Stage::Assigned => format!("agent {} is being started ({})", attempt.agent, attempt.id),
        Stage::Running => format!(
            "agent {} works on {} ({})",
            attempt.agent,
            units(&attempt.units),
            attempt.id
        ),
        Stage::Ended(exit) => format!(
            "the agent {}; what it left is being checked ({})",
            exit.describe(),
            attempt.id
        ),
        Stage::Checked(exit, _) => format!(
            "the agent {}; its commits are being merged into the plan's branch ({})",
            exit.describe(),
            attempt.id
        ),
    };
    stuck.into_iter().chain([Reason::new(text)]).collect()
}

fn units(ids: &[UnitId]) -> String {
    match ids {
        [] => "the plan".to_owned(),
        [UnitId::Phase(one)] => format!("phase {one}"),
        [UnitId::Task(one)] => format!("task {one}"),
        [first, .., last] => format!("phases {first} to {last}"),
    }
}

fn explain_ready(
    work: &Work,
    state: &State,
    plan: &PlanWork,
    run: &PlanRun,
    unit: Option<usize>,
) -> Option<Reason> {
    if state.run.is_none() {
        return Some(Reason::with_remedy("nothing has been started yet", "orch up"));
    }
    if !matches!(state.phase, crate::schedule::state::known::Phase::Driving) {
        return Some(Reason::with_remedy("no run is under way", "orch up"));
    }
    let first = &plan.units[unit?];
    let busy = || {
        let mut names: Vec<&str> = state.open_attempts().map(|(name, _, _)| name.as_str()).collect();
        names.dedup();
        names.join(", ")
    };
    if run.worktree().is_none() && Room::left(work, state).refusal(work, first).is_none() {
        return Some(Reason::new(match run.making.get(&0) {
            Some(what) => format!("its worktree is being made: {what}"),
            None => "its worktree is being made".to_owned(),
        }));
    }
    let Some(limit) = Room::left(work, state).refusal(work, first) else {
        if run.attempts.len() >= plan.lanes {
            let lanes = run.attempts.len();
            return Some(Reason::new(format!("all {lanes} lanes of the plan are taken")));
        }
        let ahead = work.plans.iter().filter(|other| {
            let run = state.plan(&other.name);
            run.worktree().is_none() && plan_state(work, state, &other.name) == PlanState::Ready
        });
        let names: Vec<&str> = ahead.map(|other| other.name.as_str()).collect();
        let kept = (!names.is_empty()).then(|| {
            format!(
                "a slot is kept for {}, whose worktree is being made",
                names.join(", ")
            )
        });
        return kept.map(Reason::new);
    };
    let text = match limit {
        Limit::Slots(1) => format!("the only slot is taken by {}", busy()),
        Limit::Slots(slots) => format!("all {slots} slots are taken by {}", busy()),
        Limit::Agent(agent, max) => format!("agent {agent} runs {max} times already, its maximum"),
        Limit::Resource(resource) => {
            format!(
                "no token of resource {resource} is free: held by {}",
                holders(work, state, &resource)
            )
        }
    };
    Some(Reason::new(text))
}

/// Who holds tokens of a resource, and since when.
fn holders(work: &Work, state: &State, resource: &crate::plan::ResourceName) -> String {
    let holding = state.open_attempts().filter_map(|(name, _, attempt)| {
        let plan = &work.plans[state.number(name)?];
        let unit = plan.unit(*attempt.units.first()?)?;
        let seconds = state.now.since(attempt.since).as_secs();
        unit.uses.contains(resource).then(|| {
            let expected = format_duration(Duration::from_millis(unit.expected));
            format!(
                "{name}.{} for {seconds} s until it ends, expected to take {expected}",
                unit.id
            )
        })
    });
    holding.collect::<Vec<_>>().join(", ")
}
