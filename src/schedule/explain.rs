//! The states that people see, and why a plan is where it is.

use std::fmt;

use crate::plan::{Dependency, PhaseId, PlanName, PlanState, TaskState};

use super::dispatch::{self, Limit, Room};
use super::plan_run::{Merge, Outcome, PlanRun, Stage, Verify};
use super::state::State;
use super::work::{PlanWork, Work};
use super::{Hold, MergeTrouble};

/// One reason, in words, and what would free the plan where something can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is.
    pub text: String,
    /// What a person can do about it.
    pub remedy: Option<String>,
}

impl Reason {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: None,
        }
    }

    fn with_remedy(text: impl Into<String>, remedy: impl Into<String>) -> Self {
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
            } else if matches!(
                run.merge_trouble,
                Some(MergeTrouble::Conflict { .. } | MergeTrouble::Verification { .. })
            ) {
                PlanState::Held
            } else {
                PlanState::Finished
            }
        }
        Some(Outcome::Failed(_)) => PlanState::Failed,
        Some(Outcome::Skipped(_)) => PlanState::Skipped,
        Some(Outcome::Held(_)) => PlanState::Held,
        None => {
            if run.attempt.is_some() || run.verify == Verify::Running {
                return PlanState::Running;
            }
            if run.retry_at.is_some_and(|due| due > state.now) {
                return PlanState::Parked;
            }
            let plan = work.plans.iter().find(|plan| &plan.name == name);
            match plan {
                Some(plan) if !dispatch::waits_for(plan, run, state).is_empty() => PlanState::Blocked,
                _ => PlanState::Ready,
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
    let states: Vec<TaskState> = states.map(|(task, _)| run.item_state(&(*task).into())).collect();
    let given = run
        .attempt
        .as_ref()
        .is_some_and(|attempt| attempt.phases.contains(&phase));
    let begun = states.iter().any(|state| *state != TaskState::Pending);
    let first_open = plan
        .phases
        .iter()
        .find(|phase| !run.phases_done.contains_key(&phase.id));
    match &run.outcome {
        Some(Outcome::Failed(_)) if begun || states.contains(&TaskState::Failed) => TaskState::Failed,
        Some(Outcome::Skipped(_)) => TaskState::Skipped,
        _ if given && (begun || first_open.is_some_and(|first| first.id == phase)) => TaskState::Running,
        _ if states.contains(&TaskState::Failed) => TaskState::Failed,
        _ => TaskState::Pending,
    }
}

/// Every reason why the plan is in its state, most important first. Never empty for a plan that does not run.
pub fn explain(work: &Work, state: &State, name: &PlanName) -> Vec<Reason> {
    let Some(plan) = work.plans.iter().find(|plan| &plan.name == name) else {
        return Vec::new();
    };
    let run = state.plan(name);
    if let Some(outcome) = &run.outcome {
        return explain_outcome(state, plan, run, outcome);
    }
    if let Some(attempt) = &run.attempt {
        let text = match &attempt.stage {
            Stage::Assigned => format!("agent {} is being started ({})", attempt.agent, attempt.id),
            Stage::Running => format!(
                "agent {} works on {} ({})",
                attempt.agent,
                phases(&attempt.phases),
                attempt.id
            ),
            Stage::Ended(exit) | Stage::Checked(exit, _) => {
                format!(
                    "the agent {}; what it left is being checked ({})",
                    exit.describe(),
                    attempt.id
                )
            }
        };
        return vec![Reason::new(text)];
    }
    if run.verify == Verify::Running {
        return vec![Reason::new("its verification runs")];
    }
    let mut reasons = Vec::new();
    if let Some(due) = run.retry_at.filter(|due| *due > state.now) {
        let seconds = due.since(state.now).as_secs_f64().ceil();
        let failure = run.last_failure.as_deref().unwrap_or("an attempt failed");
        reasons.push(Reason::new(format!(
            "attempt {} starts in {seconds:.0} s: {failure}",
            run.tries + 1
        )));
    }
    reasons.extend(
        dispatch::waits_for(plan, run, state)
            .into_iter()
            .map(|d| waiting(state, d)),
    );
    if reasons.is_empty() {
        reasons.extend(explain_ready(work, state, plan, run));
    }
    reasons
}

fn phases(ids: &[PhaseId]) -> String {
    match ids {
        [] => "the plan".to_owned(),
        [one] => format!("phase {one}"),
        [first, .., last] => format!("phases {first} to {last}"),
    }
}

fn waiting(state: &State, dependency: &Dependency) -> Reason {
    let other = &dependency.on.plan;
    let run = state.plan(other);
    let text = format!("waits for {dependency}");
    if let Some(why) = run
        .pins_refused
        .get(&dependency.on.point)
        .filter(|_| !dependency.landed)
    {
        return Reason::with_remedy(
            format!("{text}, whose commit cannot be pinned: {why}"),
            "then orch up",
        );
    }
    if state.is_satisfied(dependency) {
        return Reason::new(format!("{text}, which is done; its commit is being pinned"));
    }
    match &run.outcome {
        Some(Outcome::Finished) if dependency.landed => Reason::with_remedy(
            format!("{text}; {other} is finished"),
            format!("orch merge {other}"),
        ),
        Some(Outcome::Held(_)) => {
            Reason::with_remedy(format!("{text}; {other} is held"), format!("orch why {other}"))
        }
        _ => Reason::new(text),
    }
}

fn explain_ready(work: &Work, state: &State, plan: &PlanWork, run: &PlanRun) -> Option<Reason> {
    if state.run.is_none() {
        return Some(Reason::with_remedy("nothing has been started yet", "orch up"));
    }
    if !matches!(state.phase, super::Phase::Driving) {
        return Some(Reason::with_remedy("no run is under way", "orch up"));
    }
    let leg = dispatch::leg(plan, run, state);
    let first = leg.first()?;
    let busy = || {
        let names: Vec<&str> = state.open_attempts().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    };
    if run.worktree.is_none() && Room::left(work, state).refusal(work, first).is_none() {
        return Some(Reason::new("its worktree is being made"));
    }
    let Some(limit) = Room::left(work, state).refusal(work, first) else {
        let ahead = work.plans.iter().filter(|other| {
            let run = state.plan(&other.name);
            run.worktree.is_none() && plan_state(work, state, &other.name) == PlanState::Ready
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
        Limit::Slots(slots) => format!("all {slots} slots are taken by {}", busy()),
        Limit::Agent(agent, max) => format!("agent {agent} runs {max} times already, its maximum"),
        Limit::Resource(resource) => format!("no token of resource {resource} is free"),
    };
    Some(Reason::new(text))
}

fn explain_outcome(state: &State, plan: &PlanWork, run: &PlanRun, outcome: &Outcome) -> Vec<Reason> {
    let name = &plan.name;
    match outcome {
        Outcome::Failed(why) => vec![Reason::with_remedy(
            why,
            format!("orch logs {name}, then orch up"),
        )],
        Outcome::Skipped(why) => vec![Reason::new(why)],
        Outcome::Held(Hold::Conflict { with, files }) => vec![Reason::with_remedy(
            format!("conflicts with {with} in {}", files.join(", ")),
            format!("merge {with} into its branch by hand, commit, then orch up"),
        )],
        Outcome::Held(Hold::Verification { why }) => vec![Reason::with_remedy(
            format!("its verification failed: {why}"),
            "mend it in its worktree, commit, then orch up",
        )],
        Outcome::Held(Hold::Refused { why }) => vec![Reason::with_remedy(why, "then orch up")],
        Outcome::Finished => match (&run.merge, &run.merge_trouble) {
            (Merge::Running(_), _) => vec![Reason::new("is being merged")],
            (_, Some(trouble)) => vec![explain_trouble(plan, trouble)],
            _ if state.is_landed(name) => Vec::new(),
            (Merge::Wanted(_), None) => vec![Reason::new("waits for its turn to be merged")],
            (Merge::Idle, None) => vec![Reason::with_remedy(
                "waits to be merged",
                format!("orch merge {name}"),
            )],
        },
    }
}

fn explain_trouble(plan: &PlanWork, trouble: &MergeTrouble) -> Reason {
    let name = &plan.name;
    match trouble {
        MergeTrouble::Conflict { with, files } => {
            let other = super::other_side(with);
            Reason::with_remedy(
                format!("conflicts with {other} in {}", files.join(", ")),
                format!(
                    "merge the target into {name}'s branch in its worktree, commit, then orch merge {name}"
                ),
            )
        }
        MergeTrouble::Verification { why } => Reason::with_remedy(
            format!("the merged tree does not pass: {why}"),
            format!("mend it in its worktree, commit, then orch merge {name}"),
        ),
        MergeTrouble::Refused { why } => {
            Reason::with_remedy(format!("was not merged: {why}"), format!("orch merge {name}"))
        }
        MergeTrouble::Waits { on } => {
            Reason::with_remedy(format!("waits for {on} to land first"), format!("orch why {on}"))
        }
        MergeTrouble::NotFinished { why } => Reason::new(format!("was not merged: {why}")),
    }
}
