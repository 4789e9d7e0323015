//! What supervising one trivial task costs: 200 plans, two at a time, beside build tools that start the same command
//! in the same folders.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Instant;

use support::{Contest, Entry, Options, Samples, Sandbox, entries, installed, milliseconds, orch, run};

const PLANS: usize = 200;
const SLOTS: usize = 2;

fn main() {
    let Some(options) = Options::read() else { return };
    if options.wants("ready") {
        in_ready_worktrees(&options);
    }
    if options.wants("made") {
        with_worktrees(options.rounds(3).min(3));
    }
}

fn in_ready_worktrees(options: &Options) {
    let site = Site::new();
    // Makes the worktrees, which the measured rounds then find made.
    run(orch(&site.sandbox.repo()).arg("up"));

    let title = format!("one of {PLANS} trivial tasks, {SLOTS} at a time, in ready worktrees");
    let mut contest = Contest::new(&title, PLANS);
    let peers: Vec<Peer> = Peer::ALL
        .into_iter()
        .filter(|peer| installed(peer.program))
        .collect();
    let mut gaps = Gaps::default();
    for _ in 0..options.rounds(7) {
        site.sandbox.forget_runs();
        site.sandbox.settle_disk();
        contest.turn("orch up", || run(orch(&site.sandbox.repo()).arg("up")));
        gaps.take(&entries(&site.sandbox.repo()));
        for peer in &peers {
            let mut command = (peer.command)(&site);
            contest.turn(peer.name, || run(&mut command));
        }
        contest.turn("floor: spawn and reap", || floor(&site.folders));
    }
    contest.print();
    gaps.print();
}

/// The same with the making of the worktrees, beside a plain loop that makes as many.
fn with_worktrees(rounds: usize) {
    let title = format!("one of {PLANS} trivial tasks, worktree made on the way");
    let mut contest = Contest::new(&title, PLANS);
    let mut beyond = Samples::default();
    for _ in 0..rounds {
        let ours = Site::new();
        ours.sandbox.settle_disk();
        let start = Instant::now();
        contest.turn("orch up", || run(orch(&ours.sandbox.repo()).arg("up")));
        let up = milliseconds(start.elapsed());
        drop(ours);
        let plain = Site::new();
        plain.sandbox.settle_disk();
        let start = Instant::now();
        contest.turn("git worktree add, in a loop", || {
            for folder in &plain.folders {
                let branch = folder.file_name().unwrap().to_str().unwrap();
                let mut git = Command::new("git");
                git.arg("-C").arg(plain.sandbox.repo());
                git.args(["worktree", "add", "--quiet", "-b", branch]).arg(folder);
                run(&mut git);
            }
        });
        beyond.push((up - milliseconds(start.elapsed())) / PLANS as f64);
    }
    contest.print();
    println!("  beyond the loop, per plan: {beyond}");
}

/// 200 plans, and a file for each tool that says the same.
struct Site {
    sandbox: Sandbox,
    folders: Vec<PathBuf>,
    lists: PathBuf,
}

impl Site {
    fn new() -> Self {
        let sandbox = Sandbox::with_files(3, 200);
        let names: Vec<String> = (0..PLANS).map(|n| format!("p{n:03}")).collect();
        let folders: Vec<PathBuf> = names
            .iter()
            .map(|name| sandbox.beside("repo.worktrees").join(name))
            .collect();
        let mut manifest =
            format!("schema = 1\n[run]\nmax_agents = {SLOTS}\n[agents.trivial]\ncommand = [\"true\"]\n");
        for name in &names {
            writeln!(
                manifest,
                "[plans.{name}]\nprompt = \"Nothing.\"\nallow_empty = true"
            )
            .unwrap();
        }
        sandbox.write("plans.toml", &manifest);

        let lists = sandbox.beside("lists");
        fs::create_dir(&lists).unwrap();
        let lines = |line: &dyn Fn(&str, &str) -> String| -> String {
            names
                .iter()
                .zip(&folders)
                .map(|(name, folder)| line(name, folder.to_str().unwrap()))
                .collect()
        };
        let ninja = lines(&|name, folder| format!("build {name}: task\n  folder = {folder}\n"));
        let ninja = format!("rule task\n  command = cd $folder && exec true\n{ninja}");
        fs::write(lists.join("build.ninja"), ninja).unwrap();
        let make = lines(&|name, folder| format!("{name}:\n\t@cd {folder} && exec true\n"));
        let all = names.join(" ");
        fs::write(
            lists.join("Makefile"),
            format!("all: {all}\n.PHONY: all {all}\n{make}"),
        )
        .unwrap();
        fs::write(lists.join("folders"), lines(&|_, folder| format!("{folder}\n"))).unwrap();
        Self {
            sandbox,
            folders,
            lists,
        }
    }

