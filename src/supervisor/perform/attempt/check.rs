//! Looking at what an attempt left.

use std::path::Path;

use crate::git::{WorktreeAdmin, again_if_killed};
use crate::plan::{LONGEST_MESSAGE, PlanName};
use crate::schedule::{Event, Evidence};
use crate::status;

use super::ended_attempt::EndedAttempt;
use super::remains::look;
use crate::supervisor::project::repository_plans::Project;

/// The question in the status file; none where it asks nothing, or the worktree is gone.
fn asked(project: &Project, name: &PlanName, worktree: &Path) -> Option<String> {
    let plan = project.plan(name).filter(|_| worktree.is_dir())?;
    let needs = status::read(worktree, name, &plan.document, None).needs?;
    let question: String = needs.trim().chars().take(LONGEST_MESSAGE).collect();
    (!question.is_empty()).then_some(question)
}

/// Commits leftovers where the plan allows it, and counts what was made since the attempt began. A lane is taken off its
/// unit's branch when nothing uncommitted is in it. With what a person should know of it.
pub fn check(
    project: &Project,
    admin: &WorktreeAdmin,
    worktree: &Path,
    left: &EndedAttempt<'_>,
) -> (Event, Vec<String>) {
    let mut said = Vec::new();
    let looked = again_if_killed(
        |looked: &Result<Evidence, String>| looked.as_ref().is_ok_and(|evidence| evidence.trouble.is_none()),
        || look(project, admin, worktree, left, &mut said),
    );
    let mut evidence = looked.unwrap_or_else(|trouble| Evidence {
        trouble: Some(trouble),
        ..Evidence::default()
    });
    evidence.asks = asked(project, left.plan, worktree).map(Into::into);
    evidence.read = worktree.is_dir().then(|| status::inbox(worktree).read);
    let event = Event::AttemptChecked {
        plan: left.plan.clone(),
        attempt: left.attempt.clone(),
        evidence,
    };
    (event, said)
}
