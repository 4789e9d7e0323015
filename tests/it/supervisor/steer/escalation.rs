//! Waits that take too long: somebody is told once of each, by the hook and in status.

use serde_json::Value;

use crate::support::{Sandbox, document, wait_for};

/// A hook that keeps what it is told, one line for each call.
const TELL: &str =
    "[hooks]\nnotify = 'echo \"$ORCH_EVENT $ORCH_RUN ${ORCH_PLAN-} $(cat)\" >> \"$MARKS/told\"'";

/// What the hook was told: its variables, and the event.
fn told(sandbox: &Sandbox) -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(sandbox.mark("told")).unwrap_or_default();
    let lines = text.lines().map(|line| {
        let at = line.find('{').unwrap();
        let event = serde_json::from_str(&line[at..]).unwrap();
        (line[..at].trim().to_owned(), event)
    });
    lines.collect()
}

#[test]
fn a_gate_is_told_at_once_and_the_end_of_the_run_too_with_the_event_on_standard_input() {
    let sandbox = Sandbox::new();
    sandbox.tables(TELL);
    sandbox.plan("p", "gate = \"approve\"", &document(&[1]), "work 1.1");
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    let calls = told(&sandbox);
    let words: Vec<&str> = calls.iter().map(|(words, _)| words.as_str()).collect();
    assert_eq!(words, ["wait.escalated r1 p", "run.stopped r1"]);
    let event = &calls[0].1;
    assert_eq!((&event["schema"], &event["plan"]), (&1.into(), &"p".into()));
    assert_eq!(
        (&event["data"]["waiting"], &event["data"]["on"]),
        (&"gate".into(), &"p".into())
    );
    assert!(
        sandbox.why("p").contains("approve p; escalated "),
        "{}",
        sandbox.why("p")
    );
    assert!(
        !sandbox.why("q").contains("escalated"),
        "it may wait for longer: {}",
        sandbox.why("q")
    );
    assert!(!sandbox.join(".git/orch/hooks/notify-1").exists());
}

#[test]
fn a_dependency_is_told_after_its_time_once_and_not_again_after_a_crash() {
    let sandbox = Sandbox::new();
    sandbox
        .tables(TELL)
        .tables("[escalate]\ndependency = \"300ms\"")
        .gate("g");
    sandbox.plan("p", "", &document(&[1]), "gate g; work 1.1");
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    wait_for("the hook", || !told(&sandbox).is_empty());
    up.kill();
    let up = sandbox.start("up");
    wait_for("the second supervisor", || {
        sandbox.count("run.started", None) == 2
    });
    sandbox.open("g");
    up.end().code(0).ok();
    let calls = told(&sandbox);
    let words: Vec<&str> = calls.iter().map(|(words, _)| words.as_str()).collect();
    assert_eq!(words, ["wait.escalated r1 q", "run.settled r1"]);
    assert!(calls[0].1["data"]["waited_ms"].as_u64().unwrap() >= 300);
    assert!(
        calls[0].1["data"]["why"]
            .as_str()
            .unwrap()
            .contains("waits for p")
    );
}

#[test]
fn a_stuck_agent_and_a_conflict_are_told() {
    let sandbox = Sandbox::new();
    sandbox.settings("stuck_after = \"1s\"").tables(TELL).gate("g");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "gate g; echo p > same; git add same; commit x",
    );
    sandbox.plan("q", "", &document(&[1]), "echo q > same; git add same; commit y");
    let up = sandbox.start("up --merge");
    wait_for("the hook", || !told(&sandbox).is_empty());
    sandbox.open("g");
    up.end().code(1).ok();
    let calls = told(&sandbox).into_iter();
    let calls: Vec<(String, String)> = calls
        .map(|(words, event)| (words, event["data"]["waiting"].as_str().unwrap_or("-").to_owned()))
        .collect();
    let expected = [
        ("wait.escalated r1 p", "stuck"),
        ("wait.escalated r1 p", "conflict"),
        ("run.settled r1", "-"),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(words, waiting)| ((*words).to_owned(), (*waiting).to_owned()))
        .collect();
    assert_eq!(calls, expected);
}

#[test]
fn a_hook_that_fails_is_a_warning_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.tables("[hooks]\nnotify = \"echo no mail server; exit 7\"");
    sandbox.plan("p", "gate = \"approve\"", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    let warnings: Vec<Value> = sandbox
        .events()
        .into_iter()
        .filter(|event| event["event"] == "warning")
        .collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let why = warnings[0]["data"]["why"].as_str().unwrap();
    assert!(
        why.contains("exited with code 7") && why.contains("no mail server"),
        "{why}"
    );
    sandbox.orch("approve p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    sandbox.nothing_is_left();
}

#[test]
fn nobody_is_told_of_anything_where_nothing_says_so() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "gate = \"approve\"", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.count("wait.escalated", None), 0);
    sandbox.tables("[escalate]\ngate = \"never\"");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.count("wait.escalated", None), 0);
    sandbox.tables("conflict = \"soon\"");
    sandbox
        .orch("check")
        .code(2)
        .says("`soon` is not a duration")
        .says("\"at once\" or \"never\"")
        .ok();
}

