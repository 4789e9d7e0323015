//! What scripts read: the JSON of every command, exit codes, and text that fits a terminal.

use serde_json::Value;

use crate::support::{Said, Sandbox, document, has_fields};

/// A run with a landed, a failed and a skipped plan.
fn settled() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("good", "priority = \"high\"", &document(&[1, 1]), "work 1.1 2.1");
    sandbox.plan(
        "bad",
        "",
        &document(&[1]),
        "echo the reason is long and has, among other things, ünïcödé; exit 7",
    );
    let long = "a-plan-with-a-name-that-is-much-longer-than-anybody-should-choose";
    sandbox.plan(long, "depends = [\"bad\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    sandbox
}

#[test]
fn status_events_and_merge_have_the_documented_fields() {
    let sandbox = settled();
    let status = sandbox.orch("status --json").code(0).json();
    has_fields(
        &status,
        [
            "schema",
            "run",
            "state",
            "target",
            "width",
            "spent",
            "attention",
            "eta_s",
            "eta_range_s",
            "cost",
            "plans",
        ],
    );
    assert_eq!(status["schema"], 1);
    assert_eq!(status["state"], "settled");
    has_fields(&status["target"], ["ref", "oid"]);
    assert_eq!(status["target"]["ref"], "refs/heads/main");
    assert_eq!(status["target"]["oid"], sandbox.head().as_str());
    let good = &status["plans"][0];
    let expected = [
        "name",
        "state",
        "why",
        "since",
        "priority",
        "branch",
        "worktree",
        "base",
        "head",
        "ahead",
        "dirty",
        "landed",
        "phases",
        "verify",
        "attempts",
        "spent",
        "eta_s",
        "milestone",
        "cost",
        "asks",
        "messages",
        "conversation",
    ];
    has_fields(
        &good["spent"],
        ["input", "cached", "output", "cost", "budget", "currency"],
    );
    has_fields(good, expected);
    assert_eq!(good["name"], "good");
    assert_eq!(good["state"], "finished");
    assert_eq!(good["priority"], "high");
    assert_eq!(good["branch"], "orch/good");
    assert_eq!(
        good["worktree"],
        sandbox.worktree("good").path().to_str().unwrap()
    );
    assert_eq!(good["base"], sandbox.head().as_str());
    assert_eq!(good["head"], sandbox.rev("orch/good").as_str());
    assert_eq!((&good["ahead"], &good["dirty"]), (&2.into(), &false.into()));
    has_fields(&good["phases"][1], ["id", "title", "state", "tasks"]);
    has_fields(&good["phases"][1]["tasks"][0], ["id", "title", "state"]);
    assert_eq!(good["phases"][1]["tasks"][0]["id"], "2.1");
    assert_eq!(good["phases"][1]["tasks"][0]["state"], "done");
    has_fields(
        &good["attempts"][0],
        [
            "id",
            "agent",
            "started_at",
            "ended_at",
            "exit",
            "log",
            "account",
            "facts",
        ],
    );
    let log = good["attempts"][0]["log"].as_str().unwrap();
    assert!(std::path::Path::new(log).is_file(), "{log}");
    for plan in status["plans"].as_array().unwrap() {
        assert!(!plan["why"].as_array().unwrap().is_empty(), "{plan}");
        assert!(plan["since"].is_string(), "{plan}");
    }
    let events = sandbox.events();
    for (n, event) in (1..).zip(&events) {
        let fields = [
            "schema", "seq", "at", "run", "event", "plan", "phase", "task", "attempt", "data",
        ];
        has_fields(event, fields);
        assert_eq!(event["seq"], n, "numbered without gaps");
    }
    for name in [
        "run.started",
        "worktree.created",
        "agent.started",
        "task.done",
        "phase.done",
        "agent.ended",
        "plan.finished",
        "run.settled",
    ] {
        assert!(events.iter().any(|event| event["event"] == name), "{name}");
    }
    let merged = sandbox.orch("merge --json").code(0).json();
    has_fields(&merged, ["schema", "target", "before", "after", "plans"]);
    let plan = &merged["plans"][0];
    for key in ["name", "outcome", "commit", "why"] {
        assert!(plan.get(key).is_some(), "{key} in {plan}");
    }
    assert_eq!(plan["commit"], sandbox.head().as_str());
    assert_eq!(sandbox.count("merge.landed", Some("good")), 1);
}

