//! Why a plan or a part of it came to the end it came to, and what a person can do about it.

use super::reason::Reason;
use crate::plan::{PhaseId, PlanName, UnitId};
use crate::schedule::event::resolving;
use crate::schedule::event::trouble::{Hold, MergeTrouble};
use crate::schedule::merge::landing;
use crate::schedule::state::known::{RunPhase, State};
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun};
use crate::schedule::state::resolution::way_out;
use crate::schedule::work::plans::{PlanWork, Work};

pub(in crate::schedule) fn explain_outcome(
    work: &Work,
    state: &State,
    plan: &PlanWork,
    run: &PlanRun,
    outcome: &Outcome,
) -> Vec<Reason> {
    let name = &plan.name;
    match outcome {
        Outcome::Failed(why) => vec![Reason::with_remedy(
            why,
            format!("orch logs {name}, then {}", again(state, name)),
        )],
        Outcome::Skipped(why) => vec![Reason::new(why)],
        Outcome::Cancelled => vec![Reason::with_remedy(
            match run.reverted.iter().next() {
                Some((target, commit)) => format!("it was taken off {target} again by {}", commit.short()),
                None => "a person cancelled it".to_owned(),
            },
            format!("orch retry {name}"),
        )],
        Outcome::Held(hold) => vec![explain_hold(state, name, hold)],
        Outcome::Finished => match (&run.merge, &run.merge_trouble) {
            (Merge::Running(into), _) => vec![Reason::new(in_the_train(work, state, name, into))],
            (_, Some(trouble))
                if !matches!(trouble, MergeTrouble::Refused { .. }) || !run.is_landing_paused() =>
            {
                vec![explain_trouble(run, name, None, trouble)]
            }
            _ if state.is_landed(name) => {
                let target = state.run.as_ref().map(|run| &run.target);
                let by_hand = target.and_then(|target| run.landed_by_hand.get(target));
                let by_hand = by_hand.map(|evidence| format!("a person landed it: {evidence}"));
                let repaired = run.resolution.repaired.as_ref();
                let repaired =
                    repaired.map(|repaired| format!("it conflicted, and landed with {}", repaired.words()));
                let left_out = run.resolution.left_out.as_ref();
                let left_out =
                    left_out.map(|why| format!("the agent that resolved its conflict left lines out: {why}"));
                let all = by_hand.into_iter().chain(repaired).chain(left_out);
                let all = all.chain(run.unread_words());
                let rewritten = rewritten(state, plan);
                rewritten.into_iter().chain(all.map(Reason::new)).collect()
            }
            (Merge::Wanted(_), _) => vec![Reason::new("waits for its turn to be merged")],
            // The pause says it.
            (Merge::Idle, _) if run.is_landing_paused() => Vec::new(),
            (Merge::Idle, _) => {
                let merge = Reason::with_remedy("waits to be merged", format!("orch merge {name}"));
                let unread = run.unread_words().map(Reason::new);
                std::iter::once(merge).chain(unread).collect()
            }
        },
    }
}

fn explain_hold(state: &State, name: &PlanName, hold: &Hold) -> Reason {
    let again = again(state, name);
    let remedy = match hold {
        Hold::Work { unit, why, built_on } => {
            let (why, built_on) = (why.clone(), built_on.clone());
            return explain_lost(state, name, *unit, &Lost::Held { why, built_on });
        }
        Hold::Verification { why } => {
            let remedy = format!("fix it in its worktree, commit, then {again}");
            return Reason::with_remedy(format!("its verification failed: {why}"), remedy);
        }
        Hold::Conflict { with, .. } => format!("merge {with} into its branch by hand, commit, then {again}"),
        Hold::Stuck { .. } => format!("orch logs {name} shows what it did last; then orch retry {name}"),
        Hold::Needs { how, .. } => format!("{how}, then {again}"),
        Hold::TakenAway { .. } => format!("put that back, or leave it so; then orch retry {name}"),
        Hold::JournalLost {} => format!("look at its branch, then orch retry {name}; or orch cancel {name}"),
        Hold::Refused { .. } => format!("fix that, then {again}"),
    };
    Reason::with_remedy(hold.why(), remedy)
}

/// The reason for a landed plan with new tasks, which are ignored.
pub fn rewritten(state: &State, plan: &PlanWork) -> Option<Reason> {
    let landed = state
        .plan(&plan.name)
        .landed_print
        .filter(|_| state.is_landed(&plan.name));
    landed.filter(|landed| *landed != plan.document.print()).map(|_| {
        Reason::with_remedy(
            "the document changed after the plan landed; the new tasks are ignored",
            "give the new work its own plan: a table with another name in the manifest",
        )
    })
}

