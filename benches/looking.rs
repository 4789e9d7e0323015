//! How long looking takes: `orch status` on 100 plans beside `git status`, and `orch check` on 100 documents.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use support::{Contest, Options, Sandbox, entries, orch, run};

const PLANS: usize = 100;

/// A folder of Markdown documents to read, besides made-up ones.
const CORPUS: &str = "ORCH_CORPUS";

fn main() {
    let Some(options) = Options::read() else { return };
    for files in [20, 1000] {
        status(files, options.rounds(30));
    }
    check("made-up", &made_up(), options.rounds(30));
    match std::env::var_os(CORPUS) {
        Some(folder) => check("real", &real(PathBuf::from(folder)), options.rounds(30)),
        None => println!("\n{CORPUS} names no folder of real documents: only made-up ones were checked"),
    }
}

/// `orch status` after a run of 100 plans.
fn status(files: usize, rounds: usize) {
    let sandbox = Sandbox::with_files(files, 1000);
    let mut manifest =
        "schema = 1\n[run]\nmax_agents = 2\n[agents.trivial]\ncommand = [\"true\"]\n".to_owned();
    for n in 0..PLANS {
        writeln!(
            manifest,
            "[plans.p{n:03}]\nprompt = \"Nothing.\"\nallow_empty = true"
        )
        .unwrap();
    }
    sandbox.write("plans.toml", &manifest);
    run(orch(&sandbox.repo()).arg("up"));
    let written = entries(&sandbox.repo()).len();
    sandbox.settle_disk();
    let title = format!("looking at {PLANS} plans, {written} entries in the journal, {files} files");
    let mut contest = Contest::new(&title, 1);
    let git = || {
        let mut git = Command::new("git");
        git.arg("-C").arg(sandbox.repo()).arg("status");
        git
    };
    for _ in 0..rounds {
        contest.turn("orch status", || run(orch(&sandbox.repo()).arg("status")));
        contest.turn("git status", || run(&mut git()));
        contest.turn("orch status --json (all worktrees)", || {
            run(orch(&sandbox.repo()).args(["status", "--json"]));
        });
    }
    contest.print();
}

/// `orch check` on 100 documents.
fn check(kind: &str, documents: &[String], rounds: usize) {
    let sandbox = Sandbox::with_files(3, 200);
    let mut manifest = "schema = 1\n[agents.trivial]\ncommand = [\"true\"]\n".to_owned();
    let mut list = Vec::new();
    for (n, text) in documents.iter().cycle().take(PLANS).enumerate() {
        let name = format!("p{n:03}");
        sandbox.write(&format!("plans/{name}.md"), text);
        list.push(sandbox.repo().join(format!("plans/{name}.md")));
        writeln!(manifest, "[plans.{name}]\nfile = \"plans/{name}.md\"").unwrap();
    }
    sandbox.write("plans.toml", &manifest);
    let bytes: u64 = list.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    let title = format!("checking {PLANS} {kind} documents, {} KiB", bytes >> 10);
    let mut contest = Contest::new(&title, 1);
    let mut accepted = true;
    for _ in 0..rounds {
        contest.turn("orch check", || {
            let mut command = orch(&sandbox.repo());
            command.arg("check").stdout(Stdio::null()).stderr(Stdio::null());
            accepted &= command.status().unwrap().success();
        });
        contest.turn("wc (reads them and counts words)", || {
            run(Command::new("wc").args(&list))
        });
    }
    contest.print();
    if !accepted {
        println!("  orch check found faults in them");
    }
}

/// Documents of four phases with five tasks each and some prose, 5 KiB each.
fn made_up() -> Vec<String> {
    let prose =
        "This part says why it is done, what to look out for, and where similar things were done before. ";
    let document = |n: usize| {
        let mut text = format!("# Implementation Plan: number {n}\n\n## Overview\n\n- **Goal:** Do it\n\n");
        for phase in 1..=4 {
            write!(
                text,
                "## Phase {phase}: Part {phase}\n\n**Objective:** {prose}\n\n"
            )
            .unwrap();
            for task in 1..=5 {
                let file = format!("`src/part{phase}/file{task}.rs`");
                writeln!(text, "- [ ] {phase}.{task} Create {file}\n  - {prose}").unwrap();
            }
            writeln!(text, "\n**VERIFY Phase {phase}:**\n\n- [ ] It works\n").unwrap();
        }
        text
    };
    (0..PLANS).map(document).collect()
}

/// The documents of a folder, in the order of their names.
fn real(folder: PathBuf) -> Vec<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| path.file_name().is_some_and(|name| name != "README.md"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}
