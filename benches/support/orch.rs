//! The program under test, and what its journal says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::Timestamp;
use serde_json::Value;

/// `orch -C FOLDER`, without a colour and with nothing to read.
pub fn orch(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orch"));
    command
        .arg("-C")
        .arg(folder)
        .args(["--color", "never"])
        .stdin(Stdio::null());
    command
}

/// Runs a command that has to succeed, its output thrown away.
pub fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => {}
        other => panic!("{command:?}: {other:?}"),
    }
}

/// This benchmark's own program, which plays the agent when it is started with `__agent`.
pub fn self_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

/// One entry of the journal, as `orch events --json` prints it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What happened.
    pub event: String,
    /// To which plan.
    pub plan: String,
    /// When, in milliseconds of the wall clock. The journal keeps no more.
    pub at: f64,
}

/// All entries, in order.
pub fn entries(folder: &Path) -> Vec<Entry> {
    let output = orch(folder).args(["--json", "events"]).output().unwrap();
    let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<BTreeMap<String, Value>>();
    lines
        .map(|line| {
            let line = line.unwrap();
            let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
            let at: Timestamp = text("at").parse().unwrap();
            Entry {
                event: text("event"),
                plan: text("plan"),
                at: at.as_microsecond() as f64 / 1000.0,
            }
        })
        .collect()
}