/// Where in the merge train a plan is.
fn in_the_train(work: &Work, state: &State, name: &PlanName, into: &Option<String>) -> String {
    let (_, queue) = landing::queue(work, state, Some(into.clone()));
    let aboard = queue.iter().map(|entry| &entry.plan);
    let aboard: Vec<&PlanName> = aboard
        .filter(|plan| matches!(state.plan(plan).merge, Merge::Running(_)))
        .collect();
    let place = aboard.iter().position(|plan| *plan == name).unwrap_or(0);
    match (work.train.verified, aboard.len()) {
        (true, 2..) if place > 0 => format!(
            "verifying behind {}, {} of {} in the train",
            aboard[place - 1],
            place + 1,
            aboard.len()
        ),
        (true, 2..) => format!("verifying, first of {} in the train", aboard.len()),
        (true, _) => "verifying the merge".to_owned(),
        (false, _) => "is being merged".to_owned(),
    }
}

/// The command that tries something again: another `orch up` is refused while one is under way.
pub(in crate::schedule) fn again(state: &State, what: impl std::fmt::Display) -> String {
    match state.phase {
        RunPhase::Driving | RunPhase::Stopping { .. } => format!("orch retry {what}"),
        // The run that continues tries nothing again on its own that failed in it.
        RunPhase::Stopped { resume: true } => format!("orch retry {what}, then orch up"),
        RunPhase::Idle | RunPhase::Stopped { .. } | RunPhase::Settled => "orch up".to_owned(),
    }
}

pub(in crate::schedule) fn explain_lost(state: &State, name: &PlanName, unit: UnitId, lost: &Lost) -> Reason {
    let work = format!("{name}.{unit}");
    match lost {
        Lost::Skipped { why, .. } => Reason::new(why),
        Lost::Cancelled => Reason::with_remedy("a person cancelled it", format!("orch retry {work}")),
        Lost::Failed { why, .. } => {
            Reason::with_remedy(why, format!("orch logs {name}, then {}", again(state, work)))
        }
        Lost::Held { why, built_on } if built_on.is_empty() => Reason::with_remedy(
            format!("{unit}: {why}"),
            format!("fix that, then {}", again(state, work)),
        ),
        Lost::Held { why, built_on } => {
            let ids: Vec<String> = built_on.iter().map(ToString::to_string).collect();
            Reason::with_remedy(
                format!("{unit} failed: {why}; built on it: {}", ids.join(", ")),
                format!(
                    "{0} checks again; `orch task skip {unit} --plan {name}`, then {0}, continues without it",
                    again(state, work)
                ),
            )
        }
    }
}

/// Why a merge did not land a plan, or its phases up to one.
pub(in crate::schedule) fn explain_trouble(
    run: &PlanRun,
    plan: &PlanName,
    up_to: Option<PhaseId>,
    trouble: &MergeTrouble,
) -> Reason {
    let name = up_to.map_or_else(|| plan.to_string(), |phase| format!("{plan}.{phase}"));
    match trouble {
        MergeTrouble::Conflict {
            with, files, tried, ..
        } => {
            let way = way_out(&resolving::up_to(plan, up_to), &run.resolution);
            Reason::with_remedy(
                crate::schedule::event::trouble::conflict_words(with, files, tried.as_deref()),
                way,
            )
        }
        MergeTrouble::Verification { why } => Reason::with_remedy(
            format!("the merged tree does not pass: {why}"),
            format!("fix it in its worktree, commit, then orch merge {name}"),
        ),
        MergeTrouble::TargetRed { why } => Reason::with_remedy(
            format!("the target itself does not pass: {why}"),
            format!("fix the target, then orch merge {name}"),
        ),
        MergeTrouble::Refused { why } => {
            Reason::with_remedy(format!("was not merged: {why}"), format!("orch merge {name}"))
        }
        MergeTrouble::Obstacle { why } => Reason::with_remedy(
            format!("was not merged: {why}"),
            format!("orch merge {name}; where plans land by themselves it is tried again once that is gone"),
        ),
        MergeTrouble::Waits { on } => {
            Reason::with_remedy(format!("waits for {on} to land first"), format!("orch why {on}"))
        }
        MergeTrouble::NotFinished { why } => Reason::new(format!("was not merged: {why}")),
    }
}
