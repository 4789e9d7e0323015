//! A repository with a manifest, documents and scripted agents, in which the real program is run.
//!
//! Agents are shell scripts. They wait at gates (named pipes that the test opens) and leave marks (files that the
//! test waits for), so no test depends on how long anything takes.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use orch::journal::{JournalReader, OrchDir, Record};
use rustix::process::{Pid, Signal};
use serde_json::Value;

use super::Scratch;

/// How long anything may take before a test gives up. Generous: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every agent's script begins with.
const PRELUDE: &str = r#"set -eu
echo "start $ORCH_ATTEMPT" >> "$MARKS/intervals"
mark() { : > "$MARKS/$1"; }
gate() { mark "at-$1"; until read -r _ < "$GATES/$1"; do :; done; echo >> "$GATES/$1.past"; }
commit() { echo "$1 by $ORCH_PLAN" >> "$1"; git add -A -- "$1"; git commit -q -m "$1"; }
work() { for id in "$@"; do commit "$ORCH_PLAN-$id.txt"; orch task done -q "$id"; done; }
"#;

/// The sandbox. It is used as its repository.
pub struct Sandbox {
    repo: Scratch,
    settings: RefCell<String>,
    tables: RefCell<String>,
}

impl Deref for Sandbox {
    type Target = Scratch;

    fn deref(&self) -> &Scratch {
        &self.repo
    }
}

impl Sandbox {
    pub fn new() -> Self {
        Self::around(Scratch::new())
    }

    pub fn around(repo: Scratch) -> Self {
        for folder in ["gates", "marks", "agents"] {
            fs::create_dir_all(repo.beside(folder)).unwrap();
        }
        let this = Self {
            repo,
            settings: RefCell::default(),
            tables: RefCell::default(),
        };
        this.settings("");
        this
    }

    /// The lines of `[run]`, besides short delays where none are given.
    pub fn settings(&self, lines: &str) -> &Self {
        let mut text = format!("{lines}\n");
        for (key, value) in [("backoff", "20ms"), ("grace", "400ms")] {
            if !lines.contains(key) {
                text += &format!("{key} = \"{value}\"\n");
            }
        }
        *self.settings.borrow_mut() = text;
        self.write_manifest();
        self
    }

    /// Adds tables to the manifest.
    pub fn tables(&self, text: &str) -> &Self {
        *self.tables.borrow_mut() += &format!("{text}\n");
        self.write_manifest();
        self
    }

    /// Adds a plan with these keys, this document and an agent of its own that runs this script.
    pub fn plan(&self, name: &str, keys: &str, document: &str, script: &str) -> &Self {
        self.write(format!("plans/{name}.md"), document);
        self.script(name, script);
        self.tables(&format!(
            "[agents.{name}]\ncommand = [\"sh\", {:?}]\n[plans.{name}]\nfile = \"plans/{name}.md\"\nagent = \
             \"{name}\"\n{keys}\n",
            self.script_path(name)
        ))
    }

    /// Replaces the script of a plan's agent.
    pub fn script(&self, name: &str, script: &str) -> &Self {
        fs::write(self.script_path(name), format!("{PRELUDE}{script}\n")).unwrap();
        self
    }

    fn script_path(&self, name: &str) -> PathBuf {
        self.beside(format!("agents/{name}.sh"))
    }

    fn write_manifest(&self) {
        let text = format!("[run]\n{}{}", self.settings.borrow(), self.tables.borrow());
        self.write("plans.toml", text);
    }

    /// A plan's worktree.
    pub fn worktree(&self, plan: &str) -> super::Tree {
        let name = self.path().file_name().unwrap().to_string_lossy().into_owned();
        super::Tree::at(self.beside(format!("{name}.worktrees/{plan}")))
    }

    /// Makes a gate, closed.
    pub fn gate(&self, name: &str) -> &Self {
        let path = self.beside("gates").join(name);
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        self
    }

