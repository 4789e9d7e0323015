//! `orch up --wait`: a run in which only a person is missing goes on.

use crate::support::{Sandbox, document, in_terminal, wait_for};

fn gated() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.plan("gated", "gate = \"approve\"", &document(&[1]), "work 1.1");
    sandbox.plan("behind", "depends = [\"gated\"]", &document(&[1]), "work 1.1");
    sandbox
}

#[test]
fn a_run_waits_for_a_person_says_what_for_and_goes_on() {
    let sandbox = gated();
    let asks = "if test -e $MARKS/asked; then work 1.1; else touch $MARKS/asked; orch task ask -q Which?; fi";
    sandbox.plan("asks", "", &document(&[1]), asks);
    let running = sandbox.start("up --wait");
    wait_for("both", || running.err().contains("waiting for a person"));
    let said = running.err();
    assert!(
        said.contains("waiting: gated: waits for a person to approve gated (orch approve gated)"),
        "{said}"
    );
    assert!(said.contains("(orch answer asks TEXT)"), "{said}");
    assert_eq!(sandbox.count("run.stopped", None), 0);
    sandbox.orch("approve gated").code(0).ok();
    wait_for("the next wait", || {
        running.err().matches("the run goes on once").count() == 2
    });
    sandbox.orch("answer asks this one").code(0).ok();
    running.end().code(0).ok();
    for plan in ["gated", "behind", "asks"] {
        assert_eq!(sandbox.state(plan), "finished");
    }
    // Once for each time that nothing else was left to do.
    assert_eq!(sandbox.count("run.started", None), 1);
}

#[test]
fn a_run_that_waits_ends_when_it_is_asked_to() {
    let sandbox = gated();
    let running = sandbox.start("up --wait");
    wait_for("the wait", || running.err().contains("waiting for a person"));
    sandbox.orch("down").code(0).ok();
    running.end().code(130).ok();
    // Without the option it ends, as ever.
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("gated"), "held");
}

#[test]
fn what_has_failed_is_over_and_nobody_waits_for_it() {
    let sandbox = Sandbox::new();
    sandbox.plan("bad", "retries = 0", &document(&[1]), "exit 7");
    sandbox.plan("behind", "depends = [\"bad\"]", &document(&[1]), "work 1.1");
    sandbox.plan("good", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --wait").code(1).ok();
    assert_eq!(sandbox.state("good"), "finished");
}

#[test]
fn in_a_terminal_a_run_waits_unless_it_is_told_otherwise() {
    let sandbox = gated();
    let shown = in_terminal(sandbox.command(["up", "--no-wait"]), 100);
    assert!(!shown.contains("waiting for a person:"), "{shown}");
    let shown = std::thread::scope(|scope| {
        let command = sandbox.command(["up"]);
        let up = scope.spawn(move || in_terminal(command, 100));
        wait_for("the run", || sandbox.count("run.started", None) == 2);
        sandbox.orch("approve gated").code(0).ok();
        up.join().unwrap()
    });
    assert_eq!(sandbox.state("behind"), "finished", "{shown}");
}