#[test]
fn up_with_json_prints_one_event_a_line_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let printed = sandbox.orch("up --json").code(0).lines();
    let kept = sandbox.events();
    assert_eq!(printed, kept);
}

#[test]
fn status_fits_eighty_columns_and_has_no_colour_where_none_is_wanted() {
    let sandbox = settled();
    let table = sandbox.orch("status").code(0);
    for line in table.out.lines() {
        let columns = unicode_width::UnicodeWidthStr::width(line);
        assert!(columns <= 80, "{columns}: {line}");
    }
    assert!(!table.out.contains('\x1b'));
    // The counts, what needs a person and the command for it, the run, and a line for each plan below the header.
    assert_eq!(table.out.lines().count(), 1 + 2 + 2 + 3, "{}", table.out);
    let coloured = sandbox.orch("status --color always").code(0);
    assert!(coloured.out.contains('\x1b'));
    let mut plain = sandbox.command(["status"]);
    let plain = Said::of(plain.env("NO_COLOR", "1").env("TERM", "xterm")).code(0);
    assert!(!plain.out.contains('\x1b'));
    assert!(!sandbox.orch("status --color never").code(0).out.contains('\x1b'));
}

#[test]
fn wrong_use_is_told_with_exit_code_2_and_what_was_meant() {
    let sandbox = settled();
    for (line, said) in [
        ("status gold", "good"),
        ("up gold", "good"),
        ("why good.9", "phase 9"),
        ("why good.1.9", "1.9"),
        ("logs gold", "good"),
        ("logs good --attempt good-9", "good-1"),
        ("merge gold", "good"),
        ("clean gold", "good"),
        ("diff gold", "good"),
        ("no-such-command", "no-such-command"),
        ("-C /nowhere status", "/nowhere"),
        ("--manifest none.toml status", "none.toml"),
    ] {
        let answer = sandbox.orch(line);
        assert_eq!(answer.code, 2, "{line}: {answer:?}");
        answer.says(said).ok();
    }
    let error = sandbox.orch("status gold --json").code(2).json();
    assert_eq!(error["schema"], 1);
    sandbox.orch("--help").code(0).says("plans.toml").ok();
    sandbox.orch("completions bash").code(0).says("orch").ok();
    sandbox.orch("man").code(0).says("orch").ok();
}

#[test]
fn before_any_run_everything_can_be_asked() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!((&status["state"], &status["run"]), (&"idle".into(), &Value::Null));
    assert_eq!(status["plans"][0]["state"], "ready");
    sandbox.orch("status").code(0).says("orch up").ok();
    sandbox.orch("why p").code(0).says("orch up").ok();
    sandbox.orch("events").code(0).ok();
    sandbox.orch("logs p").code(3).ok();
    sandbox.orch("diff p").code(3).ok();
    sandbox.orch("merge").code(0).ok();
    sandbox.orch("clean").code(0).ok();
    assert!(!sandbox.worktree("p").path().exists());
}

#[test]
fn wrong_use_is_told_as_json_to_who_asks_for_that() {
    let sandbox = Sandbox::new();
    for line in [
        "status --json --no-such-option",
        "--json no-such-command",
        "up --json --merge=3",
    ] {
        let told = sandbox.orch(line).code(2).json();
        has_fields(&told, ["schema", "error", "hints", "faults"]);
        assert_eq!(told["schema"], 1);
        assert!(!told["error"].as_str().unwrap().is_empty(), "{told}");
    }
    let plain = sandbox.orch("status --no-such-option").code(2);
    assert_eq!(plain.out, "");
}

#[test]
fn a_folder_that_is_no_repository_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::new();
    let orch = |args: &[&str]| Said::of(sandbox.command(args).current_dir(folder.path()));
    let none = orch(&["check"]).code(2);
    assert!(!none.err.contains("top (/)"), "{}", none.err);
    orch(&["init"]).code(0).says("this is no git repository").ok();
    orch(&["check"]).code(0).says("this is no git repository").ok();
}