    /// Lets one who waits at the gate pass, once somebody does.
    #[track_caller]
    pub fn open(&self, name: &str) {
        let path = self.beside("gates").join(name);
        let beside = |what: &str| path.with_file_name(format!("{name}.{what}"));
        let count = |what: &str| fs::read_to_string(beside(what)).map_or(0, |text| text.lines().count());
        // Whoever passed last may not have let go of the pipe yet, and would take this along. One that was killed never says so.
        let until = Instant::now() + Duration::from_secs(2);
        while count("past") < count("opened") && Instant::now() < until {
            std::thread::yield_now();
        }
        let opened = File::options().create(true).append(true).open(beside("opened"));
        opened.and_then(|mut opened| opened.write_all(b"\n")).unwrap();
        wait_for(&format!("somebody at gate {name}"), || {
            let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
            let gate = File::options().write(true).custom_flags(nonblocking).open(&path);
            gate.is_ok_and(|mut gate| gate.write_all(b"\n").is_ok())
        });
    }

    /// Waits until somebody is at the gate.
    #[track_caller]
    pub fn reached(&self, gate: &str) {
        self.marked(&format!("at-{gate}"));
    }

    /// Waits for a mark.
    #[track_caller]
    pub fn marked(&self, mark: &str) {
        let path = self.mark(mark);
        wait_for(&format!("the mark {mark}"), || path.exists());
    }

    /// The file of a mark.
    pub fn mark(&self, name: &str) -> PathBuf {
        self.beside("marks").join(name)
    }

    /// The attempts that agents began, in order.
    pub fn starts(&self) -> Vec<String> {
        let text = fs::read_to_string(self.mark("intervals")).unwrap_or_default();
        let starts = text.lines().filter_map(|line| line.strip_prefix("start "));
        starts.map(str::to_owned).collect()
    }

    /// Asserts that no attempt's process was started twice.
    #[track_caller]
    pub fn nothing_ran_twice(&self) {
        let mut starts = self.starts();
        starts.sort();
        let all = starts.len();
        starts.dedup();
        assert_eq!(starts.len(), all, "an attempt ran twice: {:?}", self.starts());
    }

    fn tag(&self) -> String {
        format!("SANDBOX_TAG={}", self.beside("").display())
    }

    /// The program, ready to be run in the main checkout.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orch"));
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"ORCH_") {
                command.env_remove(name);
            }
        }
        command
            .args(args)
            .current_dir(self.path())
            .env("SANDBOX_TAG", self.beside(""))
            .env("GATES", self.beside("gates"))
            .env("MARKS", self.beside("marks"))
            .env("GIT_AUTHOR_NAME", "Tester")
            .env("GIT_AUTHOR_EMAIL", "tester@example.org")
            .env("GIT_COMMITTER_NAME", "Tester")
            .env("GIT_COMMITTER_EMAIL", "tester@example.org")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command line, split at spaces, to its end.
    #[track_caller]
    pub fn orch(&self, line: &str) -> Said {
        Said::of(&mut self.command(line.split_whitespace()))
    }

    /// Starts a command line in the background.
    pub fn start(&self, line: &str) -> Running {
        Running::spawn(self.command(line.split_whitespace()))
    }

    /// Starts `up` on a plan `p` of one task, and returns as its agent is at the gate `p`.
    #[track_caller]
    pub fn at_work(&self) -> Running {
        self.gate("p");
        self.plan("p", "", &document(&[1]), "gate p; work 1.1");
        let up = self.start("up");
        self.reached("p");
        up
    }

    /// Every event so far, as `orch events --json` prints them: tests ask often, and a process each time would cost them most of
    /// their time.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let journal = JournalReader::open(&OrchDir::new(&self.join(".git"))).unwrap();
        let records = journal.map(|journal| journal.after(0, None).unwrap());
        records.iter().flatten().map(Record::to_json).collect()
    }

    /// How many events of this name there are, of this plan when one is named.
    #[track_caller]
    pub fn count(&self, event: &str, plan: Option<&str>) -> usize {
        let events = self.events();
        let matches =
            |found: &&Value| found["event"] == event && plan.is_none_or(|plan| found["plan"] == plan);
        events.iter().filter(matches).count()
    }

    /// Waits for an event of a plan.
    #[track_caller]
    pub fn happened(&self, event: &str, plan: &str) {
        wait_for(&format!("{event} of {plan}"), || {
            self.count(event, Some(plan)) > 0
        });
    }

    /// Waits until both gates are reached, then opens the second only after this has happened to this plan behind the first.
    #[track_caller]
    pub fn in_turn(&self, gates: [&str; 2], event: &str, plan: &str) {
        for gate in gates {
            self.reached(gate);
        }
        self.open(gates[0]);
        self.happened(event, plan);
        self.open(gates[1]);
    }

    /// The plan as `orch status --json` shows it.
    #[track_caller]
    pub fn shown(&self, plan: &str) -> Value {
        let mut status = self.orch(&format!("status {plan} --json")).code(0).json();
        status["plans"][0].take()
    }

    /// The plan's state.
    #[track_caller]
    pub fn state(&self, plan: &str) -> String {
        self.shown(plan)["state"].as_str().unwrap().to_owned()
    }

    /// All reasons for the plan's state, one a line.
    #[track_caller]
    pub fn why(&self, plan: &str) -> String {
        let shown = self.shown(plan);
        let why: Vec<&str> = shown["why"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        why.join("\n")
    }

    /// The text of an attempt's file under `.git/orch/attempts`.
    #[track_caller]
    pub fn attempt_file(&self, attempt: &str, file: &str) -> String {
        self.read(format!(".git/orch/attempts/{attempt}/{file}"))
    }

    /// Processes that were started in this sandbox and are still there.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let tag = self.tag();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            if environment
                .split(|byte| *byte == 0)
                .any(|line| line == tag.as_bytes())
            {
                let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                found.push((pid, String::from_utf8_lossy(&line).replace('\0', " ")));
            }
        }
        found
    }

    /// Asserts that nothing which was started here is left.
    #[track_caller]
    pub fn nothing_is_left(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "still there: {left:?}");
            pause();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A test that failed half-way must not leave agents at closed gates.
        for _ in 0..100 {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            for (pid, _) in left {
                kill(pid, Signal::KILL);
            }
            pause();
        }
    }
}

