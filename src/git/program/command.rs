//! Running the git program: a clean environment, one language, no prompts, no surprises for the caller.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use super::mark::{GIT_MARK, mark_for};
use super::shared_hooks::brought_back;
use super::{again, worktree_settings};
use crate::failpoint;
use crate::git::files::error::GitError;
use crate::git::files::version::LEAST_VERSION;
use crate::plan::CommitId;

/// The `GIT_*` variables that are settings of the person or the machine. All others say which repository, index or
/// object store an outer git command works on (`git rev-parse --local-env-vars`), and would misdirect orch's commands.
const KEPT: &[&str] = &[
    "GIT_ALLOW_PROTOCOL",
    "GIT_ASKPASS",
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_EXEC_PATH",
    "GIT_PAGER",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_TEMPLATE_DIR",
];
const KEPT_PREFIXES: &[&str] = &["GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSL_", "GIT_TRACE"];

/// True for an inherited variable that must not reach a git command or an agent of orch.
pub fn is_stray_variable(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return name.as_bytes().starts_with(b"GIT_");
    };
    name.starts_with("GIT_")
        && !KEPT.contains(&name)
        && !KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// A `git` command with the stray variables removed and standard streams inherited.
pub(in crate::git) fn bare_command() -> Command {
    command_of("git")
}