    fn list(&self, name: &str) -> String {
        self.lists.join(name).to_str().unwrap().to_owned()
    }
}

struct Peer {
    program: &'static str,
    name: &'static str,
    command: fn(&Site) -> Command,
}

impl Peer {
    const ALL: [Self; 4] = [
        Self {
            program: "ninja",
            name: "ninja -j2",
            command: |site| {
                // Its log would let it take what it ran before for done.
                let _ = fs::remove_file(site.lists.join(".ninja_log"));
                let mut command = Command::new("ninja");
                command.arg("-C").arg(&site.lists).arg(format!("-j{SLOTS}"));
                command
            },
        },
        Self {
            program: "make",
            name: "make -j2",
            command: |site| {
                let mut command = Command::new("make");
                command.arg("-C").arg(&site.lists).arg(format!("-j{SLOTS}"));
                command
            },
        },
        Self {
            program: "xargs",
            name: "xargs -P2",
            command: |site| {
                let mut command = Command::new("xargs");
                command.args(["-a", &site.list("folders"), &format!("-P{SLOTS}"), "-I{}"]);
                command.args(["env", "-C", "{}", "true"]);
                command
            },
        },
        Self {
            program: "parallel",
            name: "GNU parallel -j2",
            command: |site| {
                let mut command = Command::new("parallel");
                // It keeps a folder in the home, which is thrown away with the rest.
                command.env("HOME", &site.lists);
                command.args(["--will-cite", &format!("-j{SLOTS}"), "-a", &site.list("folders")]);
                command.arg("cd {} && exec true");
                command
            },
        },
    ];
}

/// The least that it can cost: start the command in each folder and wait for it, two at a time.
fn floor(folders: &[PathBuf]) {
    let start = |folder: &Path| Command::new("true").current_dir(folder).spawn().unwrap();
    let mut at_work: Vec<Child> = Vec::new();
    for folder in folders {
        if at_work.len() == SLOTS {
            at_work.remove(0).wait().unwrap();
        }
        at_work.push(start(folder));
    }
    for mut child in at_work {
        child.wait().unwrap();
    }
}

/// The time between the journal's entries about one plan.
#[derive(Default)]
struct Gaps {
    rows: Vec<(String, Samples)>,
    /// Entries of one run, from the first to the last, in milliseconds.
    runs: Samples,
    entries: usize,
}

impl Gaps {
    const STEPS: [&str; 4] = [
        "attempt.assigned",
        "agent.started",
        "agent.ended",
        "attempt.checked",
    ];

    fn take(&mut self, entries: &[Entry]) {
        self.entries = entries.len();
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            self.runs.push(last.at - first.at);
        }
        for pair in Self::STEPS.windows(2) {
            let after = |from: &Entry| entries.iter().find(|e| e.event == pair[1] && e.plan == from.plan);
            let starts = entries.iter().filter(|entry| entry.event == pair[0]);
            let gaps: Vec<f64> = starts
                .filter_map(|from| Some(after(from)?.at - from.at))
                .collect();
            self.row(&format!("{} → {}", pair[0], pair[1])).extend(gaps);
        }
        let checked = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.event == "attempt.checked");
        let gaps: Vec<f64> = checked
            .filter_map(|(at, from)| {
                let next = entries[at..]
                    .iter()
                    .find(|entry| entry.event == "attempt.assigned")?;
                Some(next.at - from.at)
            })
            .collect();
        self.row("attempt.checked → next attempt.assigned").extend(gaps);
    }

    fn row(&mut self, name: &str) -> &mut Samples {
        let at = self.rows.iter().position(|(known, _)| known == name);
        let at = at.unwrap_or_else(|| {
            self.rows.push((name.to_owned(), Samples::default()));
            self.rows.len() - 1
        });
        &mut self.rows[at].1
    }

    fn print(&self) {
        println!("\ntime between entries of the journal (ms; it keeps whole ones, so the means say more)");
        println!(
            "  {:<44} {:>6} {:>7} {:>6} {:>6}",
            "", "mean", "median", "p99", "max"
        );
        for (name, gaps) in &self.rows {
            let (mean, median) = (gaps.mean(), gaps.median());
            let (late, max) = (gaps.quantile(0.99), gaps.max());
            println!("  {name:<44} {mean:>6.2} {median:>7.0} {late:>6.0} {max:>6.0}");
        }
        println!(
            "  {} entries in one run; from the first to the last {} ms",
            self.entries, self.runs
        );
    }
}
