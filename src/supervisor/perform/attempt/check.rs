//! Looking at what an attempt left.

use std::path::Path;

use crate::git::{WorktreeAdmin, again_if_killed};
use crate::schedule::{Event, Evidence};
use crate::status;

use super::ended_attempt::EndedAttempt;
use super::remains::look;
use crate::supervisor::project::repository_plans::Project;

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
    evidence.read = worktree.is_dir().then(|| status::inbox(worktree).read);
    let event = Event::AttemptChecked {
        plan: left.plan.clone(),
        attempt: left.attempt.clone(),
        evidence,
    };
    (event, said)
}
