//! Lanes: the worktrees in which several tasks of one plan are worked on side by side.

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
    /// The name under which orch keeps its record about it: the plan's name for lane 0, `PLAN@LANE` for a further one.
    pub key: String,
    /// Where it shall be. Missing parent folders are created.
    pub path: PathBuf,
    /// The plan's branch for lane 0; none for a further lane, which is made with a detached HEAD.
    pub branch: Option<String>,
    /// Where the plan's branch starts when it has to be created; where a further lane stands when it has to be made.
    pub base: CommitId,
}

/// Makes a lane, or finds it made, or finishes what a crash left half-made, as [`ensure`](crate::git::worktree::ensure) does for
/// a plan's worktree. Unlike there, a lane that was made is accepted whatever it has checked out: a unit's branch, or an agent's
/// own. Nothing in it is touched; [`enter_unit`](crate::git::unit::enter_unit) puts it where it shall be.
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
