//! Staging changes in an index.

use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::program::command::Git;

/// Stages every change except changes in orch's own folder. `git` returns a command that the caller has set up.
///
/// An exclude pathspec would do, but `git add` fails when an exclude names an ignored folder, such as orch's. So
/// everything that is not ignored is staged, and orch's folder is unstaged again in case it is not ignored.
pub(in crate::git) fn stage_everything(git: impl Fn() -> Git) -> Result<(), GitError> {
    // Files outside a sparse checkout are staged too, because somebody has made them there.
    git().args(["add", "--all", "--sparse", "--", ":(top)"]).run()?;
    git()
        .args(["reset", "--quiet", "HEAD", "--"])
        .arg(format!(":(top){ORCH_DIR}"))
        .run()?;
    Ok(())
}
