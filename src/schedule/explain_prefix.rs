//! What is to be said of the first phases of a plan that land by themselves.

use crate::plan::PlanName;

use super::explain::Reason;
use super::explain_outcome::explain_trouble;
use super::plan_run::{Merge, Outcome, PlanRun};
use super::state::State;

/// Which of its first phases have landed, are about to, or could not.
pub(super) fn first_phases(state: &State, name: &PlanName) -> Vec<Reason> {
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
