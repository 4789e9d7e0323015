//! Making 50 worktrees of a repository of 3,000 files, two at a time, beside a `git worktree add` loop; and whether
//! `git status` in a new one is clean and quick at once.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use orch::git::{self, Repository, WorktreeAdmin, WorktreeSpec};
use support::{Contest, Options, Samples, Sandbox, milliseconds, run};

const FILES: usize = 3000;
const WORKTREES: usize = 50;
const THREADS: usize = 2;

fn main() {
    let Some(options) = Options::read() else { return };
    let sandbox = Sandbox::with_files(FILES, 4000);
    sandbox.settle_disk();
    let title = format!("one of {WORKTREES} worktrees of {FILES} files");
    let mut contest = Contest::new(&title, WORKTREES);
    let (mut ours, mut gits) = (Looks::default(), Looks::default());
    for round in 0..options.rounds(3) {
        let folders = folders(&sandbox, &format!("ours{round}"));
        contest.turn("WorktreeAdmin::ensure, 2 threads", || {
            ensure_all(&sandbox, round, &folders)
        });
        ours.take(&folders);
        unregister_all(&sandbox);

        let folders = self::folders(&sandbox, &format!("git{round}"));
        contest.turn("git worktree add, in a loop", || {
            add_all(&sandbox, round, &folders)
        });
        gits.take(&folders);
        unregister_all(&sandbox);
        contest.tell(round);
    }
    contest.print();
    println!("\ngit status in a new worktree (ms)");
    ours.print("of ours");
    gits.print("of git worktree add");
}

fn folders(sandbox: &Sandbox, name: &str) -> Vec<PathBuf> {
    (0..WORKTREES)
        .map(|n| sandbox.beside(name).join(format!("w{n:02}")))
        .collect()
}

fn ensure_all(sandbox: &Sandbox, round: usize, folders: &[PathBuf]) {
    let repo = Repository::discover(&sandbox.repo()).unwrap();
    let base = repo.resolve("main").unwrap();
    let admin = WorktreeAdmin::new(&repo);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(folder) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let key = format!("round{round}-{}", name(folder));
                    let spec = WorktreeSpec {
                        path: folder.clone(),
                        branch: format!("ours/{key}"),
                        key,
                        base: base.clone(),
                    };
                    git::worktree::ensure(&admin, &spec).unwrap();
                }
            });
        }
    });
}

fn add_all(sandbox: &Sandbox, round: usize, folders: &[PathBuf]) {
    for folder in folders {
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(sandbox.repo())
            .args(["worktree", "add", "--quiet", "-b"]);
        git.arg(format!("git/round{round}-{}", name(folder)))
            .arg(folder)
            .arg("main");
        run(&mut git);
    }
}

fn name(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

/// Leaves the repository as it was, so that no round finds more worktrees than another. The files stay until the end:
/// ext4 makes new ones slowly for a while after many were deleted.
fn unregister_all(sandbox: &Sandbox) {
    let git = sandbox.repo().join(".git");
    for folder in [git.join("worktrees"), sandbox.kept("")] {
        let _ = fs::remove_dir_all(folder);
    }
    for branches in ["ours", "git"] {
        for kind in ["refs", "logs/refs"] {
            let _ = fs::remove_dir_all(
                sandbox
                    .repo()
                    .join(".git")
                    .join(kind)
                    .join("heads")
                    .join(branches),
            );
        }
    }
    sandbox.settle_disk();
}

/// The first and the second `git status` in new worktrees.
#[derive(Default)]
struct Looks {
    first: Samples,
    second: Samples,
    dirty: usize,
}

impl Looks {
    fn take(&mut self, folders: &[PathBuf]) {
        for folder in folders.iter().rev().step_by(10) {
            let (first, clean) = status(folder);
            let (second, _) = status(folder);
            self.first.push(first);
            self.second.push(second);
            self.dirty += usize::from(!clean);
        }
    }

    fn print(&self, name: &str) {
        println!("  {name:<22} first  {}", self.first);
        println!("  {:<22} second {}", "", self.second);
        let ratio = self.first.median() / self.second.median();
        println!(
            "  {:<22} first / second {ratio:.2}; not clean: {} of {}",
            "",
            self.dirty,
            self.first.len()
        );
    }
}

fn status(folder: &Path) -> (f64, bool) {
    let start = Instant::now();
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["status", "--porcelain"])
        .output()
        .unwrap();
    (
        milliseconds(start.elapsed()),
        output.status.success() && output.stdout.is_empty(),
    )
}
