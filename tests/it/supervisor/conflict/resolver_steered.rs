//! An agent that resolves a conflict is an attempt like any other: it is paused, cancelled and tried again, watched for standing
//! still, parked, timed out, and ended when its money is used up.

use std::fs;

use crate::support::{KEEPS_BOTH, Sandbox, document, wait_for};

const BOTH: &str = "top\nfrom one\nfrom two\nbottom\n";

/// `one` has landed a line where `two` adds another; the agent `fixer`, whose output is read as that of Claude Code, runs this
/// script on the conflict.
fn at_odds(settings: &str, keys: &str, agent: &str, fixer: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(settings);
    let agent = format!("events = \"claude\"\n{agent}");
    sandbox.fixer("on_conflict = \"agent\"\nresolver = \"fixer\"", &agent, fixer);
    for plan in ["one", "two"] {
        let script = format!("sed -i '1a from {plan}' shared.txt; git commit -qam {plan}; work 1.1");
        let text = format!("# Plan {plan}\n\n## Phase 1: P\n\n- [ ] 1.1 Do\n");
        sandbox.plan(plan, keys, &text, &script);
    }
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge one").code(0).ok();
    sandbox
}

/// Works when it is told to, and stands still otherwise.
fn still() -> String {
    format!("mark at-work; test -e \"$MARKS/go\" || {{ sleep 1000 & wait; }}; {KEEPS_BOTH}")
}

/// The same, from now on in a run that lands on its own.
fn auto(agent: &str, fixer: &str) -> Sandbox {
    let sandbox = at_odds("", "", agent, fixer);
    sandbox.settings("merge = \"auto\"");
    sandbox
}

fn attempts(sandbox: &Sandbox) -> usize {
    sandbox.count("resolve.started", Some("two"))
}

fn go(sandbox: &Sandbox) {
    fs::write(sandbox.mark("go"), "").unwrap();
}

#[test]
fn a_pause_at_once_stops_it_and_it_is_begun_again_after_that() {
    let sandbox = at_odds("", "", "", &still());
    let merge = sandbox.start("merge two");
    sandbox.marked("at-work");
    sandbox.orch("pause two").code(0).ok();
    assert_eq!(sandbox.count("resolve.failed", None), 0, "what runs goes on");
    sandbox.orch("pause --now two").code(0).ok();
    merge.end().code(1).says("was stopped").ok();
    sandbox.nothing_is_left();
    sandbox.orch("merge two").code(2).says("paused").ok();
    go(&sandbox);
    sandbox.orch("resume two").code(0).ok();
    sandbox.orch("merge two").code(0).ok();
    assert_eq!(
        (sandbox.read("shared.txt"), attempts(&sandbox)),
        (BOTH.to_owned(), 2)
    );
}

#[test]
fn beside_a_run_it_is_paused_and_resumed_and_lands() {
    let sandbox = auto("", &still());
    sandbox.gate("meanwhile");
    sandbox.plan("three", "", &document(&[1]), "gate meanwhile; work 1.1");
    let up = sandbox.start("up");
    sandbox.marked("at-work");
    sandbox.orch("pause --now two").code(0).ok();
    sandbox.happened("resolve.failed", "two");
    go(&sandbox);
    sandbox.orch("resume two").code(0).ok();
    sandbox.open("meanwhile");
    up.end().code(0).says("landed").ok();
    assert_eq!(
        (sandbox.read("shared.txt"), attempts(&sandbox)),
        (BOTH.to_owned(), 2)
    );
}

#[test]
fn one_that_a_person_cancels_leaves_the_conflict_to_people_until_it_is_asked_for_again() {
    let sandbox = at_odds("", "", "", &still());
    let merge = sandbox.start("merge two");
    sandbox.marked("at-work");
    sandbox.orch("cancel two").code(0).ok();
    merge.end().code(1).ok();
    sandbox.nothing_is_left();
    assert_eq!(sandbox.state("two"), "held", "its work is finished all the same");
    sandbox.orch("merge two").code(1).ok();
    assert_eq!(attempts(&sandbox), 1);
    go(&sandbox);
    sandbox.orch("retry two").code(0).ok();
    sandbox.orch("merge two").code(0).ok();
    assert_eq!(
        (sandbox.read("shared.txt"), attempts(&sandbox)),
        (BOTH.to_owned(), 2)
    );
    sandbox.orch("retry two").code(2).ok();
}

#[test]
fn down_ends_it_and_the_next_run_begins_it_again() {
    let sandbox = auto("", &still());
    let up = sandbox.start("up");
    sandbox.marked("at-work");
    sandbox.orch("down").code(0).ok();
    up.end().code(130).ok();
    sandbox.nothing_is_left();
    go(&sandbox);
    sandbox.orch("up").code(0).ok();
    assert_eq!(
        (sandbox.read("shared.txt"), attempts(&sandbox)),
        (BOTH.to_owned(), 2)
    );
}

#[test]
fn one_of_which_nothing_moves_is_ended_and_begun_again() {
    let sandbox = at_odds(
        "stuck_after = \"1200ms\"\non_stuck = \"restart\"\nretries = 1",
        "",
        "",
        &format!("test -e \"$MARKS/again\" || {{ mark again; sleep 1000 & wait; }}; {KEEPS_BOTH}"),
    );
    sandbox.orch("merge two").code(0).says("landed").ok();
    assert_eq!(sandbox.count("agent.stuck", Some("two")), 1);
    assert_eq!(sandbox.count("stuck.acted", Some("two")), 1);
    assert_eq!(
        (sandbox.read("shared.txt"), attempts(&sandbox)),
        (BOTH.to_owned(), 2)
    );
    sandbox.nothing_is_left();
}

