//! `orch up` starts what may start, in order, the moment it may.

use crate::support::{Stage, said};

/// Commits a file for the leg, then reports every task of it.
const DILIGENT: &str = r#"
for phase in $(echo $ORCH_PHASE | tr , ' '); do
  [ -p "$HERE/$ORCH_PLAN.$phase" ] && read _ < "$HERE/$ORCH_PLAN.$phase"
  ls > "$HERE/$ORCH_PLAN.$phase.saw"
  echo $ORCH_ATTEMPT > $ORCH_PLAN.$phase.txt
  git add -A; git commit -qm "$ORCH_PLAN $phase"
  for task in $(orch task list | awk '{print $2}' | grep "^$phase\."); do orch task done $task; done
done
"#;

#[test]
fn a_plan_starts_when_the_phase_it_waits_for_is_done_with_what_that_phase_made() {
    let stage = Stage::new()
        .run("max_agents = 3")
        .agent(DILIGENT)
        .plan("a", &[1, 1, 1], "priority = \"high\"")
        .plan("b", &[1], "priority = \"low\"\ndepends = [\"a.phase2\"]")
        .plan("c", &[1], "priority = \"medium\"")
        .gate("a.2")
        .gate("a.3")
        .ready();
    let up = stage.start(&["up", "--merge"]);
    stage.wait_for_event("plan.finished", "c");
    assert!(!stage.has_event("agent.started", "b"));
    assert_eq!(stage.state("b"), "blocked");
    stage.open("a.2");
    stage.wait_for_event("plan.finished", "b");
    assert_eq!(stage.state("a"), "running", "b did not wait for the end of a");
    let saw = std::fs::read_to_string(stage.beside("b.1.saw")).unwrap();
    assert!(saw.contains("a.1.txt") && saw.contains("a.2.txt"), "{saw}");
    let pinned = stage.repo.git("rev-parse refs/orch/pins/a/2");
    assert!(
        stage
            .repo
            .git("log --format=%s -1 refs/orch/pins/a/2")
            .contains("a 2"),
        "{pinned}"
    );
    stage.open("a.3");
    said(up).exits(0).says("3 landed");
    let merges = stage.repo.git("log --first-parent --reverse --format=%s main");
    let order: Vec<&str> = merges.lines().filter(|line| line.starts_with("Merge")).collect();
    assert_eq!(
        order,
        [
            "Merge plan c: Plan c",
            "Merge plan a: Plan a",
            "Merge plan b: Plan b"
        ]
    );
    stage.nothing_is_left_running();
}

#[test]
fn free_slots_go_by_priority_then_by_place_and_no_agent_runs_more_often_than_it_may() {
    let stage = Stage::new()
        .run("max_agents = 2")
        .agent(DILIGENT)
        .manifest("max = 1")
        .plan("low", &[1], "priority = \"low\"")
        .plan("first", &[1], "")
        .plan("second", &[1], "")
        .plan("urgent", &[1], "priority = 1000")
        .ready();
    stage.orch(&["up"]).exits(0);
    let started = |events: &[serde_json::Value], event: &str| -> Vec<String> {
        let of = events.iter().filter(|seen| seen["event"] == event);
        of.map(|seen| seen["plan"].as_str().unwrap().to_owned()).collect()
    };
    let events = stage.events();
    assert_eq!(
        started(&events, "agent.started"),
        ["urgent", "first", "second", "low"]
    );
    let mut running = 0;
    for seen in &events {
        running += i32::from(seen["event"] == "agent.started") - i32::from(seen["event"] == "agent.ended");
        assert!(running <= 1, "max = 1 was not kept");
    }
}

#[test]
fn a_plan_that_waits_in_the_middle_gives_its_slot_back() {
    let stage = Stage::new()
        .run("max_agents = 1")
        .agent(DILIGENT)
        .plan(
            "a",
            &[1, 1, 1],
            "priority = \"high\"\n[plans.a.phases.2]\ndepends = [\"b.1\"]",
        )
        .plan("b", &[1, 1], "[plans.b.phases.2]\ndepends = [\"a.3\"]")
        .ready();
    stage.orch(&["up"]).exits(0).says("2 finished");
    let legs: Vec<_> = stage
        .events()
        .iter()
        .filter(|seen| seen["event"] == "attempt.assigned")
        .map(|seen| {
            (
                seen["plan"].as_str().unwrap().to_owned(),
                seen["data"]["phases"].to_string(),
            )
        })
        .collect();
    let leg = |plan: &str, phases: &str| (plan.to_owned(), phases.to_owned());
    assert_eq!(
        legs,
        [
            leg("a", "[1]"),
            leg("b", "[1]"),
            leg("a", "[2,3]"),
            leg("b", "[2]")
        ]
    );
    let saw = std::fs::read_to_string(stage.beside("a.2.saw")).unwrap();
    assert!(saw.contains("b.1.txt"), "{saw}");
}

#[test]
fn a_failure_skips_exactly_what_depends_on_it_and_names_the_cause() {
    let stage = Stage::new()
        .agent(&format!("[ $ORCH_PLAN != bad ] || exit 7\n{DILIGENT}"))
        .plan("bad", &[1], "")
        .plan("child", &[1], "depends = [\"bad\"]")
        .plan("grandchild", &[1], "depends = [\"child.1\"]")
        .plan("other", &[1], "")
        .ready();
    stage.orch(&["up"]).exits(1).says("exited with code 7");
    let states = ["bad", "child", "grandchild", "other"].map(|plan| stage.state(plan));
    assert_eq!(states, ["failed", "skipped", "skipped", "finished"]);
    stage.orch(&["why", "child"]).exits(0).says("depends on bad");
    stage
        .orch(&["why", "grandchild"])
        .exits(0)
        .says("depends on child.1");
}

#[test]
fn a_named_plan_brings_what_it_depends_on_and_nothing_else() {
    let stage = Stage::new()
        .agent(DILIGENT)
        .plan("a", &[1], "")
        .plan("b", &[1], "depends = [\"a\"]")
        .plan("c", &[1], "")
        .ready();
    stage.orch(&["up", "b"]).exits(0);
    let states = ["a", "b", "c"].map(|plan| stage.state(plan));
    assert_eq!(states, ["finished", "finished", "ready"]);
    stage.orch(&["up", "bb"]).exits(2).says("did you mean `b`");
}
