//! The check of a target's tip, in words.

use crate::schedule::{FirstBad, TargetChecked};

/// Describes for people what is wrong, if the tip does not pass.
pub fn target_trouble(checked: &TargetChecked) -> Option<String> {
    let why = checked.why.as_ref()?;
    let TargetChecked { target, commit, .. } = checked;
    let since = match &checked.first_bad {
        Some(FirstBad {
            commit,
            plan: Some(plan),
        }) => format!("since plan {plan} landed ({})", commit.short()),
        Some(FirstBad { commit, plan: None }) => format!("since {}", commit.short()),
        None => "and did not before this run".to_owned(),
    };
    Some(format!(
        "{target} ({}) does not pass in a fresh worktree, {since}: {why}",
        commit.short()
    ))
}

/// Returns advice, if the tip does not pass.
pub fn target_remedy(checked: &TargetChecked) -> Option<String> {
    checked.why.as_ref()?;
    match checked.first_bad.as_ref().and_then(|first| first.plan.as_ref()) {
        Some(plan) => Some(format!("orch revert {plan}")),
        None => Some(format!("fix {}, then orch merge", checked.target)),
    }
}
