//! A journal that an earlier version of the program wrote is read as it was written. `tests/recorded` holds it as SQL, with the repository
//! of its run: plans in phases and in lanes, a failed task, retries, a gate, a pause, landings, a conflict and a revert.

use std::fs;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Said, Scratch};

const JOURNAL: &str = include_str!("../../recorded/journal.sql");
const REPOSITORY: &[u8] = include_bytes!("../../recorded/repository.fast-export");

/// The version of the tables that it was written with.
const TABLES: i64 = 2;

fn recorded() -> Scratch {
    let scratch = Scratch::new();
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(scratch.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut import.stdin.take().unwrap(), REPOSITORY).unwrap();
    assert!(import.wait().unwrap().success());
    scratch.git("checkout -q master");
    fs::create_dir_all(scratch.join(".git/orch")).unwrap();
    let journal = Connection::open(scratch.join(".git/orch/orch.db")).unwrap();
    journal.execute_batch(JOURNAL).unwrap();
    journal.pragma_update(None, "user_version", TABLES).unwrap();
    scratch
}

fn orch(scratch: &Scratch, args: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orch"));
    command
        .arg("-C")
        .arg(scratch.path())
        .args(args)
        .stdin(Stdio::null());
    Said::of(&mut command)
}

#[test]
fn every_event_of_an_earlier_journal_is_shown_as_it_was_recorded() {
    let scratch = recorded();
    let said = orch(&scratch, &["events", "--json"]).code(0);
    let shown: Vec<Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let journal = Connection::open(scratch.join(".git/orch/orch.db")).unwrap();
    let mut rows = journal
        .prepare("SELECT event, plan, task, attempt, data FROM events ORDER BY seq")
        .unwrap();
    let rows = rows
        .query_map([], |row| {
            let text = |at| row.get::<_, Option<String>>(at);
            Ok((text(0)?, text(1)?, text(2)?, text(3)?, text(4)?))
        })
        .unwrap();
    let rows: Vec<_> = rows.map(Result::unwrap).collect();
    assert_eq!(shown.len(), rows.len());
    for (shown, (event, plan, task, attempt, data)) in shown.iter().zip(rows) {
        let of = |name: &str| shown[name].as_str().map(str::to_owned);
        assert_eq!(of("event"), event);
        assert_eq!(
            (of("plan"), of("task"), of("attempt")),
            (plan, task, attempt),
            "{shown}"
        );
        let recorded: Value = serde_json::from_str(&data.unwrap()).unwrap();
        for (name, value) in recorded.as_object().unwrap() {
            assert_eq!(shown["data"][name], *value, "{name} of {shown}");
        }
    }
}

#[test]
fn the_run_of_an_earlier_journal_stands_where_it_stood() {
    let scratch = recorded();
    let status = orch(&scratch, &["status", "--json"]).code(0).json();
    let of = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let plans = status["plans"].as_array().unwrap();
    let states: Vec<String> = plans
        .iter()
        .map(|plan| format!("{} {}", of(plan, "name"), of(plan, "state")))
        .collect();
    assert_eq!(
        states,
        [
            "a landed",
            "b held",
            "c cancelled",
            "d landed",
            "e landed",
            "f skipped"
        ]
    );
    let why = orch(&scratch, &["why", "b"]).code(0).out;
    assert!(why.contains("shared.txt (add/add)"), "{why}");
}
