//! A repository with plans and scripted agents, and the real program driving them.
//!
//! Agents are shell scripts. They wait at gates (named pipes that the test opens) and leave marks (files), so that no
//! test sleeps for a time it guessed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Scratch;

/// Longest time that anything in a test may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The stage of one test.
pub struct Stage {
    pub repo: Scratch,
    settings: String,
    plans: String,
}

/// What a finished command left.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.out.contains(text) || self.err.contains(text),
            "{text:?} is not in\nout: {}\nerr: {}",
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }
}

impl Stage {
    pub fn new() -> Self {
        Self::on(Scratch::new())
    }

    pub fn on(repo: Scratch) -> Self {
        Self {
            repo,
            settings: "[run]\nretries = 0\nbackoff = \"50ms\"\ngrace = \"1s\"\n".to_owned(),
            plans: String::new(),
        }
    }

    /// Lines of `[run]`, replacing those of the same keys.
    pub fn run(mut self, lines: &str) -> Self {
        for line in lines.lines() {
            let key = line.split('=').next().unwrap().trim();
            let kept = self
                .settings
                .lines()
                .filter(|old| old.split('=').next().unwrap().trim() != key);
            self.settings = kept.map(|old| format!("{old}\n")).collect();
            self.settings += &format!("{line}\n");
        }
        self
    }

    /// Anything else in the manifest.
    pub fn manifest(mut self, text: &str) -> Self {
        self.plans += &format!("{text}\n");
        self
    }

    /// The agent of all plans, a shell script that fails with its first failing command.
    pub fn agent(self, script: &str) -> Self {
        let file = self.beside("agent.sh");
        fs::write(
            &file,
            format!(
                "#!/bin/sh\nset -e\nHERE='{}'\n{script}\n",
                self.beside("").display()
            ),
        )
        .unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        self.manifest(&format!(
            "[agents.script]\ncommand = [{:?}]",
            file.to_str().unwrap()
        ))
    }

    /// A plan with phases of so many tasks each, and lines of its table.
    pub fn plan(self, name: &str, phases: &[usize], lines: &str) -> Self {
        let mut text = format!("# Plan {name}\n");
        for (phase, tasks) in (1..).zip(phases) {
            text += &format!("\n## Phase {phase}: Part {phase}\n");
            for task in 1..=*tasks {
                text += &format!("- [ ] {phase}.{task} Task {task} of part {phase}\n");
            }
        }
        self.repo.write(format!("plans/{name}.md"), text);
        self.manifest(&format!("[plans.{name}]\nfile = \"plans/{name}.md\"\n{lines}"))
    }

    /// Writes the manifest and commits everything.
    pub fn ready(self) -> Self {
        self.repo
            .write("plans.toml", format!("{}{}", self.settings, self.plans));
        self.repo.commit("plans");
        self
    }

    /// A path beside the repository, for gates, marks and notes.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.repo.path().parent().unwrap().join(name)
    }

    /// A gate at which `read _ < "$HERE/NAME"` waits.
    pub fn gate(self, name: &str) -> Self {
        let made = Command::new("mkfifo").arg(self.beside(name)).status().unwrap();
        assert!(made.success());
        self
    }

    /// Lets whoever waits at the gate go on; waits for somebody to come.
    pub fn open(&self, name: &str) {
        fs::write(self.beside(name), "\n").unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_in(self.repo.path(), args)
    }

    pub fn command_in(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orch"));
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"ORCH_") {
                command.env_remove(name);
            }
        }
        command.current_dir(folder).args(args).stdin(Stdio::null());
        command
    }

    #[must_use = "its exit code says whether it worked"]
    pub fn orch(&self, args: &[&str]) -> Said {
        finished(self.command(args))
    }

    /// Starts a command in the background.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The plan as `status --json` shows it.
    pub fn status(&self, plan: &str) -> Value {
        let all = self.orch(&["status", "--json"]).exits(0).json();
        let plans = all["plans"].as_array().unwrap();
        plans.iter().find(|shown| shown["name"] == plan).unwrap().clone()
    }

    #[track_caller]
    pub fn state(&self, plan: &str) -> String {
        self.status(plan)["state"].as_str().unwrap().to_owned()
    }

    /// What happened, as `event` or `event plan`.
    pub fn events(&self) -> Vec<Value> {
        let said = self.orch(&["events", "--json"]).exits(0);
        said.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub fn has_event(&self, event: &str, plan: &str) -> bool {
        self.events()
            .iter()
            .any(|seen| seen["event"] == event && seen["plan"] == plan)
    }

    #[track_caller]
    pub fn wait_for_event(&self, event: &str, plan: &str) {
        until(&format!("{event} of {plan}"), || self.has_event(event, plan));
    }

    /// Waits for a mark that an agent leaves.
    #[track_caller]
    pub fn wait_for_mark(&self, name: &str) {
        until(name, || self.beside(name).exists());
    }

    pub fn worktree(&self, plan: &str) -> PathBuf {
        let repo = self.repo.path().file_name().unwrap().to_str().unwrap();
        self.beside(&format!("{repo}.worktrees")).join(plan)
    }

    /// Waits until no process of this stage is alive.
    #[track_caller]
    pub fn nothing_is_left_running(&self) {
        let needle = self.beside("").into_os_string().into_encoded_bytes();
        until("the end of every process", || {
            let mut processes = fs::read_dir("/proc").unwrap().flatten();
            !processes.any(|process| {
                let read = |file| fs::read(process.path().join(file)).unwrap_or_default();
                let own = process.file_name().to_str() == Some(&std::process::id().to_string());
                let named = |bytes: Vec<u8>| bytes.windows(needle.len()).any(|window| window == needle);
                !own && (named(read("cmdline")) || named(read("environ")))
            })
        });
    }
}

/// Runs a command to its end.
pub fn finished(mut command: Command) -> Said {
    said(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    )
}

/// Waits for a command that was started.
pub fn said(child: Child) -> Said {
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Waits for a condition.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal to a process.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}
