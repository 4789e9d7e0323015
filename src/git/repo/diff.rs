//! Showing a diff to a person.

use std::process::Command;

use super::repository::Repository;
use crate::git::program::command::bare_command;

/// The command that shows what `head` has changed since it left `base`, with the person's own pager and colours.
/// Standard streams are inherited. `options` are passed to `git diff`, for example `--stat`.
pub fn diff_command(repo: &Repository, base: &str, head: &str, options: &[&str]) -> Command {
    let mut command = bare_command();
    command.arg("-C").arg(repo.here()).arg("diff").args(options);
    command.arg(format!("{base}...{head}")).arg("--");
    command
}
