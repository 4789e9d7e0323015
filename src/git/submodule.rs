//! Work inside submodules, whose repositories go when their worktree goes.

use std::path::Path;

use super::GitError;
use super::command::Git;

/// True when a submodule has changes, or commits that no branch of its remotes has: removing the worktree removes its
/// repository with it.
pub(super) fn submodules_hold_work(path: &Path) -> Result<bool, GitError> {
    let out = Git::within(path)
        .args(["submodule", "--quiet", "foreach", "--recursive"])
        .arg(
            "git status --porcelain --ignore-submodules=none && \
             git rev-list -n 1 HEAD --branches --glob=refs/orch/kept --not --remotes",
        )
        .run()?;
    Ok(!out.trim_ascii().is_empty())
}

/// Gives each submodule's commit that is on no branch there a ref `refs/orch/kept/ID`, so that checking another one out
/// loses nothing. False when a submodule has uncommitted changes.
pub(super) fn keep_submodule_commits(path: &Path) -> Result<bool, GitError> {
    let out = Git::within(path)
        .args(["submodule", "--quiet", "foreach", "--recursive"])
        .arg(
            "git status --porcelain --ignore-submodules=none && \
             for id in $(git rev-list -n 1 HEAD --not --branches --remotes --glob=refs/orch/kept); do \
             git update-ref refs/orch/kept/$id HEAD; done",
        )
        .run()?;
    Ok(out.trim_ascii().is_empty())
}
