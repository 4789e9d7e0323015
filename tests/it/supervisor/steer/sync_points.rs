//! `[sync.NAME]`: points that several plans reach before any of them continues.

use serde_json::json;

use crate::support::{Sandbox, document, wait_for};

/// One agent for each phase, each in its turn.
const PHASES: &str = "case $ORCH_PHASE in 1) gate $ORCH_PLAN; work 1.1;; *) test -f a-1.1.txt; test -f b-1.1.txt; work \
                      2.1;; esac";

fn meeting() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.gate("a").gate("b");
    sandbox.tables("[sync.contract]\npoints = [\"a.1\", \"b.phase1\"]");
    sandbox.plan("a", "", &document(&[1, 1]), PHASES);
    sandbox.plan("b", "", &document(&[1, 1]), PHASES);
    sandbox
}

#[test]
fn plans_that_meet_go_on_together_and_with_each_others_work() {
    let sandbox = meeting();
    let up = sandbox.start("up");
    sandbox.reached("a");
    sandbox.reached("b");
    sandbox.open("a");
    sandbox.happened("phase.done", "a");
    wait_for("the first to wait", || sandbox.state("a") == "blocked");
    assert!(sandbox.why("a").contains("waits for b.1"), "{}", sandbox.why("a"));
    sandbox.open("b");
    up.end().code(0).ok();
    let mut starts = sandbox.starts();
    starts.sort();
    assert_eq!(starts, ["a-1", "a-2", "b-1", "b-2"]);
    for plan in ["a", "b"] {
        assert_eq!(sandbox.state(plan), "finished");
    }
}

#[test]
fn the_graph_and_the_preview_show_where_plans_meet_and_the_gates() {
    let sandbox = meeting();
    sandbox.plan(
        "c",
        "gate = \"approve\"\n[plans.c.phases.2]\ngate = \"approve\"",
        &document(&[1, 1]),
        "work 1.1",
    );
    let preview = sandbox.orch("preview --json").code(0).json();
    assert_eq!(
        preview["sync_points"],
        json!([{"id": "contract", "plans": ["a", "b"], "points": ["a.1", "b.1"]}])
    );
    assert_eq!(preview["gates"], json!(["c", "c.2"]));
    sandbox
        .orch("preview")
        .code(0)
        .says("contract: a.1, b.1 before any of them continues")
        .says("c, c.2")
        .ok();
    sandbox.orch("approve c").code(0).ok();
    assert_eq!(
        sandbox.orch("preview --json").code(0).json()["gates"],
        json!(["c.2"])
    );
    let graph = sandbox.orch("graph --format json").code(0).json();
    let edges = graph["edges"].as_array().unwrap().iter();
    let crossing = edges.filter(|edge| {
        let plan = |end: &str| edge[end].as_str().unwrap().chars().next();
        let landing = edge["from"].as_str().unwrap().contains('@');
        plan("from") != plan("to") && !landing
    });
    let crossing: Vec<String> = crossing
        .map(|edge| format!("{} {}", edge["from"], edge["to"]))
        .collect();
    assert_eq!(crossing, ["\"b.1\" \"a.2.1\"", "\"a.1\" \"b.2.1\""]);
}

#[test]
fn a_meeting_that_cannot_be_is_refused_with_what_was_meant() {
    let sandbox = Sandbox::new();
    sandbox.plan("alpha", "", &document(&[1, 1]), "work 1.1");
    sandbox.plan("beta", "depends = [\"alpha.2\"]", &document(&[1, 1]), "work 1.1");
    let refused = |points: &str, parts: &[&str]| {
        sandbox.write(
            "other.toml",
            sandbox.read("plans.toml") + &format!("\n[sync.meet]\npoints = {points}\n"),
        );
        let mut said = sandbox.orch("check --manifest other.toml").code(2);
        for part in parts {
            said = said.says(part);
        }
        let faults = said.err.matches("error: ").count();
        assert_eq!(faults, 1, "{}\n{}", said.out, said.err);
    };
    refused(
        "[\"alpah.1\", \"beta.1\"]",
        &["unknown plan `alpah`", "did you mean `alpha`?"],
    );
    refused(
        "[\"alpha.7\", \"beta.1\"]",
        &["plan `alpha` has no phase 7", "its phases are `1` and `2`"],
    );
    refused("[\"alpha.1\"]", &["needs points of at least two plans"]);
    refused("[\"alpha.1\", \"alpha.2\"]", &["stands twice"]);
    refused("[\"alpha.1.1\", \"beta.1\"]", &["is a task", "\"alpha.1\""]);
    refused("[\"alpha.1@landed\", \"beta.1\"]", &["before they land"]);
    refused(
        "[\"alpha\", \"beta.2\"]",
        &["each of its points is the end of its plan"],
    );
    // Beta begins after alpha's second phase, which would wait for beta's first.
    refused("[\"alpha.1\", \"beta.1\"]", &["alpha.2", "beta.1"]);
}
