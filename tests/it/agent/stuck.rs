//! Agents that stand still: what counts as a sign of life, and what follows when there is none.

use serde_json::Value;

use crate::support::{Said, Sandbox, document, wait_for};

/// A plan whose agent does nothing at all, in a run that notices soon.
fn silent(on_stuck: &str, script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(&format!(
        "stuck_after = \"1200ms\"\non_stuck = {on_stuck:?}\nretries = 1"
    ));
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox
}

/// What was recorded about standing still, in order.
fn told(sandbox: &Sandbox) -> Vec<String> {
    let names = ["agent.stuck", "agent.stirred", "stuck.acted"];
    let events = sandbox.events().into_iter();
    let events = events.filter_map(|event| event["event"].as_str().map(str::to_owned));
    events.filter(|event| names.contains(&event.as_str())).collect()
}

/// Every sign of life with its age, as the notice has them.
#[track_caller]
fn ages(event: &Value) -> Vec<u64> {
    let names = ["output_ms", "status_ms", "files_ms", "processor_ms"];
    let age = |name: &&str| {
        event["data"]["ages"][*name]
            .as_u64()
            .unwrap_or_else(|| panic!("{event}"))
    };
    names.iter().map(age).collect()
}

#[test]
fn an_agent_that_hangs_is_noticed_with_the_age_of_each_sign_and_left_alone_by_default() {
    let sandbox = silent("notice", "mark hung; sleep 1000 & wait; work 1.1");
    let up = sandbox.start("up");
    sandbox.happened("agent.stuck", "p");
    let events = sandbox.events();
    let notice = events
        .iter()
        .find(|event| event["event"] == "agent.stuck")
        .unwrap();
    assert!(ages(notice).iter().all(|age| *age >= 1200), "{notice}");
    assert_eq!(sandbox.state("p"), "running");
    let why = sandbox.why("p");
    assert!(why.starts_with("p-1 is stuck: no output for "), "{why}");
    for sign in [
        "no status change for",
        "no file change for",
        "no processor time for",
    ] {
        assert!(why.contains(sign), "{why}");
    }
    sandbox.orch("status").code(0).says("p-1 is stuck").ok();
    sandbox.orch("why p").code(0).says("next: orch logs p").ok();
    sandbox.orch("down --now").code(0).ok();
    up.end().code(130).ok();
    assert_eq!(
        told(&sandbox),
        ["agent.stuck"],
        "nothing more is done, and nothing twice"
    );
    sandbox.nothing_is_left();
}

