//! A new repository that behaves the same on every machine, whatever its owner has configured.

use std::path::Path;

use super::command::Git;
use crate::git::files::error::GitError;

/// Settings of the repository itself, which override the person's and the machine's: an identity, and no signing,
/// hooks, conversions or external lists of ignored files.
const SETTINGS: &[(&str, &str)] = &[
    ("user.name", "orch demo"),
    ("user.email", "demo@example.org"),
    ("user.useConfigOnly", "false"),
    ("author.name", "orch demo"),
    ("author.email", "demo@example.org"),
    ("committer.name", "orch demo"),
    ("committer.email", "demo@example.org"),
    ("commit.gpgSign", "false"),
    ("commit.cleanup", "default"),
    ("tag.gpgSign", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.attributesFile", "/dev/null"),
    ("core.autocrlf", "false"),
    ("core.safecrlf", "false"),
    ("core.fsmonitor", "false"),
    ("extensions.worktreeConfig", "false"),
];

/// A newly made repository.
#[derive(Debug)]
pub struct FreshRepository<'a> {
    top: &'a Path,
}

impl<'a> FreshRepository<'a> {
    /// Makes a repository in an existing folder, with `branch` as its first branch.
    ///
    /// # Errors
    ///
    /// When git cannot make the repository.
    pub fn init(top: &'a Path, branch: &str) -> Result<Self, GitError> {
        // A person may have chosen default formats that not every git or libgit2 reads. The settings cannot be in place
        // yet, and a hook could already reject the first branch.
        Git::within(top)
            .config("core.hooksPath=/dev/null")
            .env("GIT_DEFAULT_HASH", "sha1")
            .env("GIT_DEFAULT_REF_FORMAT", "files")
            .args(["init", "--quiet", "--template="])
            .arg(format!("--initial-branch={branch}"))
            .run()?;
        for (key, value) in SETTINGS {
            Git::within(top).args(["config", "--local", key, value]).run()?;
        }
        Ok(Self { top })
    }

    /// Commits all files of the repository.
    ///
    /// # Errors
    ///
    /// When git cannot commit them.
    pub fn commit_all(&self, message: &str) -> Result<(), GitError> {
        Git::within(self.top).args(["add", "--all"]).run()?;
        Git::within(self.top)
            .args(["commit", "--quiet", "--message", message])
            .run()?;
        Ok(())
    }
}
