//! What needs a person, and when all is done: in `orch status`.

use crate::support::{Sandbox, document, wait_for};

#[test]
fn status_begins_with_counts_and_with_what_needs_a_person() {
    let sandbox = Sandbox::new();
    sandbox.plan("gated", "gate = \"approve\"", &document(&[1]), "work 1.1");
    sandbox.plan(
        "behind",
        "depends = [\"gated\"]",
        &document(&[1, 1]),
        "work 1.1; work 2.1",
    );
    sandbox.plan("bad", "retries = 0", &document(&[1]), "exit 7");
    sandbox.plan("good", "", &document(&[1]), "work 1.1");
    // Nothing is measured: each task counts ten minutes.
    sandbox.orch("up gated behind bad").code(1).ok();
    let shown = sandbox.orch("status").code(0).out;
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("4 plans: 2 need you, "), "{shown}");
    // Three tasks wait for the approval, one for the failed plan.
    assert!(
        lines[1].starts_with("! gated: waits for a person to approve gated"),
        "{shown}"
    );
    assert_eq!(lines[2].trim(), "orch approve gated");
    assert!(
        lines[3].starts_with("! bad: the agent exited with code 7"),
        "{shown}"
    );
    let status = sandbox.orch("status --json").code(0).json();
    let kinds: Vec<&str> = status["attention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["approval", "failed"]);
    let held = |item: usize| status["attention"][item]["holds_up_s"].as_u64().unwrap();
    assert!(held(0) > held(1), "{status}");
    // Nothing that needs no person is left.
    assert_eq!(status["eta_s"], serde_json::Value::Null);
    assert!(!lines[0].contains("done in"), "{shown}");
    // Each command that is shown is accepted as it stands.
    sandbox.orch("approve gated").code(0).ok();
    sandbox.orch("status").code(0).says("1 needs you").ok();
}

#[test]
fn the_end_is_expected_by_what_was_measured() {
    let sandbox = Sandbox::new();
    let steps = "for n in 1 2 3 4 5 6; do orch task start -q 1.$n; work 1.$n; done; \
                 touch $MARKS/here; until test -e $MARKS/go; do sleep 0.01; done; \
                 for n in 7 8; do work 1.$n; done";
    sandbox.plan("p", "", &document(&[8]), steps);
    let running = sandbox.start("up");
    wait_for("six tasks", || sandbox.mark("here").exists());
    wait_for("six tasks in the journal", || {
        sandbox.count("task.done", None) == 6
    });
    let status = sandbox.orch("status --json").code(0).json();
    // Each unmeasured task once counted ten minutes, whatever the others took.
    let eta = status["plans"][0]["eta_s"].as_u64().unwrap();
    assert!(eta < 60, "{eta} s for two tasks like six that took moments");
    assert_eq!(status["eta_s"], eta);
    std::fs::write(sandbox.mark("go"), "").unwrap();
    running.end().code(0).ok();
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!(status["plans"][0]["eta_s"], serde_json::Value::Null);
}
