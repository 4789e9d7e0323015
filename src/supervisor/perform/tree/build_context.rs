//! A build of the merge train, with everything that its steps need.

use super::candidate_pool::CandidatePool;
use crate::git::WorktreeAdmin;
use crate::schedule::train::Build;
use crate::supervisor::project::repository_plans::Project;

/// A build, with the repository and the worktrees in which it is verified.
#[derive(Clone, Copy)]
pub struct BuildContext<'a> {
    /// The repository and its plans.
    pub project: &'a Project,
    /// Its worktrees.
    pub admin: &'a WorktreeAdmin,
    /// The worktrees of the merge train.
    pub pool: &'a CandidatePool,
    /// The plans to merge.
    pub build: &'a Build,
}

impl BuildContext<'_> {
    /// True when the build is no longer needed.
    pub fn is_unwanted(&self) -> bool {
        self.pool.is_unwanted(self.build.id)
    }
}
