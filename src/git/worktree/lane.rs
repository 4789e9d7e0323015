//! Lanes: the worktrees for parallel tasks of one plan.

use std::path::PathBuf;

use super::ensure::{alone, make};
use super::wanted::WantedTree;
use crate::git::admin::spec::{EnsureError, WorktreeReady, WorktreeRefusal};
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::registration::settle;
use crate::git::repo::revision::is_branch_name;
use crate::plan::CommitId;

/// A lane of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneSpec {
    /// The name of orch's record about the lane: the plan's name for lane 0, `PLAN@LANE` for an additional lane.
    pub key: String,
    /// The folder to put the lane in. Missing parent folders are created.
    pub path: PathBuf,
    /// The plan's branch for lane 0. `None` for an additional lane, which is made with a detached HEAD.
    pub branch: Option<String>,
    /// The start of the plan's branch when it has to be created; the commit of an additional lane when it has to be
    /// made.
    pub base: CommitId,
}

/// Makes a lane, or finds it made, or completes what a crash left half-made, like
/// [`ensure`](crate::git::worktree::ensure) for a plan's worktree. But a lane that exists is accepted whatever it has
/// checked out, be it a unit's branch or an agent's own branch. Nothing in the lane is touched;
/// [`enter_unit`](crate::git::unit::enter_unit) checks out the right branch.
pub fn ensure_lane(admin: &WorktreeAdmin, spec: &LaneSpec) -> Result<WorktreeReady, EnsureError> {
    if let Some(branch) = &spec.branch
        && !is_branch_name(branch)
    {
        let branch = branch.clone();
        return Err(WorktreeRefusal::BadBranch { branch }.into());
    }
    let alone = alone(admin, &spec.key)?;
    make(
        admin,
        &alone,
        &WantedTree {
            key: &spec.key,
            path: settle(&spec.path),
            branch: spec.branch.as_deref(),
            base: &spec.base,
            lane: true,
        },
    )
}
