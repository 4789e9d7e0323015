//! The reasons about first phases that land before the rest of their plan.

use super::outcome::explain_trouble;
use super::reason::Reason;
use crate::plan::{PhaseId, PlanName};
use crate::schedule::event::merge_facts::words;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun};

/// Which of its first phases have landed, are about to, or could not.
pub(in crate::schedule) fn first_phases(state: &State, name: &PlanName) -> Vec<Reason> {
    let run = state.plan(name);
    let mut reasons = Vec::new();
    if let Some((up_to, trouble)) = &run.prefix_trouble {
        let mut reason = explain_trouble(run, name, Some(*up_to), trouble);
        reason.text = format!("up to phase {up_to}: {}", reason.text);
        reasons.push(reason);
    }
    reasons.extend(landed(state, run));
    let wanted = run.merge_up_to.filter(|_| run.outcome != Some(Outcome::Finished));
    if let Some(up_to) = wanted {
        let what = match run.merge {
            Merge::Running(_) => "is being merged",
            Merge::Wanted(_) | Merge::Idle => "waits for its turn to be merged",
        };
        reasons.push(Reason::plain(format!("up to phase {up_to}: {what}")));
    }
    reasons
}

fn landed(state: &State, run: &PlanRun) -> Option<Reason> {
    let target = &state.run.as_ref()?.target;
    let part = run.landed_prefix.get(target)?;
    let have = if part.prefix.phases.len() == 1 {
        "has"
    } else {
        "have"
    };
    Some(Reason::plain(format!(
        "{} {have} landed on {target} ({})",
        part.prefix.words(),
        part.commit.short()
    )))
}

/// Of a plan that landed again: what was taken off the target before does not come back by that.
pub(in crate::schedule) fn taken_back(state: &State, run: &PlanRun) -> Option<Reason> {
    let target = &state.run.as_ref()?.target;
    let (back, commit) = (run.taken_back.get(target)?, run.reverted.get(target)?);
    let phases: Vec<PhaseId> = back.iter().copied().collect();
    run.landed.get(target)?;
    Some(Reason::with_remedy(
        format!(
            "{} taken off {target} again by {}, and what landed since is only what was new",
            match phases.len() {
                1 => format!("{} was", words(&phases)),
                _ => format!("{} were", words(&phases)),
            },
            commit.short()
        ),
        format!("git revert {} on {target} brings that back", commit.short()),
    ))
}