#[test]
fn each_question_of_an_agent_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.tables(TELL).tables("[escalate]\ngate = \"never\"");
    let asks = "if test -e $MARKS/two; then work 1.1; elif test -e $MARKS/one; then touch $MARKS/two; orch task ask -q second; \
                else touch $MARKS/one; orch task ask -q first; fi";
    sandbox.plan("p", "", &document(&[1]), asks);
    let questions = || {
        let calls = told(&sandbox).into_iter();
        let about = calls.filter(|(words, _)| words.starts_with("wait.escalated"));
        about
            .map(|(_, event)| event["data"]["waiting"].clone())
            .collect::<Vec<_>>()
    };
    sandbox.orch("up").code(1).ok();
    assert_eq!(questions(), ["question"]);
    sandbox.orch("answer p yes").code(0).ok();
    sandbox.orch("up").code(1).ok();
    assert_eq!(questions(), ["question", "question"]);
    sandbox.orch("answer p no").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(questions(), ["question", "question"]);
}

#[test]
fn a_question_that_stays_open_is_told_once_whatever_becomes_of_another() {
    let sandbox = Sandbox::new();
    sandbox.tables(TELL).tables("[escalate]\ngate = \"never\"");
    let asks_each = "if test -e $MARKS/asked-$ORCH_TASK; then work $ORCH_TASK; \
                     else touch $MARKS/asked-$ORCH_TASK; orch task ask -q About $ORCH_TASK; fi";
    sandbox.plan(
        "p",
        "dispatch = \"task\"\nstrategy = \"dag\"\nparallel_tasks = 2",
        "# P\n## Phase 1: a [PARALLEL]\n- [ ] 1.1 one\n- [ ] 1.2 two\n",
        asks_each,
    );
    let questions = || {
        let events = sandbox.events().into_iter();
        let told = events.filter(|event| event["event"] == "wait.escalated");
        let on = told.map(|event| event["data"]["on"].as_str().unwrap().to_owned());
        let mut on: Vec<String> = on.collect();
        on.sort();
        on
    };
    sandbox.orch("up").code(1).ok();
    assert_eq!(questions(), ["p.1.1", "p.1.2"]);
    sandbox.orch("answer p.1.2 second").code(0).ok();
    // A new run, too, has nothing new to tell of the other one.
    sandbox.orch("up").code(1).ok();
    assert_eq!(questions(), ["p.1.1", "p.1.2"]);
    sandbox.orch("answer p.1.1 first").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(questions(), ["p.1.1", "p.1.2"]);
}

#[test]
fn a_plan_with_other_work_also_tells_of_a_resource_that_is_held_for_too_long() {
    let sandbox = Sandbox::new();
    sandbox
        .tables("[resources.database]\npatience = \"200ms\"")
        .gate("g")
        .gate("other");
    let holds = "# P\n\n## Phase 1: p\n\n- [ ] 1.1 p (uses: database)\n";
    sandbox.plan(
        "p",
        "dispatch = \"task\"\npriority = \"high\"",
        holds,
        "gate g; work 1.1",
    );
    let waits = "# Q\n\n## Phase 1: q\n\n- [ ] 1.1 a\n- [ ] 1.2 b (uses: database)\n";
    let keys = "dispatch = \"task\"\nparallel_tasks = 2";
    sandbox.plan(
        "q",
        keys,
        waits,
        "test $ORCH_TASK = 1.2 || gate other; work $ORCH_TASK",
    );
    let up = sandbox.start("up");
    sandbox.happened("wait.escalated", "q");
    let told = sandbox.orch("events --json --plan q").code(0).out;
    let told = told.lines().find(|line| line.contains("wait.escalated")).unwrap();
    assert!(
        told.contains("no token of resource database is free: held by p.1.1"),
        "{told}"
    );
    let working = sandbox.orch("status --json").code(0).json();
    let plans = working["plans"].as_array().unwrap();
    let q = plans.iter().find(|plan| plan["name"] == "q").unwrap();
    assert_eq!(q["state"], "running", "{q}");
    sandbox.open("g");
    sandbox.open("other");
    up.end().code(0).ok();
}

#[test]
fn a_resource_that_is_held_for_longer_than_its_patience_is_told_once_with_who_holds_it() {
    let sandbox = Sandbox::new();
    sandbox
        .tables(TELL)
        .tables("[resources.database]\npatience = \"200ms\"")
        .gate("g");
    let uses = |plan: &str| format!("[plans.{plan}.phases.1]\nuses = [\"database\"]");
    sandbox.plan("p", "priority = \"high\"", &document(&[1]), "gate g; work 1.1");
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    sandbox.tables(&uses("p")).tables(&uses("q"));
    let up = sandbox.start("up");
    sandbox.happened("wait.escalated", "q");
    let why = sandbox.why("q");
    assert!(
        why.contains("held by p.1 for") && why.contains("longer than its patience of 200ms"),
        "{why}"
    );
    let status = sandbox.orch("status --json").code(0).json();
    let attention = status["attention"].as_array().unwrap();
    assert_eq!(attention.len(), 1, "{status}");
    assert_eq!(
        (
            &attention[0]["plan"],
            &attention[0]["kind"],
            &attention[0]["command"]
        ),
        (&"q".into(), &"stalled".into(), &"orch logs p".into())
    );
    sandbox.open("g");
    up.end().code(0).ok();
    let calls = told(&sandbox);
    let waits: Vec<&Value> = calls
        .iter()
        .map(|(_, event)| event)
        .filter(|event| event["event"] == "wait.escalated")
        .collect();
    assert_eq!(waits.len(), 1, "{waits:?}");
    assert_eq!(
        (&waits[0]["data"]["waiting"], &waits[0]["data"]["on"]),
        (&"resource".into(), &"database".into())
    );
}
