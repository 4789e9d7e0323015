//! Steering: pause, resume, retry, skip, cancel, approve; beside a supervisor and without one.

use crate::support::{Sandbox, document, wait_for};

#[test]
fn a_paused_plan_begins_nothing_new_and_goes_on_after_resume() {
    let sandbox = Sandbox::new();
    sandbox.gate("p").gate("q");
    sandbox.plan("p", "", &document(&[1]), "gate p; work 1.1");
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    sandbox.plan("r", "", &document(&[1]), "gate q; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.reached("q");
    sandbox.orch("pause q").code(0).ok();
    sandbox.orch("pause q").code(0).ok();
    sandbox.open("p");
    sandbox.happened("plan.finished", "p");
    wait_for("the pin", || sandbox.count("plan.pinned", Some("p")) == 1);
    assert_eq!(sandbox.state("q"), "paused");
    assert!(sandbox.why("q").contains("q is paused"), "{}", sandbox.why("q"));
    assert_eq!(
        sandbox.count("plan.paused", None),
        1,
        "asking twice changes nothing"
    );
    sandbox.orch("resume q").code(0).ok();
    sandbox.happened("plan.finished", "q");
    sandbox.open("q");
    up.end().code(0).ok();
}

#[test]
fn pausing_at_once_stops_the_agent_without_counting_that_as_a_failure() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("p");
    sandbox.plan(
        "p",
        "",
        &document(&[2]),
        "test -f p-1.1.txt || work 1.1; test -e \"$MARKS/second\" || { mark second; gate p; }; work 1.2",
    );
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.orch("pause --now p").code(0).ok();
    sandbox.happened("agent.ended", "p");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("p"), "paused");
    // Nobody drives: it is written down and takes effect with the next supervisor.
    sandbox.orch("resume p").code(0).says("next orch up").ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    sandbox.nothing_is_left();
}

#[test]
fn what_failed_is_tried_again_beside_a_running_supervisor_and_what_depends_on_it_comes_back() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("other");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "test -e \"$MARKS/mended\" || exit 1; work 1.1",
    );
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    sandbox.plan("r", "", &document(&[1]), "gate other; work 1.1");
    let up = sandbox.start("up");
    sandbox.happened("plan.failed", "p");
    sandbox.happened("plan.skipped", "q");
    std::fs::write(sandbox.mark("mended"), "").unwrap();
    sandbox.orch("retry p").code(0).ok();
    sandbox.happened("plan.finished", "q");
    sandbox.open("other");
    up.end().code(0).ok();
    sandbox.orch("retry p").code(2).says("already finished").ok();
}

#[test]
fn a_cancelled_plan_ends_with_its_processes_and_stays_so_until_it_is_retried() {
    let sandbox = Sandbox::new();
    sandbox.gate("p");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "test -e \"$MARKS/again\" || { sleep 1000 & trap '' TERM; gate p; }; work 1.1",
    );
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.orch("cancel p").code(0).ok();
    up.end().code(1).ok();
    sandbox.nothing_is_left();
    assert_eq!(sandbox.state("p"), "cancelled");
    assert_eq!(sandbox.state("q"), "skipped");
    assert!(
        sandbox.why("q").contains("p was cancelled"),
        "{}",
        sandbox.why("q")
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "cancelled", "a person's word stands");
    std::fs::write(sandbox.mark("again"), "").unwrap();
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("q"), "finished");
}

#[test]
fn a_gate_waits_for_a_person() {
    let sandbox = Sandbox::new();
    let gate = "[plans.p.phases.2]\ngate = \"approve\"";
    sandbox.plan(
        "p",
        gate,
        &document(&[1, 1]),
        "case $ORCH_PHASE in 1) work 1.1;; 2) work 2.1;; esac",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert!(
        sandbox.why("p").contains("waits for a person to approve p.2"),
        "{}",
        sandbox.why("p")
    );
    sandbox.orch("approve p").code(2).says("p.2").ok();
    sandbox.orch("approve p.2").code(0).ok();
    sandbox.orch("approve p.2").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
}

#[test]
fn tasks_phases_and_plans_can_be_left_out() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "p",
        "",
        &document(&[2, 1]),
        "work 1.1; test -e \"$MARKS/all\" && work 1.2 2.1; exit 0",
    );
    sandbox.plan("q", "", &document(&[1]), "exit 1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed");
    sandbox.orch("skip p.1.2").code(0).ok();
    sandbox.orch("skip p.2 q").code(0).ok();
    assert_eq!(sandbox.state("q"), "skipped");
    let shown = sandbox.shown("p");
    assert_eq!(shown["phases"][0]["tasks"][1]["state"], "skipped");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
}

#[test]
fn what_makes_no_sense_is_refused_with_a_reason_and_nothing_is_done_by_halves() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[2]), "work 1.1 1.2");
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    sandbox.orch("pause z").code(2).says("no plan `z`").ok();
    sandbox.orch("pause p.7").code(2).says("there is no `p.7`").ok();
    sandbox.orch("pause p.1.1").code(2).says("orch pause p.1").ok();
    sandbox.orch("retry p").code(2).says("has not failed").ok();
    sandbox.orch("pause q p.7").code(2).ok();
    assert_eq!(sandbox.state("q"), "ready", "all of them or none");
    sandbox.orch("up").code(0).ok();
    sandbox.orch("cancel p").code(2).says("already finished").ok();
}

