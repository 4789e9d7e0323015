//! Inspecting the results of an attempt.

use std::path::Path;

use crate::git::{WorktreeAdmin, again_if_killed};
use crate::plan::{PlanName, fit_question};
use crate::schedule::{Event, Evidence};
use crate::status;

use super::ended_attempt::EndedAttempt;
use super::remains::look;
use crate::supervisor::project::repository_plans::Project;

/// The question in the status file; `None` when there is no question, or the worktree is gone.
fn asked(project: &Project, name: &PlanName, worktree: &Path) -> Option<String> {
    let plan = project.plan(name).filter(|_| worktree.is_dir())?;
    let needs = status::read(worktree, name, &plan.document, None).needs?;
    let question = fit_question(&needs);
    (!question.is_empty()).then_some(question)
}

/// Commits leftovers where the plan allows it, and counts the commits made since the attempt began. A lane without
/// uncommitted files is taken off its unit's branch. Also returns warnings.
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
