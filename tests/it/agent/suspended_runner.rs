//! Agents that suspend their runner, the process that is to end them.

use rustix::process::Signal;

use crate::support::{Running, Sandbox, document, kill, wait_for};

const STUBBORN: &str = "mark begun; while :; do kill -STOP $PPID || exit 0; done";

/// A plan `p` at work whose agent never lets its runner run.
fn at_work(settings: &str) -> (Sandbox, Running) {
    let sandbox = Sandbox::new();
    sandbox.settings(&format!("{settings}\nretries = 0"));
    sandbox.plan("p", "", &document(&[1]), STUBBORN);
    let up = sandbox.start("up");
    sandbox.marked("begun");
    (sandbox, up)
}

#[test]
fn a_runner_that_its_agent_suspends_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "kill -STOP $PPID; work 1.1");
    let said = sandbox.start("up").end().code(0);
    said.says("a signal had suspended the runner of p-1").ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn the_time_of_an_attempt_whose_runner_does_not_answer_ends() {
    let (sandbox, up) = at_work("timeout = \"1s\"");
    up.end().code(1).ok();
    sandbox.nothing_is_left();
    assert!(
        sandbox.attempt_file("p-1", "exit.json").contains("timed_out"),
        "{}",
        sandbox.attempt_file("p-1", "exit.json")
    );
    sandbox.orch("doctor").code(0).ok();
}

#[test]
fn cancel_and_down_end_an_agent_whose_runner_does_not_answer() {
    let (sandbox, up) = at_work("");
    sandbox.orch("cancel p").code(0).ok();
    up.end().ok();
    sandbox.nothing_is_left();

    let (sandbox, up) = at_work("");
    sandbox.orch("down --now").code(0).ok();
    up.end().ok();
    sandbox.nothing_is_left();
}

#[test]
fn doctor_tells_of_a_suspended_runner_and_has_it_go_on() {
    let sandbox = Sandbox::new();
    sandbox.gate("p");
    sandbox.plan("p", "", &document(&[1]), "gate p; kill -STOP $PPID; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    kill(up.pid(), Signal::KILL);
    up.end().ok();
    sandbox.open("p");
    let told = "a signal has suspended the runner of p-1";
    wait_for("the finding", || sandbox.orch("doctor").out.contains(told));
    sandbox.orch("doctor --fix").says("continue it").ok();
    wait_for("its end", || {
        sandbox.join(".git/orch/attempts/p-1/exit.json").exists()
    });
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1"]);
}

#[test]
fn down_ends_what_is_suspended_also_without_a_supervisor() {
    let (sandbox, up) = at_work("");
    kill(up.pid(), Signal::KILL);
    up.end().ok();
    sandbox.start("down --now").end().code(0).ok();
    sandbox.nothing_is_left();
}
