//! The identity and signing of commits that orch itself makes.

use std::collections::BTreeMap;
use std::path::Path;

use super::repository::Repository;
use crate::git::files::error::GitError;
use crate::git::program::command::Git;

/// The settings for one command that makes a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct Committing {
    /// `key=value` settings that supply a missing identity.
    pub(in crate::git) fallback: Vec<&'static str>,
    /// True when commits should be signed. `git commit` and `git merge` sign by themselves, `git commit-tree` does not.
    pub(in crate::git) sign: bool,
}

/// Reads the identity for commits in a checkout (or, given the common directory, in the repository).
pub(in crate::git) fn committing(git: impl Fn() -> Git) -> Result<Committing, GitError> {
    let answer = git()
        .args([
            "config",
            "-z",
            "--get-regexp",
            r"^(user\.name|user\.email|commit\.gpgsign)$",
        ])
        .answer()?;
    // Exit status 1 means that none of the settings is set.
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

/// Settings that supply a missing name and a missing address.
pub(in crate::git) fn stand_ins(name: Option<&str>, email: Option<&str>) -> Vec<&'static str> {
    let mut settings = Vec::new();
    if name.is_none_or(str::is_empty) {
        settings.push("user.name=orch");
    }
    if email.is_none_or(str::is_empty) && std::env::var_os("EMAIL").is_none() {
        settings.push("user.email=orch@localhost");
    }
    settings
}

/// Parses a boolean setting as git does.
pub(in crate::git) fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1")
}

/// A command in a checkout that can make a commit: it has an identity, whatever is configured.
pub(in crate::git) fn committing_within(path: &Path) -> Result<Git, GitError> {
    let settings = committing(|| Git::within(path))?;
    Ok(settings.apply(Git::within(path)))
}

/// The identities that git is asked for, each with the variables for its name and its address.
const IDENTS: [(&str, &str, &str); 2] = [
    ("GIT_AUTHOR_IDENT", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"),
    ("GIT_COMMITTER_IDENT", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
];

/// The variables for the identity that git would use for a commit in a checkout, for programs that hide the person's
/// own configuration from git. Empty when the repository's own configuration has the identity, because these programs
/// do not hide that, and when git does not know an identity. `env` is the environment of such a program on top of this
/// process's own.
///
/// # Errors
///
/// When git cannot be run.
pub fn identity_variables(
    worktree: &Path,
    env: &BTreeMap<String, String>,
) -> Result<BTreeMap<&'static str, String>, GitError> {
    let counts =
        |name: &str| name.starts_with("GIT_") || ["EMAIL", "HOME", "XDG_CONFIG_HOME"].contains(&name);
    let git = || {
        let of_git = env.iter().filter(|(name, _)| counts(name));
        of_git.fold(Git::within(worktree), |git, (name, value)| git.env(name, value))
    };
    let mut variables = BTreeMap::new();
    if is_named_here(
        &git()
            .args([
                "config",
                "-z",
                "--show-scope",
                "--get-regexp",
                r"^user\.(name|email)$",
            ])
            .answer()?
            .stdout,
    ) {
        return Ok(variables);
    }
    for (ident, name, email) in IDENTS {
        let answer = git().args(["var", ident]).answer()?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let parts = text.rsplit_once("> ").and_then(|(who, _)| who.split_once(" <"));
        let Some(parts) = parts.filter(|_| answer.status.success()) else {
            continue;
        };
        let parts = [(name, parts.0), (email, parts.1)];
        variables.extend(parts.map(|(name, value)| (name, value.to_owned())));
    }
    variables.retain(|_, value| !value.is_empty());
    Ok(variables)
}

/// True when the repository's own configuration has both a name and an address. `listing` has scope, then key and
/// value, each ended by a NUL.
fn is_named_here(listing: &[u8]) -> bool {
    let text = String::from_utf8_lossy(listing);
    let mut fields = text.split('\0');
    let mut named = Vec::new();
    while let (Some(scope), Some(entry)) = (fields.next(), fields.next()) {
        if ["local", "worktree"].contains(&scope) {
            named.extend(
                entry
                    .split_once('\n')
                    .filter(|(_, value)| !value.is_empty())
                    .map(|(key, _)| key),
            );
        }
    }
    ["user.name", "user.email"].iter().all(|key| named.contains(key))
}

/// True when the environment or the configuration has both names and both addresses, so that git need not be asked. A
/// value without a letter or a digit is left for git to judge.
fn is_named_in_full(repo: &Repository) -> bool {
    let config = repo.handle().config().ok();
    // libgit2 ignores another place of the person's configuration.
    let config = config.filter(|_| std::env::var_os("GIT_CONFIG_GLOBAL").is_none());
    let says = |text: &str| text.chars().any(char::is_alphanumeric);
    let named = |variable: &str, key: &str| match std::env::var_os(variable) {
        Some(value) => value.to_str().is_some_and(says),
        None => config
            .as_ref()
            .and_then(|config| config.get_string(key).ok())
            .is_some_and(|value| says(&value)),
    };
    let mut idents = IDENTS.iter();
    idents.all(|(_, name, email)| named(name, "user.name") && named(email, "user.email"))
}

/// True when git knows an identity for an agent's commits here.
///
/// # Errors
///
/// When git cannot be run.
pub fn knows_who_commits(repo: &Repository) -> Result<bool, GitError> {
    if is_named_in_full(repo) {
        return Ok(true);
    }
    let ask = |who| Git::within(repo.here()).args(["var", who]).answer();
    let [(author, ..), (committer, ..)] = IDENTS;
    // Both run in parallel, because starting a program is the slow part.
    let (author, committer) = std::thread::scope(|scope| {
        let author = scope.spawn(|| ask(author));
        let committer = ask(committer);
        let author = author.join();
        (
            author.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            committer,
        )
    });
    Ok(author?.status.success() && committer?.status.success())
}

impl Committing {
    pub(in crate::git) fn apply(&self, git: Git) -> Git {
        self.fallback.iter().fold(git, |git, setting| git.config(setting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_repository_itself_names_in_full_is_named_here() {
        let here = |text: &str| is_named_here(text.as_bytes());
        assert!(here("local\0user.name\nAnn\0worktree\0user.email\na@b\0"));
        assert!(!here("local\0user.name\nAnn\0global\0user.email\na@b\0"));
        assert!(!here("local\0user.name\n\0local\0user.email\na@b\0"));
        assert!(!here(""));
    }
}
