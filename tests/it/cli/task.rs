//! `orch task`: for agents and scripts, in a worktree or outside, before and during a run.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Said, Sandbox, Tree, document, has_fields};

const DOCUMENT: &str = "# P\n\n## Phase 1: One\n\n- [x] 1.1 Old `src/a.rs`\n- [ ] 1.2 New\n  - [ ] 1.2.1 Part\n\n## Phase 2: \
                        Two\n\n- [ ] 2.1 Later\n";

fn inside(sandbox: &Sandbox, folder: &Tree, line: &str) -> Command {
    let mut command = sandbox.command(line.split_whitespace());
    command.current_dir(folder.path());
    command
}

#[test]
fn list_and_next_answer_before_any_run() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", DOCUMENT, "work 1.2");
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    let list = sandbox.orch("task list --plan p --json").code(0).json();
    assert_eq!((&list["schema"], &list["plan"]), (&json!(1), &json!("p")));
    let tasks = list["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 3, "{list}");
    has_fields(
        &tasks[1],
        [
            "id",
            "phase",
            "title",
            "state",
            "depends",
            "sequential",
            "files",
            "subtasks",
        ],
    );
    assert_eq!(tasks[0]["state"], "done");
    assert_eq!(tasks[0]["files"], json!(["src/a.rs"]));
    assert_eq!(tasks[1]["subtasks"][0]["id"], "1.2.1");
    assert_eq!(tasks[1]["sequential"], Value::Null);
    let next = sandbox.orch("task next 5 --plan p --json").code(0).json();
    assert_eq!((&next["schema"], &next["plan"]), (&json!(1), &json!("p")));
    assert_eq!(next["ready"][0]["id"], "1.2");
    assert!(next["ready"][0]["reason"].is_string());
    assert_eq!(next["blocked"][0]["id"], "2.1");
    assert!(next["blocked"][0]["by"].is_array());
    sandbox.orch("task list").code(2).says("--plan").ok();
    assert!(!sandbox.join(".git/orch").exists(), "asking makes nothing");
}

#[test]
fn next_offers_no_two_tasks_that_share_a_file_or_the_last_token_of_a_resource() {
    let sandbox = Sandbox::new();
    sandbox.tables("[resources]\ndatabase = 1\n");
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (uses: database)\n- [ ] 1.2 b (uses: database)\n- [ ] 1.3 c (touches: src/*.rs)\n\
                - [ ] 1.4 Extend src/a.rs\n- [ ] 1.5 Extend src/db/x.rs\n- [ ] 1.6 Write foo.py\n- [ ] 1.7 Refactor (foo.py)\n";
    sandbox.plan("p", "", text, "work 1.1");
    let next = sandbox.orch("task next --plan p --json").code(0).json();
    let ready: Vec<&Value> = next["ready"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["id"])
        .collect();
    assert_eq!(ready, ["1.1", "1.3", "1.5", "1.6"]);
    assert_eq!(
        next["blocked"],
        json!([
            {"id": "1.2", "by": ["1.1"], "resources": ["database"]},
            {"id": "1.4", "by": ["1.3"], "files": ["src/a.rs (src/*.rs)"]},
            {"id": "1.7", "by": ["1.6"], "files": ["foo.py"]},
        ])
    );
    sandbox
        .orch("task next --plan p")
        .code(0)
        .says("1.2    waits for 1.1 (same resource: database)")
        .says("1.4    waits for 1.3 (same file: src/a.rs (src/*.rs))")
        .ok();
}

#[test]
fn in_a_worktree_the_plan_need_not_be_named_and_an_unknown_task_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.gate("g").plan("p", "", DOCUMENT, "gate g; work 1.2 2.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    let worktree = sandbox.worktree("p");
    worktree.write("deep/er/file", "");
    // Nothing in the environment: the worktree says which plan it is.
    Said::of(&mut inside(&sandbox, &worktree, "task start 1.2"))
        .code(0)
        .ok();
    Said::of(&mut inside(
        &sandbox,
        &Tree::at(worktree.join("deep/er")),
        "task done 1.2.1",
    ))
    .code(0)
    .ok();
    let list = Said::of(&mut inside(&sandbox, &worktree, "task list --json"))
        .code(0)
        .json();
    assert_eq!(list["tasks"][1]["state"], "running");
    assert_eq!(list["tasks"][1]["subtasks"][0]["state"], "done");
    Said::of(&mut inside(&sandbox, &worktree, "task done 9.9"))
        .code(2)
        .says("9.9")
        .ok();
    Said::of(&mut inside(&sandbox, &worktree, "task done nonsense"))
        .code(2)
        .ok();
    // From elsewhere the environment or an option says it.
    let mut elsewhere = sandbox.command(["task", "list", "--json"]);
    let told = Said::of(elsewhere.env("ORCH_PLAN", "p")).code(0).json();
    assert_eq!(told, list);
    assert_eq!(sandbox.orch("--plan p task list --json").code(0).json(), list);
    sandbox
        .orch("task done 1.1 --plan nobody")
        .code(2)
        .says("nobody")
        .ok();
    // Who reports while somebody edits the manifest is not turned away.
    let manifest = sandbox.read("plans.toml");
    sandbox.write("plans.toml", "[plans.p]\nfle = 3\n");
    sandbox.open("g");
    sandbox.marked("at-g");
    crate::support::wait_for("2.1 to be reported", || {
        std::fs::read_to_string(worktree.join(".orch/status.json")).is_ok_and(|text| text.contains("2.1"))
    });
    sandbox.write("plans.toml", manifest);
    let said = up.end();
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(sandbox.starts(), ["p-1"]);
}

#[test]
fn agents_of_different_plans_report_at_once_and_nothing_is_lost() {
    let sandbox = Sandbox::new();
    for plan in ["p", "q"] {
        sandbox.plan(
            plan,
            "",
            &document(&[6]),
            "for n in 1 2 3 4 5 6; do (orch task start 1.$n; orch task done 1.$n --note n$n) & done; wait; commit $ORCH_PLAN",
        );
    }
    sandbox.orch("up").code(0).ok();
    for plan in ["p", "q"] {
        let shown = sandbox.shown(plan);
        let tasks = shown["phases"][0]["tasks"].as_array().unwrap();
        assert!(tasks.iter().all(|task| task["state"] == "done"), "{shown}");
        assert_eq!(shown["attempts"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_document_that_breaks_a_rule_keeps_nobody_from_the_tasks_of_another_plan() {
    let sandbox = Sandbox::new();
    sandbox.plan("good", "", &document(&[2]), "true");
    sandbox.plan("bad", "", "# No phases\n", "true");
    sandbox.orch("check").code(2).ok();
    sandbox
        .orch("task list --plan good")
        .code(0)
        .says("Task 1.2")
        .ok();
    sandbox.orch("task list --plan bad").code(2).ok();
}

#[test]
fn a_damaged_status_file_is_begun_again_with_what_is_known() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let script = "work 1.1; gate g; echo '{\"tasks\": [' > .orch/status.json; orch task start 1.2\n\
                  grep -A1 '\"1.1\"' .orch/status.json | grep -q '\"done\"' || exit 7\n\
                  rm .orch/status.json; orch task heartbeat; grep -A1 '\"1.1\"' .orch/status.json | grep -q '\"done\"' || exit 8\n\
                  ls .orch/status.json.damaged-* > /dev/null; work 1.2";
    sandbox.plan("p", "retries = 0", &document(&[2]), script);
    let up = sandbox.start("up");
    sandbox.happened("task.done", "p");
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
}
