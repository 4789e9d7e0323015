//! Pinning the commit that dependents start from.
//!
//! A point is pinned while the agent continues working, so nothing here may get in the agent's way. When the agent commits and then reports, the
//! tip of the branch is the commit. For an agent that reports first, the pin waits a moment. For an agent that never commits, `orch` commits.
//! That is safe during the attempt, because such an agent does not use git's index itself.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::git::{self, WorktreeState, commit_leftovers, inspect};
use crate::plan::{CommitId, CommitPolicy, Plan, PlanName, Point};
use crate::schedule::{Pinned, point_word};
use crate::words;

use crate::supervisor::perform::build::others_work::OthersWork;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// How long to wait for an agent that reported before it committed.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often to check for its commit.
const LOOK: Duration = Duration::from_millis(10);

/// The agent at work when a point is pinned.
#[derive(Debug, Clone)]
pub struct AtWork {
    /// The branch's tip when it started.
    pub since: Option<CommitId>,
}

/// The point to pin.
#[derive(Debug)]
pub struct PinOrder<'a> {
    /// The point.
    pub point: Point,
    /// The agent that keeps working meanwhile, if there is one.
    pub at_work: Option<AtWork>,
    /// True when somebody waits for the commit.
    pub wanted: bool,
    /// The commit that was verified for the point.
    pub verified: Option<CommitId>,
    /// Commits of other plans that the branch may contain.
    pub handed_on: &'a [CommitId],
}

/// Pins the commit that was verified for the point, or else the branch's tip. When somebody waits for the commit (`wanted`), uncommitted work is
/// committed if possible, and a warning says when something of the point may be missing. When nobody waits, the agent is only given a moment.
///
/// # Errors
///
/// Why there is nothing to pin.
pub fn pin(
    project: &Project,
    worktree: &Path,
    name: &PlanName,
    order: PinOrder<'_>,
) -> Result<(Pinned, Option<String>), String> {
    let PinOrder {
        point,
        at_work,
        wanted,
        verified,
        handed_on,
    } = order;
    let plan = project
        .plan(name)
        .ok_or("the plan is no longer in the manifest")?;
    let left = match &at_work {
        Some(_) if verified.is_none() && worktree.is_dir() => settle(worktree)?,
        Some(_) | None => None,
    };
    // Only a branch that somebody may move holds the commit, so it may be gone.
    let verified = verified.filter(|commit| git::refs::has_commit(&project.repo, commit));
    let (mut uncommitted, mut warning) = (0, None);
    if let (Some(left), Some(agent)) = (left, &at_work) {
        if wanted {
            warning = commit_or_warn(plan, worktree, point, agent, &left);
        }
        if !wanted || warning.is_some() {
            uncommitted = u32::try_from(left.dirty.len()).unwrap_or(u32::MAX);
        }
    }
    let tip = project.repo.branch_tip(&plan.branch).map_err(in_words)?;
    let commit = match verified.or(tip) {
        Some(commit) => commit,
        // The branch is removed once it has landed; its commits are on the target then.
        None => project
            .repo
            .branch_tip(&project.target)
            .map_err(in_words)?
            .ok_or_else(|| format!("neither the branch `{}` nor the target is there", plan.branch))?,
    };
    let foreign = OthersWork::at(project, plan, &commit, handed_on).and_then(|beyond| beyond.foreign());
    if let Some(foreign) = foreign.map_err(in_words)? {
        return Err(words::foreign(&foreign));
    }
    git::refs::pin(&project.repo, name, point, &commit).map_err(in_words)?;
    let pinned = Pinned {
        plan: name.clone(),
        point,
        commit,
        holds: Vec::new(),
        uncommitted,
    };
    Ok((pinned, warning))
}

/// Waits a moment for the agent to commit the point's work. Returns the uncommitted work when it has not.
fn settle(worktree: &Path) -> Result<Option<WorktreeState>, String> {
    let look = || inspect(worktree).map_err(in_words);
    let reported = worktree
        .join(".orch/status.json")
        .metadata()
        .and_then(|found| found.modified())
        .ok();
    let first = look()?;
    let mut now = first.clone();
    let deadline = Instant::now() + PATIENCE;
    while has_older_changes(worktree, &now, reported) {
        if now.head != first.head {
            return Ok(None);
        }
        if Instant::now() > deadline {
            return Ok(Some(now));
        }
        std::thread::sleep(LOOK);
        now = look()?;
    }
    Ok(None)
}

/// True when an uncommitted change is older than the report, and so may belong to the reported work. Newer changes are the agent's next work.
fn has_older_changes(worktree: &Path, state: &WorktreeState, reported: Option<SystemTime>) -> bool {
    state.dirty.iter().any(|file| {
        let changed = worktree
            .join(file)
            .symlink_metadata()
            .and_then(|found| found.modified());
        match (changed, reported) {
            (Ok(changed), Some(reported)) => changed <= reported,
            // Deleted files have no time of their own.
            (Err(_), _) | (_, None) => true,
        }
    })
}

fn commit_or_warn(
    plan: &Plan,
    worktree: &Path,
    point: Point,
    agent: &AtWork,
    state: &WorktreeState,
) -> Option<String> {
    let (name, word) = (&plan.name, point_word(point));
    let commits_itself = agent.since.as_ref() != Some(&state.head);
    let why = match plan.commit {
        CommitPolicy::Auto if !commits_itself => {
            let message = format!("{name}: commit what was there when {word} was done");
            match commit_leftovers(worktree, &plan.branch, &message, &[("Orch-Plan", name.as_str())]) {
                Ok(_) => return None,
                Err(error) => error.to_string(),
            }
        }
        CommitPolicy::Auto => "the agent commits by itself and has not committed them".to_owned(),
        CommitPolicy::Require => "`commit = \"require\"` forbids orch to commit them".to_owned(),
    };
    Some(format!(
        "{name}.{word} was reported done with {} uncommitted files; those who wait for it start without them: {why}",
        state.dirty.len()
    ))
}