#[test]
fn whoever_asks_for_what_ends_the_run_is_answered_all_the_same() {
    for _ in 0..8 {
        let sandbox = Sandbox::new();
        sandbox.gate("g");
        // Nothing runs and nothing else is left: with the cancelled plan the run is over at once.
        sandbox.plan("p", "gate = \"approve\"", &document(&[1]), "work 1.1");
        sandbox.plan("q", "", &document(&[1]), "gate g; work 1.1");
        let up = sandbox.start("up");
        sandbox.reached("g");
        sandbox.orch("cancel p q").code(0).ok();
        up.end().code(1).ok();
        sandbox.nothing_is_left();
    }
}

#[test]
fn a_paused_plan_is_neither_verified_nor_finished_nor_landed_until_it_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.settings("merge = \"auto\"").gate("g").gate("other");
    sandbox.plan(
        "v",
        "verify = \"touch $MARKS/verified\"",
        &document(&[1]),
        "gate g; work 1.1",
    );
    sandbox.plan("o", "", &document(&[1]), "gate other; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.reached("other");
    sandbox.orch("pause v").code(0).ok();
    assert_eq!(sandbox.state("v"), "running", "what runs goes on");
    assert!(sandbox.why("v").contains("v is paused"), "{}", sandbox.why("v"));
    sandbox.open("g");
    sandbox.happened("leg.done", "v");
    assert_eq!(sandbox.state("v"), "paused");
    sandbox.orch("merge v").code(2).says("orch resume v").ok();
    sandbox.orch("down").code(0).ok();
    up.end().code(130).ok();
    assert_eq!(sandbox.state("v"), "paused");
    assert_eq!(sandbox.why("v"), "v is paused");
    let up = sandbox.start("up");
    sandbox.open("other");
    sandbox.happened("merge.landed", "o");
    up.end().code(1).says("orch resume v").ok();
    assert_eq!(sandbox.state("v"), "paused");
    assert!(!sandbox.mark("verified").exists());
    sandbox.orch("merge v").code(2).says("orch resume v").ok();
    sandbox.orch("resume v").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("v"), "landed");
    assert!(sandbox.mark("verified").exists());
}

#[test]
fn a_finished_plan_that_waits_to_be_landed_can_be_paused_and_lands_once_it_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.settings("merge = \"auto\"").gate("m").gate("g");
    sandbox.tables("[merge]\nverify = \"echo > $MARKS/at-m; read -r _ < $GATES/m || true\"");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.plan("q", "", &document(&[1]), "gate g; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("m");
    sandbox.orch("pause p").code(0).ok();
    sandbox.happened("merge.failed", "p");
    assert_eq!(sandbox.state("p"), "paused");
    assert!(
        sandbox
            .why("p")
            .contains("p is paused: it is finished, and does not land"),
        "{}",
        sandbox.why("p")
    );
    std::fs::remove_file(sandbox.mark("at-m")).unwrap();
    sandbox.orch("resume p").code(0).ok();
    sandbox.reached("m");
    sandbox.open("m");
    sandbox.happened("merge.landed", "p");
    sandbox.open("g");
    sandbox.open("m");
    up.end().code(0).ok();
}

#[test]
fn plans_that_are_tried_again_together_are_in_any_order() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("a", "", &document(&[1]), "exit 1");
    sandbox.plan("b", "depends = [\"a\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("b"), "skipped");
    sandbox.script("a", "work 1.1");
    sandbox.orch("retry a b").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("b"), "finished");
}

#[test]
fn what_why_advises_about_a_failed_plan_works_beside_a_supervisor_and_without_one() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    sandbox.plan("p", "", &document(&[1]), "exit 1");
    sandbox.plan("q", "", &document(&[1]), "gate g; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("plan.failed", "p");
    sandbox
        .orch("why p")
        .code(0)
        .says("next: orch logs p, then orch retry p")
        .ok();
    sandbox.orch("retry p").code(0).ok();
    sandbox.open("g");
    up.end().code(1).ok();
    sandbox
        .orch("why p")
        .code(0)
        .says("next: orch logs p, then orch up")
        .ok();
}

#[test]
fn what_is_paused_at_once_is_being_stopped_and_a_plan_that_came_later_waits_since_then() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 1\ngrace = \"600s\"").gate("g");
    sandbox.plan("p", "", &document(&[1]), "trap '' TERM; gate g; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    let began = sandbox.shown("p")["since"].as_str().unwrap().to_owned();
    sandbox.plan("new", "", &document(&[1]), "work 1.1");
    wait_for("the new plan", || sandbox.count("manifest.changed", None) > 0);
    let since = sandbox.shown("new")["since"].as_str().unwrap().to_owned();
    assert!(since > began, "{since} is not after {began}");
    sandbox.orch("pause --now p").code(0).ok();
    sandbox
        .orch("status p")
        .code(0)
        .says("running work is being stopped, nothing new begins")
        .ok();
    sandbox.open("g");
    up.end().ok();
}
