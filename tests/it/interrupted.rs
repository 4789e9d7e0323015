//! Interruptions of every kind: nothing is lost, nothing runs twice, and `orch up` goes on.

use std::fs;
use std::process::Child;

use crate::support::{Stage, said, signal, until};

/// Notes its attempt, waits at the gate, works.
const GATED: &str = r#"
echo $ORCH_ATTEMPT >> "$HERE/ran"
read _ < "$HERE/gate"
echo x > $ORCH_PLAN.txt; git add -A; git commit -qm x; orch task done 1.1
"#;

fn gated() -> Stage {
    Stage::new().agent(GATED).plan("a", &[1], "").gate("gate").ready()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn ran(stage: &Stage) -> String {
    fs::read_to_string(stage.beside("ran")).unwrap_or_default()
}

#[test]
fn an_agent_outlives_a_killed_supervisor_and_is_taken_over() {
    let stage = gated();
    let up = stage.start(&["up"]);
    stage.wait_for_mark("ran");
    stage.wait_for_event("agent.started", "a");
    kill(up);
    stage.orch(&["status"]).exits(0).says("interrupted");
    stage.orch(&["why", "a"]).exits(0);
    stage.orch(&["events"]).exits(0).says("agent.started");
    let up = stage.start(&["up"]);
    until("the new supervisor", || {
        stage
            .events()
            .iter()
            .filter(|seen| seen["event"] == "run.started")
            .count()
            == 2
    });
    stage.open("gate");
    said(up).exits(0).says("1 finished");
    assert_eq!(ran(&stage), "a-1\n");
}

#[test]
fn what_an_agent_did_while_nobody_watched_counts() {
    let stage = gated();
    let up = stage.start(&["up"]);
    stage.wait_for_event("agent.started", "a");
    kill(up);
    stage.open("gate");
    until("the end of the agent", || {
        stage.repo.join(".git/orch/attempts/a-1/exit.json").exists()
    });
    stage.orch(&["up"]).exits(0);
    assert_eq!(
        (ran(&stage).as_str(), stage.state("a").as_str()),
        ("a-1\n", "finished")
    );
}

#[test]
fn an_interrupt_ends_agents_and_is_no_failure_of_theirs() {
    let stage = gated();
    let up = stage.start(&["up"]);
    stage.wait_for_mark("ran");
    stage.wait_for_event("agent.started", "a");
    signal(&up, "INT");
    said(up).exits(130).says("orch up");
    stage.nothing_is_left_running();
    assert_eq!(stage.state("a"), "ready");
    let up = stage.start(&["up"]);
    stage.open("gate");
    said(up).exits(0);
    assert_eq!(ran(&stage), "a-1\na-2\n");
}

#[test]
fn a_second_interrupt_does_not_wait_for_the_grace() {
    let stage = Stage::new()
        .run("grace = \"10m\"")
        .agent("trap '' TERM; echo > \"$HERE/began\"; sleep 600; sleep 600")
        .plan("a", &[1], "")
        .ready();
    let up = stage.start(&["up"]);
    stage.wait_for_mark("began");
    stage.wait_for_event("agent.started", "a");
    signal(&up, "INT");
    until("the first to be heard", || {
        stage.events().iter().any(|seen| seen["event"] == "run.stopping")
    });
    signal(&up, "INT");
    said(up).exits(130);
    stage.nothing_is_left_running();
}

#[test]
fn down_stops_a_supervisor_or_what_a_dead_one_left() {
    let stage = gated();
    stage.orch(&["down"]).exits(3);
    let up = stage.start(&["up"]);
    stage.wait_for_event("agent.started", "a");
    stage.orch(&["down"]).exits(0).says("stopped");
    said(up).exits(130);
    stage.nothing_is_left_running();
    let up = stage.start(&["up"]);
    until("the second attempt", || ran(&stage).contains("a-2"));
    kill(up);
    stage.orch(&["down", "--now"]).exits(0).says("a-2");
    stage.nothing_is_left_running();
}

#[test]
fn one_supervisor_drives_a_repository() {
    let stage = gated();
    let up = stage.start(&["up"]);
    stage.wait_for_event("agent.started", "a");
    stage
        .orch(&["up"])
        .exits(3)
        .says("drives this repository already");
    stage.open("gate");
    said(up).exits(0);
    for _ in 0..10 {
        let stage = Stage::new()
            .agent("read _ < \"$HERE/gate\"; git commit -q --allow-empty -m x")
            .plan("a", &[1], "")
            .gate("gate")
            .ready();
        let mut both = [stage.start(&["up"]), stage.start(&["up"])];
        until("one to give way", || {
            both.iter_mut().any(|one| one.try_wait().unwrap().is_some())
        });
        stage.open("gate");
        let mut codes = both.map(|one| said(one).code.unwrap());
        codes.sort_unstable();
        assert_eq!(codes, [0, 3]);
    }
}

#[test]
fn what_has_landed_is_left_alone_and_what_failed_is_tried_again() {
    let stage = Stage::new()
        .agent("[ $ORCH_PLAN != bad -o -e \"$HERE/mended\" ]; git commit -q --allow-empty -m x; echo $ORCH_ATTEMPT >> \"$HERE/ran\"")
        .plan("good", &[1], "")
        .plan("bad", &[1], "")
        .ready();
    stage.orch(&["up", "--merge"]).exits(1);
    assert_eq!([stage.state("good"), stage.state("bad")], ["landed", "failed"]);
    fs::write(stage.beside("mended"), "").unwrap();
    stage.orch(&["up", "--merge"]).exits(0);
    stage.orch(&["up"]).exits(0).says("2 landed");
    assert_eq!(ran(&stage), "good-1\nbad-2\n");
}

#[test]
fn a_worktree_removed_by_hand_is_made_again() {
    let stage = gated();
    let up = stage.start(&["up"]);
    stage.wait_for_event("agent.started", "a");
    signal(&up, "TERM");
    said(up).exits(130);
    fs::remove_dir_all(stage.worktree("a")).unwrap();
    let up = stage.start(&["up"]);
    until("the second attempt", || ran(&stage).contains("a-2"));
    stage.open("gate");
    said(up).exits(0);
}
