//! Taking changes into an index.

use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::program::command::Git;

/// Takes every change into the index but those in orch's own folder, as `git` set up by the caller sees it.
///
/// An exclude in the path specification would do, but `git add` fails over one that names an ignored folder, which orch's
/// is. So all that is not ignored is taken in, and that folder taken out again in case it is not.
pub(in crate::git) fn stage_everything(git: impl Fn() -> Git) -> Result<(), GitError> {
    // Also what lies outside of a sparse checkout: somebody has made it there all the same.
    git().args(["add", "--all", "--sparse", "--", ":(top)"]).run()?;
    git()
        .args(["reset", "--quiet", "HEAD", "--"])
        .arg(format!(":(top){ORCH_DIR}"))
        .run()?;
    Ok(())
}
