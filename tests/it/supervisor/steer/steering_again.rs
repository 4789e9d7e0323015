//! Steering what is under way, asking twice, taking a word back, and a supervisor that ends or hangs meanwhile.

use std::os::unix::net::UnixListener;

use rustix::process::Signal;

use crate::support::{Sandbox, document, wait_for};

/// A plan `v` whose verification is at the gate `g` once, with an agent that does nothing else.
fn at_its_verification() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g").gate("other");
    sandbox.plan(
        "v",
        "verify = \"test -e $MARKS/at-g || { : > $MARKS/at-g; sleep 1000 & read -r _ < $GATES/g; }\"",
        &document(&[1]),
        "work 1.1",
    );
    sandbox.plan("o", "", &document(&[1]), "gate other; work 1.1");
    sandbox
}

#[test]
fn cancelling_stops_a_verification_under_way_and_a_retry_begins_it_anew() {
    let sandbox = at_its_verification();
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.reached("other");
    sandbox.orch("cancel v").code(0).ok();
    sandbox.happened("plan.cancelled", "v");
    assert_eq!(sandbox.count("verify.stopped", Some("v")), 1);
    let sleeping = || {
        sandbox
            .processes()
            .iter()
            .any(|(_, line)| line.contains("sleep 1000"))
    };
    wait_for("the end of what it had started", || !sleeping());
    sandbox.orch("retry v").code(0).ok();
    sandbox.happened("plan.finished", "v");
    assert_eq!(sandbox.count("verify.failed", Some("v")), 0);
    sandbox.open("other");
    up.end().code(0).ok();
    assert_eq!(sandbox.starts().iter().filter(|id| *id == "v-1").count(), 1);
    sandbox.nothing_is_left();
}

#[test]
fn pausing_at_once_stops_a_verification_under_way() {
    let sandbox = at_its_verification();
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.reached("other");
    sandbox.orch("pause --now v").code(0).ok();
    sandbox.happened("verify.stopped", "v");
    assert_eq!(sandbox.state("v"), "paused");
    sandbox.orch("resume v").code(0).ok();
    sandbox.happened("plan.finished", "v");
    sandbox.open("other");
    up.end().code(0).ok();
    sandbox.nothing_is_left();
}

#[test]
fn what_was_cancelled_in_part_is_done_after_a_retry() {
    for dispatch in ["phase", "task"] {
        let sandbox = Sandbox::new();
        sandbox.settings(&format!("dispatch = \"{dispatch}\"\nstrategy = \"independent\""));
        let script =
            "case ${ORCH_TASK:-$ORCH_PHASE} in 1) work 1.1 1.2;; 2) work 2.1;; *) work $ORCH_TASK;; esac";
        sandbox.plan("p", "", &document(&[2, 1]), script);
        sandbox.orch("cancel p.2").code(0).ok();
        sandbox.orch("cancel p.2").code(0).says("already cancelled").ok();
        sandbox.orch("up").code(1).ok();
        assert_eq!(sandbox.state("p"), "failed");
        let shown = sandbox.shown("p");
        assert_eq!(
            shown["phases"][0]["state"], "done",
            "what was not cancelled went on"
        );
        sandbox.orch("retry p.2").code(0).ok();
        sandbox.orch("up").code(0).ok();
        assert_eq!(sandbox.state("p"), "finished", "{dispatch}");
        assert_eq!(sandbox.count("work.cancelled", Some("p")), 1);
    }
}