fn command_of(program: &str) -> Command {
    let mut command = Command::new(program);
    // The mark is set when a git hook has started this orch.
    command.env_remove(GIT_MARK);
    for (name, _) in std::env::vars_os() {
        if is_stray_variable(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// How long a git command waits for the lock of `packed-refs`. A command that deletes a ref holds the lock only for an
/// instant, but on a busy machine an instant may be long.
pub(in crate::git) const PACKED_REFS_TIMEOUT: Duration = Duration::from_secs(3);

/// The number of bytes that every pipe takes at once.
const IN_ONE_WRITE: usize = 4_096;

/// One git command being put together.
#[derive(Debug)]
pub(in crate::git) struct Git {
    command: Command,
    shown: String,
    input: Option<Vec<u8>>,
    held: Option<File>,
}

/// The answer of a git command.
#[derive(Debug)]
pub(in crate::git) struct GitAnswer {
    pub(in crate::git) status: ExitStatus,
    pub(in crate::git) stdout: Vec<u8>,
    pub(in crate::git) stderr: String,
    shown: String,
}

impl Git {
    fn new() -> Self {
        Self::of(bare_command())
    }

    fn of(mut command: Command) -> Self {
        // No pager, no prompt, plain English: orch reads the messages and quotes them to people. Housekeeping started
        // by one of many quick commands would only get in the way of the next command.
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").args([
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
            // A setting may name a program for this. The monitor saves no time here.
            "-c",
            "core.fsmonitor=false",
            "-c",
        ]);
        command.arg(format!(
            "core.packedRefsTimeout={}",
            PACKED_REFS_TIMEOUT.as_millis()
        ));
        Self {
            command,
            shown: "git".to_owned(),
            input: None,
            held: None,
        }
    }

    /// A command that needs no repository.
    pub(in crate::git) fn anywhere() -> Self {
        Self::new()
    }

    /// A command in a worktree. Uses `-C` instead of a working directory, which keeps spawning cheap.
    pub(in crate::git) fn within(worktree: &Path) -> Self {
        let mut git = Self::new();
        git.command.arg("-C").arg(worktree);
        let undone = worktree_settings::undone(worktree);
        let git = undone.settings.iter().fold(git, Git::config);
        let git = match undone.place {
            true => git.env("GIT_WORK_TREE", worktree),
            false => git,
        };
        git.marked(worktree)
    }

    /// A command on the repository itself, independent of its checkouts.
    pub(in crate::git) fn on(common_dir: &Path) -> Self {
        let mut git = Self::new();
        let mut option = OsString::from("--git-dir=");
        option.push(common_dir);
        git.command.arg(option);
        git.marked(common_dir)
    }

    /// Like [`Git::on`], with unbuffered output: for a git command that would otherwise hold back its answers.
    pub(in crate::git) fn unbuffered_on(common_dir: &Path) -> Self {
        let mut stdbuf = command_of("stdbuf");
        stdbuf.args(["-o0", "git"]);
        let mut git = Self::of(stdbuf);
        let mut option = OsString::from("--git-dir=");
        option.push(common_dir);
        git.command.arg(option);
        git.marked(common_dir)
    }

    /// Like [`Git::on`], ended after `seconds`: for a command that talks to another machine.
    pub(in crate::git) fn limited_on(common_dir: &Path, seconds: u32) -> Self {
        let mut timeout = command_of("timeout");
        timeout.args(["--kill-after=2", &seconds.to_string(), "git"]);
        let mut git = Self::of(timeout);
        let mut option = OsString::from("--git-dir=");
        option.push(common_dir);
        git.command.arg(option);
        git.marked(common_dir)
    }

    /// Marks the command, so that it can be found if it outlives this process. Hooks that were added while agents ran
    /// do not run.
    fn marked(self, place: &Path) -> Self {
        let trusted = brought_back(place).into_iter().fold(self, Self::config);
        trusted.mark(place)
    }

    fn mark(self, place: &Path) -> Self {
        match mark_for(place) {
            Some(mark) => self.env(GIT_MARK, mark),
            None => self,
        }
    }

    /// An option of `git` itself, before the subcommand.
    pub(in crate::git) fn option(mut self, option: impl AsRef<OsStr>) -> Self {
        self.command.arg(option);
        self
    }

    /// `-c key=value` for this command only.
    pub(in crate::git) fn config(self, setting: impl AsRef<OsStr>) -> Self {
        self.option("-c").option(setting)
    }

    pub(in crate::git) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub(in crate::git) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(in crate::git) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Text for the command's standard input. Without this call the standard input is empty.
    pub(in crate::git) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Lets the command hold a lock for as long as it runs, even when this process is killed earlier. An advisory lock
    /// lives until the last descriptor of its open file is closed, and the command's standard input becomes one of
    /// these descriptors. The file is empty, so the command reads nothing from it.
    pub(in crate::git) fn holding(mut self, lock: &File) -> Result<Self, GitError> {
        let held = lock
            .try_clone()
            .map_err(GitError::io("share the lock for", Path::new("git")))?;
        self.held = Some(held);
        Ok(self)
    }

    /// Like [`Git::holding`], if there is a lock to hold.
    pub(in crate::git) fn holding_any(self, lock: Option<&File>) -> Result<Self, GitError> {
        match lock {
            Some(lock) => self.holding(lock),
            None => Ok(self),
        }
    }

    /// Starts the command for several questions and answers. Its error messages are discarded.
    pub(in crate::git) fn converse(mut self) -> io::Result<Child> {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let child = failpoint::around("git.spawn", || self.command.spawn())?;
        failpoint::child("git", child.id());
        Ok(child)
    }

    /// Runs the command to its end, whatever its exit status.
    pub(in crate::git) fn answer(mut self) -> Result<GitAnswer, GitError> {
        self.command
            .stdin(match (&self.input, self.held.take()) {
                (Some(_), _) => Stdio::piped(),
                (None, Some(lock)) => Stdio::from(lock),
                (None, None) => Stdio::null(),
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let shown = shorten(&self.shown);
        let cannot_run = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => GitError::Missing { least: LEAST_VERSION },
            _ => GitError::Failed {
                command: shown.clone(),
                outcome: "could not be started".to_owned(),
                stderr: source.to_string(),
            },
        };
        let mut child = failpoint::around("git.spawn", || self.command.spawn()).map_err(cannot_run)?;
        failpoint::child("git", child.id());
        let talk = self.input.zip(child.stdin.take());
        let output = match talk {
            // A pipe takes a short text without waiting.
            Some((input, mut pipe)) if input.len() <= IN_ONE_WRITE => {
                let _ = pipe.write_all(&input);
                drop(pipe);
                child.wait_with_output()
            }
            // The input is written while the output is read. Otherwise git could wait for its reader while the writer
            // waits for git. When git does not read to the end, its exit status says why.
            Some((input, mut pipe)) => thread::scope(|scope| {
                scope.spawn(move || pipe.write_all(&input));
                child.wait_with_output()
            }),
            None => child.wait_with_output(),
        };
        let output = output.map_err(cannot_run)?;
        failpoint::point("git.ended");
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let killed = output.status.signal().is_some();
        if killed || (!output.status.success() && again::met_unfinished_worktree(&stderr)) {
            again::note_cut_short();
        }
        Ok(GitAnswer {
            status: output.status,
            stdout: output.stdout,
            stderr,
            shown,
        })
    }

    /// Runs the command and returns its standard output. Any outcome but success is an error.
    pub(in crate::git) fn run(self) -> Result<Vec<u8>, GitError> {
        let answer = self.answer()?;
        if answer.status.success() {
            Ok(answer.stdout)
        } else {
            Err(answer.failure())
        }
    }

    /// Runs a command that prints one object id.
    pub(in crate::git) fn run_for_id(self) -> Result<CommitId, GitError> {
        let shown = shorten(&self.shown);
        let out = self.run()?;
        parse_id(&out).ok_or_else(|| GitError::Unreadable {
            command: shown,
            what: String::from_utf8_lossy(&out).trim().to_owned(),
        })
    }
}

impl GitAnswer {
    pub(in crate::git) fn failure(self) -> GitError {
        let outcome = match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "no exit status".to_owned(),
        };
        let stderr = if self.stderr.is_empty() {
            String::from_utf8_lossy(&self.stdout)
                .trim()
                .chars()
                .take(2_000)
                .collect()
        } else {
            self.stderr
        };
        GitError::Failed {
            command: self.shown,
            outcome,
            stderr,
        }
    }

    pub(in crate::git) fn unreadable(&self, what: &str) -> GitError {
        GitError::Unreadable {
            command: self.shown.clone(),
            what: what.to_owned(),
        }
    }
}

/// Parses an object id that stands alone on a line.
pub(in crate::git) fn parse_id(bytes: &[u8]) -> Option<CommitId> {
    std::str::from_utf8(bytes).ok()?.trim().parse().ok()
}

/// The records of a `-z` answer.
pub(in crate::git) fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == 0).filter(|record| !record.is_empty())
}

/// A command line for an error message; a long one is cut.
fn shorten(shown: &str) -> String {
    const MOST: usize = 200;
    let first_line = shown.lines().next().unwrap_or_default();
    if first_line.chars().count() <= MOST {
        return first_line.to_owned();
    }
    let cut: String = first_line.chars().take(MOST).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_point_at_a_repository_are_stray_and_settings_are_not() {
        for stray in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_CONFIG_COUNT",
            "GIT_PREFIX",
        ] {
            assert!(is_stray_variable(OsStr::new(stray)), "{stray}");
        }
        for kept in [
            "GIT_CONFIG_GLOBAL",
            "GIT_AUTHOR_NAME",
            "GIT_SSH_COMMAND",
            "HOME",
            "GITHUB_TOKEN",
        ] {
            assert!(!is_stray_variable(OsStr::new(kept)), "{kept}");
        }
    }
}