/// A document with so many tasks in each phase.
pub fn document(tasks: &[usize]) -> String {
    let mut text = "# A plan\n".to_owned();
    for (phase, count) in (1..).zip(tasks) {
        text += &format!("\n## Phase {phase}: Part {phase}\n\n");
        for task in 1..=*count {
            text += &format!("- [ ] {phase}.{task} Task {phase}.{task}\n");
        }
    }
    text
}

/// What a command said, and how it ended.
#[must_use]
#[derive(Debug, Clone)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "standard output:\n{}\nstandard error:\n{}",
            self.out, self.err
        );
        self
    }

    /// Asserts that this is in the answer or the narration.
    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(
            self.out.contains(part) || self.err.contains(part),
            "{part:?} is not said:\n{}\n{}",
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }

    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Done with.
    pub fn ok(self) {}
}

/// A command in the background. It is killed, and no other process with it, when the test lets go of it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    out: tempfile::NamedTempFile,
    err: tempfile::NamedTempFile,
}

impl Running {
    pub fn spawn(mut command: Command) -> Self {
        let (out, err) = (
            tempfile::NamedTempFile::new().unwrap(),
            tempfile::NamedTempFile::new().unwrap(),
        );
        command
            .stdout(out.reopen().unwrap())
            .stderr(err.reopen().unwrap());
        Self {
            child: command.spawn().unwrap(),
            out,
            err,
        }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// What was written to standard output so far.
    pub fn out(&self) -> String {
        fs::read_to_string(self.out.path()).unwrap()
    }

    /// What was written to standard error so far.
    pub fn err(&self) -> String {
        fs::read_to_string(self.err.path()).unwrap()
    }

    /// True while it has not ended.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills this one process, at once.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Said {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "does not end:\n{}\n{}",
                self.out(),
                self.err()
            );
            pause();
        };
        Said {
            code: status.code().unwrap_or(-1),
            out: self.out(),
            err: self.err(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asserts that an object has exactly these fields, in any order.
#[track_caller]
pub fn has_fields<const N: usize>(value: &Value, mut fields: [&str; N]) {
    let mut found: Vec<&str> = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"))
        .keys()
        .map(String::as_str)
        .collect();
    found.sort();
    fields.sort();
    assert_eq!(found, fields, "{value}");
}

/// Sends a signal; a process that is gone already has none to receive.
pub fn kill(pid: i32, signal: Signal) {
    let _ = Pid::from_raw(pid).map(|pid| rustix::process::kill_process(pid, signal));
}

/// Waits until it is so.
#[track_caller]
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        pause();
    }
}

/// Between two looks.
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Makes a program of a script.
pub fn program(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o755)
        .open(path)
        .unwrap();
    file.write_all(script.as_bytes()).unwrap();
}
