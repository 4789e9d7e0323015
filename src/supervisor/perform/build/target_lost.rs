//! A target that was deleted, or forced back behind its landed commits, while orch was running: nothing more lands there until a
//! person has decided what the target should be.

use std::collections::BTreeSet;

use crate::git::{self, GitError};
use crate::plan::CommitId;

use super::known::KnownPlans;
use crate::supervisor::perform::tree::candidate_pool::Built;
use crate::supervisor::project::repository_plans::Project;

/// Compares the target's tip with the last known one. Returns a text about the lost commits and how to restore them; `None` when
/// nothing is lost, or when the commits were missing from the beginning.
///
/// # Errors
///
/// When histories cannot be read.
pub fn lost(
    project: &Project,
    built: &mut Built,
    target: &str,
    tip: Option<&CommitId>,
    known: &KnownPlans,
) -> Result<Option<String>, GitError> {
    let repo = &project.repo;
    let mut landed: BTreeSet<CommitId> = known.landed.values().cloned().collect();
    let seen = match built.seen.get(target) {
        Some(seen) => Some(seen.clone()),
        // An existing target counts from its current tip. A deleted target had at least the landed commits.
        None if tip.is_none() => last_of(project, &landed)?,
        None => None,
    };
    if seen.is_some() {
        landed.extend(built.own.iter().cloned());
    }
    let gone = match (&seen, tip) {
        (Some(seen), Some(tip)) if seen != tip && !repo.is_ancestor(seen, tip)? => {
            let had_not = repo.not_in(seen, &landed)?;
            let gone = repo.not_in(tip, &landed)?;
            gone.difference(&had_not).cloned().collect()
        }
        (Some(seen), None) => {
            let had_not = repo.not_in(seen, &landed)?;
            landed.difference(&had_not).cloned().collect()
        }
        _ => BTreeSet::new(),
    };
    let what = match (tip, seen) {
        (Some(tip), _) if gone.is_empty() => {
            built.seen.insert(target.to_owned(), tip.clone());
            return Ok(None);
        }
        (None, None) => return Ok(None),
        (Some(_), Some(seen)) => format!(
            "somebody has set {target} back; {}`git merge {seen}` in a checkout of {target} brings all of it back, and a new run takes \
             {target} as it is",
            named(known, &gone)
        ),
        (_, Some(seen)) => format!(
            "somebody has deleted {target}, which orch does not make again; {}`git branch {target} {seen}` brings it back",
            named(known, &gone)
        ),
        (Some(_), None) => return Ok(None),
    };
    Ok(Some(what))
}

/// The commit that contains all the others.
fn last_of(project: &Project, landed: &BTreeSet<CommitId>) -> Result<Option<CommitId>, GitError> {
    let mut last: Option<&CommitId> = None;
    for commit in landed
        .iter()
        .filter(|commit| git::refs::has_commit(&project.repo, commit))
    {
        match last {
            Some(last) if !project.repo.is_ancestor(last, commit)? => {}
            _ => last = Some(commit),
        }
    }
    Ok(last.cloned())
}

fn named(known: &KnownPlans, gone: &BTreeSet<CommitId>) -> String {
    let plans = known.landed.iter().filter(|(_, commit)| gone.contains(*commit));
    let plans: Vec<String> = plans
        .map(|(plan, commit)| format!("{plan} ({})", commit.short()))
        .collect();
    match plans.is_empty() {
        true => String::new(),
        false => format!("not on it any more: {}; ", plans.join(", ")),
    }
}