#[test]
fn an_agent_that_only_wakes_up_all_the_time_hangs_all_the_same() {
    let sandbox = silent(
        "restart",
        "while [ $ORCH_ATTEMPT = p-1 ]; do sleep 0.2; done; work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(told(&sandbox), ["agent.stuck", "stuck.acted"]);
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
}

#[test]
fn a_hung_agent_is_ended_with_all_it_started_and_the_next_one_goes_on_with_what_remains() {
    let sandbox = Sandbox::new();
    sandbox.settings("stuck_after = \"1200ms\"\non_stuck = \"restart\"\nretries = 1");
    let script = "if [ $ORCH_ATTEMPT = p-1 ]; then work 1.1; setsid sh -c 'trap \"\" TERM; sleep 1000' & wait; fi; work 1.2";
    sandbox.plan("p", "", &document(&[2]), script);
    sandbox.orch("up").code(0).ok();
    assert_eq!(told(&sandbox), ["agent.stuck", "stuck.acted"]);
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    assert_eq!(sandbox.state("p"), "finished");
    let prompt = sandbox.attempt_file("p-2", "prompt.md");
    assert!(
        prompt.contains("the agent was stuck and was ended: no output for"),
        "{prompt}"
    );
    assert!(
        prompt.contains("[x] 1.1") && prompt.contains("[ ] 1.2"),
        "{prompt}"
    );
    sandbox.nothing_is_left();
}

#[test]
fn an_agent_that_hangs_every_time_uses_its_retries_up() {
    let sandbox = silent("restart", "sleep 1000");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed");
    assert!(
        sandbox.why("p").contains("was stuck and was ended"),
        "{}",
        sandbox.why("p")
    );
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
}

#[test]
fn a_hung_agent_is_ended_and_its_plan_held_for_a_person_who_may_retry_it() {
    let script = "test -e \"$MARKS/mended\" || { echo half > half.txt; sleep 1000; }; work 1.1";
    let sandbox = silent("hold", script);
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert!(
        sandbox.why("p").contains("was stuck and was ended"),
        "{}",
        sandbox.why("p")
    );
    sandbox.nothing_is_left();
    assert_eq!(
        sandbox.git("show orch/p:half.txt").trim(),
        "half",
        "what it left is kept"
    );
    std::fs::write(sandbox.mark("mended"), "").unwrap();
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn an_agent_that_says_nothing_and_computes_is_never_taken_for_stuck() {
    // In a session of its own, so that only what is found by descent is seen.
    let script = "setsid sh -c 'while [ ! -e \"$MARKS/enough\" ]; do :; done' & wait; work 1.1";
    let sandbox = silent("restart", script);
    sandbox.plan("q", "", &document(&[1]), "sleep 1000 & wait; work 1.1");
    let up = sandbox.start("up");
    // Beside it another one hangs, is ended, is started again and ended again: far longer than it takes to be stuck.
    sandbox.happened("plan.failed", "q");
    std::fs::write(sandbox.mark("enough"), "").unwrap();
    up.end().code(1).ok();
    assert_eq!(sandbox.state("p"), "finished");
    let events = sandbox.events();
    let about_p = events.iter().filter(|event| event["plan"] == "p");
    let names: Vec<&str> = about_p.filter_map(|event| event["event"].as_str()).collect();
    assert!(!names.contains(&"agent.stuck"), "{names:?}");
}

/// Lets one agent sleep while `sign` is given again and again from outside, and another, which hangs, show how long that
/// is: not once is the first one taken for stuck.
#[track_caller]
fn is_a_sign_of_life(sign: impl Fn(&Sandbox)) {
    let sandbox = silent("restart", "gate g; work 1.1");
    sandbox.gate("g");
    sandbox.plan("q", "", &document(&[1]), "sleep 1000 & wait; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    wait_for("the other one to fail", || {
        sign(&sandbox);
        sandbox.count("plan.failed", Some("q")) > 0
    });
    assert_eq!(sandbox.count("agent.stuck", Some("p")), 0);
    sandbox.open("g");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn an_agent_whose_files_change_is_never_taken_for_stuck() {
    is_a_sign_of_life(|sandbox| {
        let folder = sandbox.worktree("p").join("target");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("made-elsewhere"), "x").unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    });
}

#[test]
fn a_heartbeat_extends_patience() {
    is_a_sign_of_life(|sandbox| {
        sandbox
            .orch("task heartbeat --plan p waiting-for-the-farm")
            .code(0)
            .ok();
    });
}

#[test]
fn a_notice_is_taken_back_when_something_moves() {
    let sandbox = silent("notice", "gate g; work 1.1");
    sandbox.gate("g");
    let up = sandbox.start("up");
    sandbox.happened("agent.stuck", "p");
    sandbox.orch("task heartbeat --plan p").code(0).ok();
    sandbox.happened("agent.stirred", "p");
    assert!(!sandbox.why("p").contains("stuck"), "{}", sandbox.why("p"));
    sandbox.open("g");
    up.end().code(0).ok();
}

#[test]
fn a_killed_supervisor_changes_nothing_for_an_agent_that_hangs() {
    let sandbox = silent("hold", "gate g; work 1.1");
    sandbox.gate("g");
    let up = sandbox.start("up");
    sandbox.happened("agent.stuck", "p");
    up.kill();
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert_eq!(
        told(&sandbox),
        ["agent.stuck", "stuck.acted"],
        "it was not taken for alive"
    );
    assert_eq!(sandbox.starts(), ["p-1"]);
    sandbox.nothing_is_left();
}

#[test]
fn a_word_of_an_agent_that_has_ended_is_recorded_and_starts_nothing() {
    let sandbox = Sandbox::new();
    sandbox
        .settings("retries = 0\ndispatch = \"task\"\nstrategy = \"independent\"")
        .gate("g");
    let script = "case $ORCH_TASK in 1.1) exit 1;; 1.2) gate g; work 1.2;; esac";
    sandbox.plan("p", "parallel_tasks = 1", &document(&[2]), script);
    sandbox.plan("q", "depends = [\"p.1.1\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.open("g");
    up.end().code(1).ok();
    // The lane is idle now. A worker thought dead reports, and the next supervisor hears of it.
    let mut late = sandbox.command(["task", "done", "1.1", "--plan", "p", "-q"]);
    Said::of(late.env("ORCH_ATTEMPT", "p-1")).code(0).ok();
    sandbox.orch("up q").code(1).ok();
    sandbox.orch("up").code(1).ok();
    let late = sandbox
        .events()
        .into_iter()
        .filter(|event| event["event"] == "report.late");
    let late: Vec<Value> = late.collect();
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!((&late[0]["plan"], &late[0]["task"]), (&"p".into(), &"1.1".into()));
    assert_eq!(sandbox.count("task.done", Some("q")), 0);
}