#[test]
fn of_a_cancelled_phase_one_task_can_be_wanted_again_and_the_rest_stays_cancelled() {
    let sandbox = Sandbox::new();
    sandbox.settings("dispatch = \"task\"\nstrategy = \"independent\"");
    sandbox.plan("p", "", &document(&[3]), "work $ORCH_TASK");
    sandbox.orch("cancel p.1").code(0).ok();
    sandbox.orch("retry p.1.2").code(0).ok();
    sandbox.orch("up").code(1).ok();
    let states: Vec<String> = sandbox.shown("p")["phases"][0]["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states, ["skipped", "done", "skipped"]);
}

#[test]
fn asking_for_what_is_so_already_is_no_error_and_is_said() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    sandbox.plan(
        "a",
        "dispatch = \"task\"",
        &document(&[2]),
        "test -e \"$MARKS/mended\" && work $ORCH_TASK",
    );
    sandbox.plan("o", "", &document(&[1]), "gate g; work 1.1");
    sandbox.orch("resume a").code(0).says("a was not paused").ok();
    sandbox.orch("pause a.1 a.1.1").code(0).ok();
    sandbox
        .orch("resume a.1.1")
        .code(0)
        .says("a.1 is still paused")
        .ok();
    sandbox.orch("resume a.1.1").code(0).says("nothing changes").ok();
    sandbox.orch("resume a").code(0).ok();
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("plan.failed", "a");
    up.kill();
    sandbox.orch("retry a").code(0).ok();
    sandbox
        .orch("retry a")
        .code(0)
        .says("already to be tried again")
        .ok();
    assert_eq!(sandbox.count("retry.requested", Some("a")), 1);
    sandbox.orch("cancel a").code(0).ok();
    let said = sandbox.orch("cancel a --json").code(0).json();
    assert_eq!(said["changed"], false);
}

#[test]
fn pausing_a_part_of_what_an_agent_was_given_says_when_it_takes_effect() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 2").gate("g");
    sandbox.plan(
        "bill",
        "",
        &document(&[1, 1]),
        "test -e \"$MARKS/at-g\" || { gate g; exit 1; }; for phase in $(echo $ORCH_PHASE | tr , ' '); do work $phase.1; done",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    let said = sandbox.orch("pause bill.2").code(0);
    assert!(
        said.err.contains("counts from the next attempt on"),
        "{}",
        said.err
    );
    assert!(
        sandbox.why("bill").contains("bill.2 is paused"),
        "{}",
        sandbox.why("bill")
    );
    sandbox
        .orch("cancel bill.2.1")
        .code(2)
        .says("orch skip bill.2.1")
        .ok();
    sandbox.open("g");
    up.end().code(1).says("orch resume bill").ok();
    assert_eq!(sandbox.shown("bill")["phases"][0]["state"], "done");
    assert_eq!(sandbox.state("bill"), "paused");
    sandbox.orch("resume bill").code(0).ok();
    sandbox.orch("up").code(0).ok();
}

#[test]
fn who_asks_a_supervisor_that_hangs_up_writes_it_down_alone() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let folder = sandbox.path().join(".git/orch");
    std::fs::create_dir_all(&folder).unwrap();
    let socket = UnixListener::bind(folder.join("control.sock")).unwrap();
    let hangs_up = std::thread::spawn(move || drop(socket.accept().unwrap()));
    sandbox.orch("pause p").code(0).says("next orch up").ok();
    hangs_up.join().unwrap();
    assert_eq!(sandbox.state("p"), "paused");
    assert_eq!(sandbox.count("plan.paused", Some("p")), 1);
}

#[test]
fn a_supervisor_that_was_suspended_is_named_and_not_waited_for_without_end() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    sandbox.plan("p", "", &document(&[1]), "gate g; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    up.signal(Signal::STOP);
    let pid = up.pid();
    let pause = sandbox.start("pause p");
    let down = sandbox.start("down --now");
    for asked in [pause, down] {
        let said = asked.end().code(1);
        assert!(said.err.contains(&format!("(process {pid})")), "{}", said.err);
        assert!(said.err.contains(&format!("kill -CONT {pid}")), "{}", said.err);
    }
    up.signal(Signal::CONT);
    // It takes in what was asked before it was left.
    up.end().code(130).ok();
    sandbox.nothing_is_left();
}

#[test]
fn a_phase_of_which_all_was_skipped_has_not_failed() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ndispatch = \"task\"");
    let document = format!("{}- [ ] 2.2 Two (depends: 1.1)\n", document(&[1, 1]));
    sandbox.plan(
        "p",
        "",
        &document.replace("Task 2.1", "Task 2.1 (depends: 1.1)"),
        "exit 1",
    );
    sandbox.orch("up").code(1).ok();
    let shown = sandbox.shown("p");
    assert_eq!(shown["phases"][0]["state"], "failed");
    assert_eq!(shown["phases"][1]["state"], "skipped");
}
