//! Commits of plans that reached the target: by landings, and by people's merges.

use crate::git::GitError;
use crate::git::refs::Makers;
use crate::git::repo::{commits_beyond, first_parent, first_parents};
use crate::journal::Record;
use crate::plan::{CommitId, PlanName};
use crate::schedule::{Event, Scheduler};

use crate::supervisor::project::repository_plans::Project;

/// A change of the target that came from a plan.
#[derive(Debug)]
pub struct Brought {
    /// The plan.
    pub by: PlanName,
    /// The commit before it.
    pub before: CommitId,
    /// The commit with it.
    pub commit: CommitId,
}

/// The landings in these records, then people's merges since the last run began; each oldest first.
///
/// # Errors
///
/// When the target or git's logs cannot be read.
pub fn brought(
    project: &Project,
    scheduler: &Scheduler,
    records: &[Record],
) -> Result<Vec<Brought>, GitError> {
    let landed = records.iter().filter_map(|record| match &record.event {
        Event::MergeLanded(landed) => Some(Brought {
            by: landed.plan.clone(),
            before: landed.before.clone()?,
            commit: landed.commit.clone(),
        }),
        _ => None,
    });
    let mut brought: Vec<Brought> = landed.collect();
    if let Some(run) = &scheduler.state().run {
        brought.extend(by_hand(project, &run.base, &brought)?);
    }
    Ok(brought)
}

/// The commits that were made for plans and reached the target since `began`, but by none of the landings.
fn by_hand(project: &Project, began: &CommitId, landings: &[Brought]) -> Result<Vec<Brought>, GitError> {
    let repo = &project.repo;
    let Some(tip) = repo.branch_tip(&project.target)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let mut line = first_parents(repo, began, &tip)?.into_iter().rev().peekable();
    while let Some(commit) = line.next() {
        let landing = landings.iter().find(|landing| landing.commit == commit);
        if let Some(landing) = landing {
            // With `strategy = "rebase"` a landing has several commits.
            while line.next_if(|commit| *commit != landing.before).is_some() {}
            continue;
        }
        let came = commits_beyond(repo, &commit, [line.peek().unwrap_or(began)])?;
        found.extend(
            came.into_iter()
                .filter(|(_, makes)| *makes)
                .map(|(commit, _)| commit),
        );
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let plans = project.set.plans.iter();
    let makers = Makers::read(repo, plans.map(|plan| (&plan.name, plan.branch.as_str())))?;
    let brought = found.into_iter().rev().filter_map(|commit| {
        let by = makers.of(&commit).next()?.clone();
        let before = first_parent(repo, &commit)?;
        Some(Brought { by, before, commit })
    });
    Ok(brought.collect())
}
