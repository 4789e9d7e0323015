//! The timeline of a run: what `orch report --json` says of it, and the page that draws it.

use serde_json::Value;

use crate::support::{Sandbox, document};

/// The bars of a plan's own worktree: kind, text, and whether each is on the critical path.
fn bars(timeline: &Value, plan: &str) -> Vec<(String, String, bool)> {
    let rows = timeline["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["plan"] == plan && row["lane"] == 0);
    let bars = row.unwrap_or_else(|| panic!("{plan} in {timeline}"))["bars"]
        .as_array()
        .unwrap();
    let text = |bar: &Value, key: &str| bar[key].as_str().unwrap().to_owned();
    let found = bars
        .iter()
        .map(|bar| (text(bar, "kind"), text(bar, "text"), bar["critical"] == true));
    found.collect()
}

fn kinds(timeline: &Value, plan: &str) -> Vec<String> {
    bars(timeline, plan).into_iter().map(|(kind, ..)| kind).collect()
}

#[test]
fn a_timeline_shows_waits_gates_failures_merges_and_the_path_to_the_end() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1\nbackoff = \"1ms\"\nmax_agents = 2");
    sandbox.gate("first");
    sandbox.plan("a", "", &document(&[1, 1]), "work 1.1; gate first; work 2.1");
    sandbox.plan("b", "depends = [\"a.phase1\"]", &document(&[1]), "work 1.1");
    sandbox.plan(
        "c",
        "gate = \"approve\"",
        &document(&[1]),
        "if test $ORCH_ATTEMPT = c-1; then exit 3; fi; work 1.1",
    );
    let up = sandbox.start("up --merge --wait");
    sandbox.reached("first");
    sandbox.happened("plan.finished", "b");
    // While it goes on.
    let now = sandbox.orch("report --json").code(0).json();
    let timeline = &now["timeline"];
    assert!(timeline["now_ms"].as_u64().is_some(), "{timeline}");
    assert!(kinds(timeline, "a").contains(&"working".to_owned()), "{timeline}");
    assert_eq!(kinds(timeline, "c"), ["gate"], "{timeline}");
    sandbox.orch("approve c").code(0).ok();
    sandbox.open("first");
    up.end().code(0).ok();
    let told = sandbox.orch("report --json").code(0).json();
    let timeline = &told["timeline"];
    assert_eq!(timeline["now_ms"], Value::Null);
    assert_eq!(
        kinds(timeline, "a"),
        ["attempt", "merging", "landed"],
        "{timeline}"
    );
    let b = bars(timeline, "b");
    assert_eq!(
        (b[0].0.as_str(), b[1].0.as_str()),
        ("waiting", "attempt"),
        "{timeline}"
    );
    assert!(b[0].1.starts_with("waited for a.1: "), "{b:?}");
    let c = bars(timeline, "c");
    let of_c: Vec<&str> = c.iter().map(|(kind, ..)| kind.as_str()).collect();
    assert_eq!(of_c[..3], ["gate", "failed", "attempt"], "{c:?}");
    assert!(c[0].1.contains("waited for the approval of c"), "{c:?}");
    let ends = |row: &Value| {
        row["bars"]
            .as_array()
            .unwrap()
            .iter()
            .any(|bar| bar["critical"] == true)
    };
    assert!(
        timeline["rows"].as_array().unwrap().iter().any(ends),
        "{timeline}"
    );
    sandbox.orch("report --html page.html").code(0).ok();
    let page = sandbox.read("page.html");
    for part in [
        "class=\"bar gate",
        "class=\"bar failed",
        "class=\"bar landed",
        "critical",
        "class=\"legend\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn what_was_planned_stands_beside_what_became_of_it() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 1");
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (expected: 1h)\n";
    sandbox.plan("p", "", text, "work 1.1");
    sandbox.plan("q", "", text, "work 1.1");
    sandbox.orch("up").code(0).ok();
    let told = sandbox.orch("report --json").code(0).json();
    let rows = told["timeline"]["rows"].as_array().unwrap();
    let planned: Vec<&Value> = rows.iter().map(|row| &row["planned_ms"]).collect();
    assert_eq!(planned, [3_600_000, 7_200_000], "{rows:?}");
    sandbox.orch("report --html page.html").code(0).ok();
    let page = sandbox.read("page.html");
    assert!(page.contains("planned end") && page.contains("2h 00m"), "{page}");
}

#[test]
fn nothing_is_planned_where_nobody_knows_how_long_anything_takes() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let told = sandbox.orch("report --json").code(0).json();
    assert_eq!(told["timeline"]["rows"][0]["planned_ms"], Value::Null);
}
