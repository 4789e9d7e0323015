//! What an agent's program is told when it asks whether it may end.

use serde_json::Value;

use crate::support::{Sandbox, document};

/// An agent that asks before it ends, as Claude Code does, and keeps the answers.
const ASKING: &str = "ask() { echo \"{\\\"stop_hook_active\\\": $1}\" | orch task stop-hook >> \"$MARKS/answers\"; echo . >> \"$MARKS/answers\"; }\n";

fn answers(sandbox: &Sandbox) -> Vec<Option<String>> {
    let text = std::fs::read_to_string(sandbox.mark("answers")).unwrap();
    let parts = text.split(".\n").map(str::trim);
    let mut answers: Vec<Option<String>> = parts
        .map(|part| {
            let answer: Value = serde_json::from_str(part).ok()?;
            assert_eq!(answer["decision"], "block");
            Some(answer["reason"].as_str()?.to_owned())
        })
        .collect();
    answers.pop();
    answers
}

#[test]
fn an_agent_that_leaves_work_uncommitted_or_unreported_is_told_what_is_missing() {
    let sandbox = Sandbox::new();
    let script = "echo x > made; ask false; commit made; ask true; orch task done -q 1.1; orch task fail -q 1.2; ask true";
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[2, 1]), &format!("{ASKING}{script}"));
    sandbox.orch("up").code(1).ok();
    let answers = answers(&sandbox);
    let [Some(first), Some(second), None] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert!(
        first.contains("made") && first.contains("1.1, 1.2, 2.1"),
        "{first}"
    );
    assert!(
        !second.contains("commit your work") && second.contains("1.1, 1.2, 2.1"),
        "{second}"
    );
}

#[test]
fn an_agent_that_ticks_boxes_and_commits_may_end_and_nothing_lies_in_its_worktree() {
    let sandbox = Sandbox::new();
    let script = "commit made; sed -i 's/- \\[ \\]/- [x]/' \"$ORCH_PLAN_FILE\"; ask false; git status --porcelain --ignored";
    sandbox.plan("p", "", &document(&[2]), &format!("{ASKING}{script}"));
    sandbox.orch("up").code(0).ok();
    assert_eq!(answers(&sandbox), [None]);
    let log = sandbox.attempt_file("p-1", "log");
    assert_eq!(log.trim(), "!! .orch/");
}

#[test]
fn outside_of_an_attempt_and_with_nonsense_as_question_nobody_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let said = sandbox.orch("task stop-hook --plan p").code(0);
    assert_eq!(said.out, "");
    sandbox.orch("task stop-hook --plan nobody").code(0).ok();
}
