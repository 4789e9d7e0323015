//! Who commits, and whether it is signed, when orch itself makes a commit.

use std::path::Path;

use super::command::Git;
use super::{GitError, Repository};

/// The settings for one command that makes a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Committing {
    /// `key=value` settings that stand in for an identity that nobody has configured.
    pub(super) fallback: Vec<&'static str>,
    /// True when commits are to be signed. `git commit` and `git merge` see to it themselves, `git commit-tree`
    /// does not.
    pub(super) sign: bool,
}

/// Reads who commits in a checkout (or, given the common directory, in the repository).
pub(super) fn committing(git: impl Fn() -> Git) -> Result<Committing, GitError> {
    let answer = git()
        .args([
            "config",
            "-z",
            "--get-regexp",
            r"^(user\.name|user\.email|commit\.gpgsign)$",
        ])
        .answer()?;
    // Exit 1 says that none of them is set.
    if !matches!(answer.status.code(), Some(0 | 1)) {
        return Err(answer.failure());
    }
    let text = String::from_utf8_lossy(&answer.stdout);
    let last = |key: &str| {
        let mut values = text.split('\0').filter_map(|entry| match entry.split_once('\n') {
            Some((name, value)) => (name == key).then_some(value),
            // A key without `=` means true.
            None => (entry == key).then_some("true"),
        });
        values.next_back()
    };
    Ok(Committing {
        fallback: stand_ins(last("user.name"), last("user.email")),
        sign: last("commit.gpgsign").is_some_and(is_true),
    })
}

/// Settings that stand in for a name and an address that nobody has configured.
pub(super) fn stand_ins(name: Option<&str>, email: Option<&str>) -> Vec<&'static str> {
    let mut settings = Vec::new();
    if name.is_none_or(str::is_empty) {
        settings.push("user.name=orch");
    }
    if email.is_none_or(str::is_empty) && std::env::var_os("EMAIL").is_none() {
        settings.push("user.email=orch@localhost");
    }
    settings
}

/// How git reads a setting that is true or false.
pub(super) fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1")
}

/// A command in a checkout that makes a commit: with an identity, whatever is configured.
pub(super) fn committing_within(path: &Path) -> Result<Git, GitError> {
    let settings = committing(|| Git::within(path))?;
    Ok(settings.apply(Git::within(path)))
}

impl Repository {
    /// Whether git knows in whose name a commit is made here, as it is for those who commit by themselves.
    ///
    /// # Errors
    ///
    /// When git cannot be run.
    pub fn knows_who_commits(&self) -> Result<bool, GitError> {
        for who in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"] {
            if !Git::within(self.here())
                .args(["var", who])
                .answer()?
                .status
                .success()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Committing {
    pub(super) fn apply(&self, git: Git) -> Git {
        self.fallback.iter().fold(git, |git, setting| git.config(setting))
    }
}
