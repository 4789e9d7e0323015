//! Git commands that other people and programs run.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a git command. Most commands take about ten milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(10);

/// Commands that read a checkout's HEAD and index first and write index and files later, without holding the index lock
/// in between. Such a command reverts a move of the branch that happens in between.
const IN_STEPS: [&[u8]; 12] = [
    b"am",
    b"checkout",
    b"cherry-pick",
    b"merge",
    b"pull",
    b"rebase",
    b"reset",
    b"restore",
    b"revert",
    b"sparse-checkout",
    b"stash",
    b"switch",
];

/// True when a git command runs in a folder or below it.
pub(in crate::git) fn is_git_in(folder: &Path) -> bool {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    git_processes().any(|process| cwd(&process).is_some_and(|cwd| cwd.starts_with(&folder)))
}

/// True while somebody's git command is changing a checkout in several steps.
pub(in crate::git) fn is_changing(checkout: &Path) -> bool {
    working_in(checkout, |command| IN_STEPS.contains(&command))
        .next()
        .is_some()
}

/// Waits, but not long, for commands that may still write the state of HEAD and index that they read before now.
/// Returns true when there were such commands.
///
/// `commit` is one of them: it refuses when HEAD has moved, but by then it has written the index that it read.
pub(in crate::git) fn wait_for_readers(checkout: &Path) -> bool {
    let reads = |command: &[u8]| command == b"commit" || IN_STEPS.contains(&command);
    let readers: Vec<PathBuf> = working_in(checkout, reads).collect();
    let until = Instant::now() + PATIENCE;
    while readers.iter().any(|process| process.exists()) && Instant::now() < until {
        thread::sleep(PAUSE);
    }
    !readers.is_empty()
}

/// Waits until [`is_changing`] is false. Returns false when that takes too long, for example because a command waits
/// for an editor.
pub(in crate::git) fn wait_while_changing(checkout: &Path) -> bool {
    let until = Instant::now() + PATIENCE;
    while is_changing(checkout) {
        if Instant::now() > until {
            return false;
        }
        thread::sleep(PAUSE);
    }
    true
}

/// The git processes in a checkout that run a matching command, as their folders in `/proc`.
fn working_in(checkout: &Path, is_such: impl Fn(&[u8]) -> bool) -> impl Iterator<Item = PathBuf> {
    let checkout = checkout.canonicalize().unwrap_or_else(|_| checkout.to_owned());
    git_processes().filter(move |process| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        subcommand(&line).is_some_and(&is_such)
            && cwd(process).is_some_and(|cwd| top(&cwd) == Some(&checkout))
    })
}

fn git_processes() -> impl Iterator<Item = PathBuf> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .map(|process| process.path())
        .filter(|process| fs::read(process.join("comm")).is_ok_and(|name| name.starts_with(b"git")))
}

/// The working directory of a process.
fn cwd(process: &Path) -> Option<PathBuf> {
    fs::read_link(process.join("cwd")).ok()
}

/// The checkout that contains a folder.
fn top(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|above| above.join(".git").exists())
}

/// Options of `git` itself whose value may be the next argument. <https://git-scm.com/docs/git>
const WITH_A_VALUE: [&[u8]; 6] = [
    b"-c",
    b"-C",
    b"--git-dir",
    b"--work-tree",
    b"--namespace",
    b"--config-env",
];

/// The git subcommand of a process, from its arguments as `/proc` shows them. `merge-tree` writes objects and never
/// locks.
pub(in crate::git) fn subcommand(arguments: &[u8]) -> Option<&[u8]> {
    let mut arguments = arguments.split(|byte| *byte == 0).skip(1);
    loop {
        let argument = arguments.next()?;
        if !argument.starts_with(b"-") {
            return Some(argument);
        }
        if WITH_A_VALUE.contains(&argument) {
            arguments.next()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subcommand_is_what_follows_the_options_of_git_and_their_values() {
        for (line, expected) in [
            (&b"git\0merge-tree\0--stdin\0"[..], Some(&b"merge-tree"[..])),
            (
                b"git\0-c\0gc.auto=0\0--git-dir=/a\0merge-tree\0",
                Some(b"merge-tree"),
            ),
            (b"git\0-C\0merge-tree\0commit\0-m\0merge-tree\0", Some(b"commit")),
            (b"git\0--git-dir\0merge-tree\0--no-pager\0gc\0", Some(b"gc")),
            (b"git\0--version", None),
            (b"git\0-c", None),
            (b"", None),
        ] {
            assert_eq!(subcommand(line), expected, "{}", String::from_utf8_lossy(line));
        }
    }
}
