//! Plans that fail are tried again, each at its own time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Scratch;

#[test]
fn every_plan_that_waits_for_its_next_attempt_gets_it() {
    let repo = Scratch::new();
    let mut manifest =
        "[run]\nbackoff = \"100ms\"\nretries = 2\n[agents.no]\ncommand = [\"false\"]\n".to_owned();
    for plan in ["a", "b", "c", "d"] {
        manifest += &format!("[plans.{plan}]\nprompt = \"fail\"\n");
    }
    repo.write("plans.toml", manifest);
    let mut up = Command::new(env!("CARGO_BIN_EXE_orch"))
        .arg("-C")
        .arg(repo.path())
        .arg("up")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = up.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            up.kill().unwrap();
            up.wait().unwrap();
            panic!("a plan waits for ever");
        }
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(1));
    let events = Command::new(env!("CARGO_BIN_EXE_orch"))
        .arg("-C")
        .arg(repo.path())
        .args(["events", "--json"])
        .output()
        .unwrap();
    let events = String::from_utf8(events.stdout).unwrap();
    assert_eq!(
        events.matches("\"event\":\"agent.started\"").count(),
        4 * 3,
        "{events}"
    );
}
