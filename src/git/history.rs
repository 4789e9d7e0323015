//! The history of a branch, as git draws it.

use super::command::Git;
use super::{GitError, Repository};

impl Repository {
    /// `git log --graph --oneline` of a branch, in colour or not, whatever is configured.
    ///
    /// # Errors
    ///
    /// When there is no such branch.
    pub fn history_graph(&self, branch: &str, colour: bool) -> Result<String, GitError> {
        let when = if colour { "always" } else { "never" };
        let out = Git::on(self.common_dir())
            .args([
                "log",
                "--graph",
                "--oneline",
                "--no-decorate",
                "--no-show-signature",
            ])
            .arg(format!("--color={when}"))
            .arg(format!("refs/heads/{branch}"))
            .arg("--")
            .run()?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }
}
