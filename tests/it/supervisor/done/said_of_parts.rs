//! What is said of a part that is done, or that was steered, when it comes at an awkward moment: nothing lands that is not
//! finished, and no command takes effect only in words.

use std::fs;

use crate::support::{Sandbox, document};

const TWO: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n  - [ ] 1.1.1 part\n\n**VERIFY Phase 1:**\n- [ ] 1.5 check\n\n\
                   ## Phase 2: B\n\n- [ ] 2.1 b\n";

#[test]
fn what_others_have_done_cannot_be_started_again() {
    for dispatch in ["phase", "task"] {
        for item in ["1.1", "1.1.1", "1.5", "1.verify"] {
            // The file that refuses it can be lost.
            for before in ["", "rm -f .orch/gates.json; "] {
                let sandbox = Sandbox::new();
                sandbox.settings("retries = 0");
                let start = format!("{before}orch task start {item} 2> $MARKS/said || echo $? > $MARKS/code");
                let script = format!(
                    "case ${{ORCH_TASK:-$ORCH_PHASE}} in 2*) {start}; work 2.1;; *) orch task done -q 1.verify || true; commit $ORCH_ATTEMPT; \
                     orch task done -q 1.1 || true; orch task done -q 1.verify || true;; esac"
                );
                sandbox.plan("p", &format!("dispatch = {dispatch:?}"), TWO, &script);
                sandbox.orch("up --merge").code(0).ok();
                assert_eq!(sandbox.state("p"), "landed", "{dispatch} {item}");
                assert_eq!(sandbox.count("task.started", Some("p")), 0, "{dispatch} {item}");
                if before.is_empty() {
                    assert_eq!(fs::read_to_string(sandbox.mark("code")).unwrap(), "2\n");
                    let said = fs::read_to_string(sandbox.mark("said")).unwrap();
                    assert!(said.contains(&format!("orch task fail {item}")), "{said}");
                } else {
                    let warned =
                        |event: &serde_json::Value| event["data"]["why"].to_string().contains("it is done");
                    assert!(sandbox.events().iter().any(warned), "{dispatch} {item}");
                }
                let list = sandbox.orch("task list --plan p").out;
                assert!(!list.contains("running"), "{dispatch} {item}: {list}");
            }
        }
    }
}

#[test]
fn nothing_is_started_again_while_its_plan_is_verified() {
    for dispatch in ["plan", "phase", "task"] {
        let sandbox = Sandbox::new();
        sandbox.gate("v");
        let keys = format!("dispatch = {dispatch:?}\nverify = \": > $MARKS/at-v; read -r _ < $GATES/v\"");
        sandbox.plan("p", &keys, &document(&[1]), "work 1.1");
        let up = sandbox.start("up --merge");
        sandbox.reached("v");
        sandbox
            .orch("task start 1.1 --plan p")
            .code(2)
            .says("it is done")
            .ok();
        sandbox.open("v");
        up.end().code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{dispatch}");
    }
}

/// A plan of two phases that is at work on the second, behind the gate `g`.
fn at_phase_two(keys: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.gate("g");
    let script = "case $ORCH_PHASE in 2) gate g; work 2.1;; *) work 1.1;; esac";
    sandbox.plan(
        "p",
        &format!("dispatch = \"phase\"\n{keys}"),
        &document(&[1, 1]),
        script,
    );
    sandbox
}

#[test]
fn a_phase_that_is_cancelled_while_nobody_drives_does_not_land_when_its_agent_ends() {
    let sandbox = at_phase_two("");
    let up = sandbox.start("up --merge");
    sandbox.reached("g");
    up.kill();
    sandbox.orch("cancel p.2").code(0).ok();
    sandbox.open("g");
    sandbox.nothing_is_left();
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
    assert_eq!(sandbox.count("work.cancelled", Some("p")), 1);
    sandbox.script("p", "work 2.1");
    sandbox.orch("retry p.2").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn a_phase_that_is_cancelled_while_it_is_verified_does_not_land() {
    let sandbox = Sandbox::new();
    sandbox.gate("v");
    let keys = "dispatch = \"phase\"\n[plans.p.phases.2]\nverify = \"test -e $MARKS/at-v || { : > $MARKS/at-v; read -r _ < $GATES/v; }\"";
    sandbox.plan("p", keys, &document(&[1, 1]), "work ${ORCH_PHASE}.1");
    let up = sandbox.start("up --merge");
    sandbox.reached("v");
    sandbox.orch("cancel p.2").code(0).ok();
    up.end().code(1).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
    assert_eq!(sandbox.count("work.cancelled", Some("p")), 1);
    sandbox.nothing_is_left();
    sandbox.orch("retry p.2").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn a_paused_phase_that_is_done_keeps_its_plan_from_landing_until_it_is_resumed() {
    for resumed in ["p.2", "p"] {
        let sandbox = at_phase_two("");
        sandbox.plan("q", "", &document(&[1]), "work 1.1");
        let up = sandbox.start("up --merge");
        sandbox.reached("g");
        sandbox.orch("pause p.2").code(0).ok();
        sandbox.open("g");
        up.end().ok();
        assert_eq!(sandbox.state("p"), "paused");
        assert_eq!(sandbox.state("q"), "landed");
        sandbox.orch("merge").ok();
        sandbox.orch("merge p").says("paused").ok();
        assert_eq!(sandbox.count("merge.landed", Some("p")), 0);
        sandbox.orch(&format!("resume {resumed}")).code(0).ok();
        sandbox.orch("merge").code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{resumed}");
    }
}
