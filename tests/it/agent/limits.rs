//! Limits, logins and money, told by agents that speak as known programs do.

use crate::support::{Sandbox, document, wait_for};

/// An agent that prints what Claude Code prints at its end.
fn result(fields: &str) -> String {
    format!(
        "printf '%s\\n' '{{\"type\":\"result\",\"subtype\":\"success\",\"session_id\":\"s-'$ORCH_PLAN'\",{fields}}}'"
    )
}

fn sandbox(settings: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(settings);
    sandbox
}

/// Adds a plan whose agent's output is read as that of Claude Code.
fn plan(sandbox: &Sandbox, name: &str, keys: &str, script: &str) {
    sandbox.plan(name, keys, &document(&[1]), script);
    let text = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        text.replace("command = [", "events = \"claude\"\ncommand = ["),
    );
}

#[test]
fn an_error_behind_an_exit_code_of_0_fails_the_attempt_in_the_program_s_words() {
    let sandbox = sandbox("retries = 0");
    let fails = format!(
        "commit a.txt; {}",
        result(r#""is_error":true,"result":"the model is confused""#)
    );
    plan(&sandbox, "p", "", &fails);
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed");
    let why = sandbox.why("p");
    assert!(
        why.contains("exited with code 0, but its last word is an error: the model is confused"),
        "{why}"
    );
    let breaks_off = r#"echo '{"type":"system","subtype":"init","session_id":"s"}'; commit b.txt"#;
    sandbox.script("p", breaks_off);
    sandbox.orch("up").code(1).ok();
    assert!(
        sandbox.why("p").contains("breaks off before its last word"),
        "{}",
        sandbox.why("p")
    );
}

#[test]
fn a_limit_with_a_moment_is_waited_for_and_spends_no_attempt() {
    let sandbox = sandbox("retries = 0");
    let limited = r#"echo '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","rateLimitType":"five_hour","resetsAt":'$(($(date +%s) + 2))'},"session_id":"s"}'"#;
    let script = format!(
        "if [ $ORCH_ATTEMPT = p-1 ]; then {limited}; {}; exit 1; fi; work 1.1; {}",
        result(r#""is_error":true,"api_error_status":429,"result":"limit reached""#),
        result(r#""is_error":false,"result":"done""#)
    );
    plan(&sandbox, "p", "", &script);
    plan(
        &sandbox,
        "q",
        "",
        &format!("work 1.1; {}", result(r#""is_error":false,"result":"done""#)),
    );
    sandbox.orch("up").code(0).ok();
    let events = sandbox.events();
    let parked = events
        .iter()
        .find(|event| event["event"] == "attempt.parked")
        .unwrap();
    assert_eq!(
        (&parked["plan"], &parked["data"]["told"]),
        (&"p".into(), &true.into()),
        "{parked}"
    );
    assert!(parked["data"]["for_ms"].as_u64().unwrap() <= 2_000, "{parked}");
    assert_eq!(sandbox.count("attempt.failed", None), 0);
    assert_eq!(
        (sandbox.state("p"), sandbox.state("q")),
        ("finished".to_owned(), "finished".to_owned())
    );
}

#[test]
fn accounts_are_used_in_turn_and_a_limited_one_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nmax_agents = 1");
    let script = format!(
        "echo $ACCOUNT >> $MARKS/accounts; if [ $ACCOUNT = one ]; then {}; exit 1; fi; work 1.1; {}",
        result(r#""is_error":true,"api_error_status":429,"result":"limit reached, try again in 1 hour""#),
        result(r#""is_error":false,"result":"done""#)
    );
    for name in ["p", "q"] {
        sandbox.plan(name, "", &document(&[1]), &script);
    }
    let text = sandbox.read("plans.toml");
    let shared = "[agents.p]\nevents = \"claude\"\naccounts = { one = { ACCOUNT = \"one\" }, two = { ACCOUNT = \"two\" } }\n";
    let text = text
        .replace("[agents.p]\n", shared)
        .replace("agent = \"q\"", "agent = \"p\"");
    sandbox.write("plans.toml", text);
    sandbox.orch("up").code(0).ok();
    let used = std::fs::read_to_string(sandbox.mark("accounts")).unwrap();
    assert_eq!(used.split_whitespace().collect::<Vec<_>>(), ["one", "two", "two"]);
    assert_eq!(sandbox.shown("p")["attempts"][1]["account"], "two");
}

#[test]
fn an_expired_login_holds_the_plan_at_once_and_nothing_is_tried_again() {
    let sandbox = sandbox("retries = 5");
    plan(
        &sandbox,
        "p",
        "",
        &format!(
            "{}; exit 1",
            result(r#""is_error":true,"api_error_status":401,"result":"OAuth token has expired""#)
        ),
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert!(
        sandbox
            .why("p")
            .contains("not logged in: OAuth token has expired"),
        "{}",
        sandbox.why("p")
    );
    assert_eq!(sandbox.starts(), ["p-1"]);
}

#[test]
fn an_expired_login_names_its_account() {
    let sandbox = Sandbox::new();
    let script = format!(
        "{}; exit 1",
        result(r#""is_error":true,"api_error_status":401,"result":"OAuth token has expired""#)
    );
    sandbox.plan("p", "", &document(&[1]), &script);
    let shared = "[agents.p]\nevents = \"claude\"\naccounts = { work = { ACCOUNT = \"one\" } }\n";
    let text = sandbox.read("plans.toml").replace("[agents.p]\n", shared);
    sandbox.write("plans.toml", text);
    sandbox.orch("up").code(1).ok();
    let why = sandbox.why("p");
    assert!(
        why.contains("agent p (account work): not logged in: OAuth token has expired"),
        "{why}"
    );
}

#[test]
fn a_program_that_waits_for_a_far_reset_gives_its_slot_back() {
    let sandbox = sandbox("retries = 0\nmax_agents = 1");
    let waits = r#"mark waits; echo '{"type":"system","subtype":"api_retry","attempt":1,"retry_delay_ms":3600000,"error_status":429,"error":"rate_limit","session_id":"s"}'; sleep 1000"#;
    plan(&sandbox, "p", "priority = \"high\"", waits);
    plan(
        &sandbox,
        "q",
        "",
        &format!("work 1.1; {}", result(r#""is_error":false,"result":"done""#)),
    );
    let up = sandbox.start("up");
    sandbox.happened("plan.finished", "q");
    assert_eq!(sandbox.state("p"), "parked");
    assert!(
        sandbox.why("p").contains("it continues in 59m") || sandbox.why("p").contains("it continues in 1h"),
        "{}",
        sandbox.why("p")
    );
    let eta = sandbox.orch("status --json").code(0).json()["eta_s"].as_u64();
    assert!(
        eta.is_some_and(|eta| eta > 59 * 60),
        "{eta:?} s, and it rests for an hour"
    );
    sandbox.orch("down").code(0).ok();
    up.end().code(130).ok();
    sandbox.nothing_is_left();
}

#[test]
fn at_the_budget_nothing_new_is_begun_and_beyond_it_what_runs_is_ended() {
    let sandbox = sandbox("retries = 0\nmax_agents = 2\nbudget = 1");
    let cheap = format!(
        "work 1.1; {}",
        result(r#""is_error":false,"result":"done","total_cost_usd":1.5"#)
    );
    sandbox.gate("spend");
    plan(&sandbox, "long", "", "mark begun; sleep 1000");
    plan(&sandbox, "spends", "", &format!("gate spend; {cheap}"));
    plan(&sandbox, "late", "priority = \"low\"", "work 1.1");
    let up = sandbox.start("up");
    sandbox.marked("begun");
    sandbox.open("spend");
    up.end().code(1).says("$1.50 of $1.00").ok();
    assert_eq!(sandbox.state("spends"), "finished");
    for plan in ["long", "late"] {
        assert_eq!(sandbox.state(plan), "held", "{plan}");
        assert!(
            sandbox
                .why(plan)
                .contains("the run's budget of 1.00 is used up: 1.50 were spent"),
            "{}",
            sandbox.why(plan)
        );
    }
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!(
        (&status["spent"]["cost"], &status["spent"]["budget"]),
        (&1.5.into(), &1.0.into())
    );
    assert!(!sandbox.starts().iter().any(|start| start.starts_with("late")));
    sandbox.nothing_is_left();
}

#[test]
fn costs_have_the_currency_of_the_manifest() {
    let ends = result(r#""is_error":false,"result":"done","total_cost_usd":0.5"#);
    let sandbox = sandbox("currency = \"EUR\"\nbudget = 10");
    plan(&sandbox, "p", "", &format!("work 1.1; {ends}"));
    sandbox.orch("up").code(0).says("€0.50 of €10.00").ok();
    let status = sandbox.orch("status").code(0).out;
    assert!(status.contains("· €0.50"), "{status}");
    let json = sandbox.orch("status --json").code(0).json();
    assert_eq!(json["spent"]["currency"], "EUR");
    for line in ["digest", "report", "status p"] {
        let said = sandbox.orch(line).code(0).out;
        assert!(said.contains("€0.50"), "{line}: {said}");
    }
    let text = sandbox.read("plans.toml").replace("\"EUR\"", "\"euros\"");
    sandbox.write("plans.toml", &text);
    let refused = sandbox.orch("check").code(2);
    assert!(
        refused.err.contains("three capital letters") || refused.out.contains("three capital letters"),
        "{refused:?}"
    );
}

/// An agent that has read a million tokens.
const MILLION: &str = r#"echo '{"type":"assistant","message":{"id":"m1","model":"c","usage":{"input_tokens":1000000,"output_tokens":0}},"session_id":"s"}'"#;

/// A million tokens that agent `p` reads cost three.
fn priced(sandbox: &Sandbox) {
    let text = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        text.replace("[agents.p]\n", "[agents.p]\nprice = { input = 3, output = 15 }\n"),
    );
}

#[test]
fn what_an_agent_spends_while_it_works_counts_against_its_plan() {
    let sandbox = sandbox("retries = 0");
    plan(
        &sandbox,
        "p",
        "budget = 2",
        &format!("{MILLION}; mark spent; sleep 1000"),
    );
    priced(&sandbox);
    let up = sandbox.start("up");
    sandbox.marked("spent");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert!(
        sandbox
            .why("p")
            .contains("its budget of 2.00 is used up: 3.00 were spent"),
        "{}",
        sandbox.why("p")
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_plan_goes_on_when_its_budget_is_raised() {
    let sandbox = sandbox("retries = 0");
    let script = format!(
        "if test -e $MARKS/spent; then work 1.1; {}; else {MILLION}; mark spent; sleep 1000; fi",
        result(r#""is_error":false,"num_turns":1,"result":"done","total_cost_usd":0.25"#)
    );
    plan(&sandbox, "p", "budget = 2", &script);
    priced(&sandbox);
    let up = sandbox.start("up --wait");
    wait_for("the hold", || sandbox.state("p") == "held");
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!(
        status["attention"][0]["command"],
        "orch edit set plans.p.budget AMOUNT"
    );
    sandbox.orch("edit set plans.p.budget 9").code(0).ok();
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_budget_of_the_run_that_is_raised_counts_for_every_plan_it_held() {
    let sandbox = sandbox("retries = 0\nmax_agents = 1\nbudget = 1");
    let cheap = format!(
        "work 1.1; {}",
        result(r#""is_error":false,"result":"done","total_cost_usd":1.5"#)
    );
    for (name, more) in [
        ("first", ""),
        ("second", "depends = [\"first\"]"),
        ("third", "depends = [\"first\"]"),
    ] {
        plan(&sandbox, name, more, &cheap);
    }
    let up = sandbox.start("up --wait");
    for name in ["second", "third"] {
        wait_for("the hold", || sandbox.state(name) == "held");
    }
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!(
        status["attention"][0]["command"],
        "orch edit set run.budget AMOUNT"
    );
    sandbox.orch("why third").says("raise `budget` in [run]").ok();
    sandbox.orch("edit set run.budget 9").code(0).ok();
    up.end().code(0).ok();
    for name in ["first", "second", "third"] {
        assert_eq!(sandbox.state(name), "finished", "{name}");
    }
}

#[test]
fn facts_outlive_a_killed_supervisor_and_are_shown_while_the_agent_works() {
    let sandbox = sandbox("retries = 0");
    sandbox.gate("end");
    let message = r#"echo '{"type":"assistant","message":{"id":"m1","model":"c","usage":{"input_tokens":7,"output_tokens":5}},"session_id":"s"}'"#;
    let script = format!(
        "{message}; gate end; work 1.1; {}",
        result(r#""is_error":false,"num_turns":3,"result":"done","total_cost_usd":0.25"#)
    );
    plan(&sandbox, "p", "", &script);
    let up = sandbox.start("up");
    sandbox.reached("end");
    wait_for("facts of the attempt at work", || {
        sandbox.shown("p")["attempts"][0]["facts"]["spent"]["input"] == 7
    });
    up.kill();
    sandbox.open("end");
    sandbox.orch("up").code(0).ok();
    let facts = sandbox.shown("p")["attempts"][0]["facts"].take();
    assert_eq!(
        (&facts["turns"], &facts["spent"]["micros"]),
        (&3.into(), &250_000.into()),
        "{facts}"
    );
    sandbox.orch("status p").code(0).says("3 turns").ok();
}

/// A program of this name, found before any other.
fn program(sandbox: &Sandbox, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let folder = sandbox.beside("programs");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", folder.display())
}

#[test]
fn claude_is_told_what_is_left_and_a_plan_whose_money_it_has_spent_waits_for_a_person() {
    let sandbox = sandbox("retries = 0");
    let path = program(
        &sandbox,
        "claude",
        r#"echo "$*" > "$MARKS/words"
echo '{"type":"system","subtype":"init","session_id":"s"}'
echo '{"type":"result","subtype":"error_max_budget_usd","is_error":true,"session_id":"s","total_cost_usd":2.25,"errors":["Reached maximum budget ($2)"]}'
exit 1"#,
    );
    sandbox.write("plans/p.md", document(&[1]));
    sandbox.tables("[plans.p]\nfile = \"plans/p.md\"\nagent = \"claude\"\nbudget = 2");
    let mut up = sandbox.command(["up"]);
    crate::support::Said::of(up.env("PATH", path)).code(1).ok();
    let words = std::fs::read_to_string(sandbox.mark("words")).unwrap();
    assert!(words.contains(" --max-budget-usd 2.000000"), "{words}");
    assert_eq!(sandbox.state("p"), "held", "{}", sandbox.why("p"));
    assert!(sandbox.why("p").contains("budget"), "{}", sandbox.why("p"));
    sandbox.orch("why p").code(0).says("raise `budget`").ok();
}

#[test]
fn what_codex_uses_counts_as_it_comes_and_of_a_stopped_attempt_too() {
    let sandbox = sandbox("retries = 0");
    let path = program(
        &sandbox,
        "codex",
        r#"day="$CODEX_HOME/sessions/2026/11/22"; mkdir -p "$day"
say() { echo '{"type":"item.completed","item":{"id":"i","type":"command_execution","command":"x","status":"completed"}}'; }
echo '{"type":"thread.started","thread_id":"t-1"}'
count() { echo '{"type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":'$1',"cached_input_tokens":0,"output_tokens":0}}}}' >> "$day/rollout-x-t-1.jsonl"; say; }
count 500000
until read -r _ < "$GATES/more"; do :; done
count 3000000
exec sleep 1000"#,
    );
    sandbox.gate("more");
    sandbox.write("plans/p.md", document(&[1]));
    sandbox.tables(
        "[agents.codex]\nprice = { input = 1, output = 8 }\n[plans.p]\nfile = \"plans/p.md\"\nagent = \"codex\"\nbudget = 2",
    );
    let home = sandbox.beside("codex");
    let mut up = sandbox.command(["up"]);
    up.env("PATH", path).env("CODEX_HOME", home);
    let up = crate::support::Running::spawn(up);
    wait_for("the first tokens", || {
        sandbox.shown("p")["spent"]["input"] == 500_000
    });
    sandbox.open("more");
    up.end().code(1).ok();
    assert_eq!(sandbox.state("p"), "held", "{}", sandbox.why("p"));
    assert!(
        sandbox
            .why("p")
            .contains("its budget of 2.00 is used up: 3.00 were spent"),
        "{}",
        sandbox.why("p")
    );
    assert_eq!(sandbox.shown("p")["spent"]["input"], 3_000_000);
    sandbox.nothing_is_left();
}

#[test]
fn a_budget_that_nobody_can_keep_is_a_fault() {
    let sandbox = sandbox("agent = \"codex\"\nbudget = 5");
    sandbox.write("plans/p.md", document(&[1]));
    sandbox.tables("[plans.p]\nfile = \"plans/p.md\"\n[plans.q]\nfile = \"plans/p.md\"\nagent = \"claude\"");
    sandbox
        .orch("check")
        .code(2)
        .says("there is a `budget`, and agent `codex` does not say what it spends")
        .says("[agents.codex]")
        .ok();
    sandbox.tables("[agents.codex]\nprice = { input = 1, output = 8 }");
    sandbox.orch("check").code(0).ok();
}
