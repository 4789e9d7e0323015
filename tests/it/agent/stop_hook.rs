//! What an agent's program is told when it asks whether it may end, and after each of its tools.

use serde_json::Value;

use crate::support::{Sandbox, document, wait_for};

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

/// A tool call of Claude Code, with these further fields, and what is answered after it.
fn after_tool(fields: &str) -> String {
    let event = format!(r#"{{"hook_event_name": "PostToolUse", "tool_name": "Bash"{fields}}}"#);
    format!("echo '{event}' | orch task message-hook >> \"$MARKS/after\"; echo . >> \"$MARKS/after\"; ")
}

#[test]
fn a_message_is_handed_to_the_agent_behind_its_next_tool_once() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let script = format!(
        "{}gate g; {}{}{}work 1.1",
        after_tool(""),
        after_tool(r#", "agent_id": "x""#),
        after_tool(""),
        after_tool(""),
    );
    sandbox.plan("p", "", &document(&[1]), &script);
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("send p Look at the index first").code(0).ok();
    let inbox = sandbox.worktree("p").path().join(".orch/inbox.jsonl");
    wait_for("the message", || inbox.exists());
    sandbox.open("g");
    up.end().code(0).ok();
    let said = std::fs::read_to_string(sandbox.mark("after")).unwrap();
    let answers: Vec<&str> = said.split(".\n").map(str::trim).collect();
    let [before, of_a_helper, behind, again, ""] = answers[..] else {
        panic!("{said}");
    };
    assert_eq!([before, of_a_helper, again], [""; 3], "{said}");
    let behind: Value = serde_json::from_str(behind).unwrap();
    let told = &behind["hookSpecificOutput"];
    assert_eq!(told["hookEventName"], "PostToolUse");
    assert!(
        told["additionalContext"]
            .as_str()
            .unwrap()
            .contains("Look at the index first"),
        "{told}"
    );
    let shown = sandbox.shown("p");
    assert_eq!(shown["messages"][0]["state"], "read", "{shown}");
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 1, "{shown}");
}