#[test]
fn one_that_stands_still_again_and_again_is_left_to_a_person() {
    let settings = "stuck_after = \"600ms\"\non_stuck = \"restart\"\nretries = 1";
    let sandbox = at_odds(settings, "", "", &still());
    sandbox
        .orch("merge two")
        .code(1)
        .says("the agent was stuck and was ended")
        .ok();
    assert_eq!(attempts(&sandbox), 2);
    assert_eq!(sandbox.state("two"), "held");
    let sandbox = at_odds(&settings.replace("restart", "hold"), "", "", &still());
    sandbox
        .orch("merge two")
        .code(1)
        .says("the agent was stuck and was ended")
        .ok();
    assert_eq!(attempts(&sandbox), 1);
    assert_eq!(sandbox.state("two"), "held");
    sandbox.nothing_is_left();
}

#[test]
fn a_nudge_reaches_the_worktree_in_which_it_works() {
    let sandbox = at_odds("stuck_after = \"800ms\"\non_stuck = \"nudge\"", "", "", &still());
    let merge = sandbox.start("merge two");
    let inbox = sandbox.worktree("two.resolve").path().join(".orch/inbox.jsonl");
    wait_for("the nudge", || {
        fs::read_to_string(&inbox).is_ok_and(|text| text.contains("looks stuck"))
    });
    sandbox.orch("cancel two").code(0).ok();
    merge.end().code(1).ok();
    assert_eq!(attempts(&sandbox), 1);
}

/// What Claude Code prints at its end.
fn result(fields: &str) -> String {
    format!("printf '%s\\n' '{{\"type\":\"result\",\"subtype\":\"success\",\"session_id\":\"s\",{fields}}}'")
}

#[test]
fn one_that_met_a_limit_is_begun_again_with_another_account_at_once() {
    let limited =
        result(r#""is_error":true,"api_error_status":429,"result":"limit reached, try again in 1 hour""#);
    let fixer = format!(
        "echo $ACCOUNT >> $MARKS/accounts; if [ $ACCOUNT = first ]; then {limited}; exit 1; fi; {KEEPS_BOTH}"
    );
    let accounts = "accounts = { first = { ACCOUNT = \"first\" }, second = { ACCOUNT = \"second\" } }";
    let sandbox = at_odds("", "", accounts, &fixer);
    sandbox.orch("merge two").code(0).says("landed").ok();
    let used = fs::read_to_string(sandbox.mark("accounts")).unwrap();
    assert_eq!(used.split_whitespace().collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!(
        sandbox.count("attempt.parked", Some("two")),
        1,
        "{:?}",
        sandbox.events()
    );
    assert_eq!(sandbox.read("shared.txt"), BOTH);
    assert_eq!(sandbox.shown("two")["attempts"][2]["account"], "second");
}

#[test]
fn one_that_met_a_limit_waits_for_its_end_beside_a_run() {
    let limited = r#"echo '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","rateLimitType":"five_hour","resetsAt":'$(($(date +%s) + 2))'},"session_id":"s"}'"#;
    let error = result(r#""is_error":true,"api_error_status":429,"result":"limit reached""#);
    let fixer = format!("if [ $ORCH_ATTEMPT = two-2 ]; then {limited}; {error}; exit 1; fi; {KEEPS_BOTH}");
    let sandbox = auto("", &fixer);
    sandbox.orch("up").code(0).says("landed").ok();
    assert_eq!(
        (sandbox.read("shared.txt"), attempts(&sandbox)),
        (BOTH.to_owned(), 2)
    );
    assert_eq!(sandbox.count("attempt.parked", Some("two")), 1);
}

#[test]
fn its_time_is_limited() {
    let sandbox = at_odds("", "timeout = \"2s\"", "", &still());
    sandbox.orch("merge two").code(1).says("ran out of time").ok();
    assert_eq!(sandbox.state("two"), "held");
    sandbox.nothing_is_left();
}

#[test]
fn beyond_the_budget_it_is_ended_and_none_is_begun() {
    let spends = result(r#""is_error":false,"result":"so far","total_cost_usd":3.5"#);
    let sandbox = at_odds("", "budget = 2.0", "", &format!("{spends}; {}", still()));
    sandbox.orch("merge two").code(1).says("budget").ok();
    assert_eq!((sandbox.state("two"), attempts(&sandbox)), ("held".to_owned(), 1));
    sandbox.nothing_is_left();
    go(&sandbox);
    sandbox.orch("merge two").code(1).ok();
    assert_eq!(attempts(&sandbox), 1, "nothing new is begun");
    let cost = sandbox.orch("status --json").json().to_string();
    assert!(cost.contains("3.5"), "{cost}");
}

#[test]
fn a_supervisor_that_is_killed_leaves_one_and_the_next_cancels_it() {
    let sandbox = auto("", &still());
    let up = sandbox.start("up");
    sandbox.marked("at-work");
    up.kill();
    let before = sandbox.count("run.started", None);
    let up = sandbox.start("up");
    wait_for("the next supervisor", || {
        sandbox.count("run.started", None) > before
    });
    sandbox.orch("cancel two").code(0).ok();
    up.end().code(1).ok();
    assert_eq!(attempts(&sandbox), 1);
    sandbox.nothing_ran_twice();
    sandbox.nothing_is_left();
}
