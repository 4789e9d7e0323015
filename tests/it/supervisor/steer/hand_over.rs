//! Work that passes from agents to a person and back.

use std::fs;

use crate::support::{Sandbox, document, wait_for};

/// A plan whose first agent waits while a person takes over, beside a plan that keeps the supervisor at work.
fn begun(sandbox: &Sandbox, tasks: usize, script: &str) -> crate::support::Running {
    sandbox.gate("g").gate("q");
    sandbox.plan("p", "", &document(&[tasks]), script);
    sandbox.plan("q", "", &document(&[1]), "gate q; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("send p mind-the-gap").code(0).ok();
    sandbox.orch("pause --now p").code(0).ok();
    sandbox.happened("attempt.failed", "p");
    up
}

#[test]
fn what_a_person_did_in_a_pause_is_not_done_again_and_the_next_agent_gets_the_commits_and_the_message() {
    let sandbox = Sandbox::new();
    let script = "if test $ORCH_ATTEMPT = p-1; then work 1.1; gate g; fi; work 1.3";
    let up = begun(&sandbox, 3, script);
    sandbox.worktree("p").commit_file("by-hand.txt", "mine\n");
    sandbox.orch("task done 1.2 --plan p").code(0).ok();
    sandbox.orch("resume p").code(0).ok();
    wait_for("the next agent", || {
        sandbox.count("agent.started", Some("p")) == 2
    });
    sandbox.open("q");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("agent.started", Some("p")), 2);
    let starts = sandbox.starts();
    let next = starts.iter().rfind(|id| id.starts_with("p-")).unwrap();
    let prompt = sandbox.attempt_file(next, "prompt.md");
    let people = prompt.split("## Work of a person").nth(1).unwrap_or_default();
    let people = people.split("\n## ").next().unwrap();
    assert!(people.contains("by-hand.txt"), "{prompt}");
    assert!(prompt.contains("  mind-the-gap\n"), "{prompt}");
    assert!(
        prompt.contains("- [x] 1.2") && prompt.contains("- [ ] 1.3"),
        "{prompt}"
    );
    assert_eq!(sandbox.shown("p")["messages"][0]["state"], "read");
}

#[test]
fn nobody_starts_for_a_plan_that_a_person_finished_in_a_pause_and_the_message_is_not_passed_over() {
    let sandbox = Sandbox::new();
    let up = begun(&sandbox, 2, "gate g; exit 9");
    sandbox.worktree("p").commit_file("by-hand.txt", "mine\n");
    sandbox.orch("task done 1.1 1.2 --plan p").code(0).ok();
    sandbox.orch("resume p").code(0).ok();
    sandbox.happened("plan.held", "p");
    sandbox.open("q");
    up.end().code(1).ok();
    let needs = sandbox.orch("status --json").json()["attention"][0].clone();
    assert_eq!(needs["kind"], "message", "{needs}");
    assert!(
        needs["text"].as_str().unwrap().contains("mind-the-gap"),
        "{needs}"
    );
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
    assert_eq!(sandbox.git("show orch/p:by-hand.txt").trim(), "mine");
}

#[test]
fn a_task_that_a_person_did_beside_an_agent_is_given_to_no_agent() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let keys = "dispatch = \"task\"\nparallel_tasks = 1\nallow_empty = true";
    sandbox.plan("p", keys, &document(&[2]), "gate g; work $ORCH_TASK");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("task done 1.2 --plan p").code(0).ok();
    sandbox.happened("task.done", "p");
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.starts(), ["p-1"]);
}

#[test]
fn an_answer_reaches_the_task_that_asked_and_no_other() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    let script = "case $ORCH_TASK in\n1.1) gate g; orch task inbox > $MARKS/inbox; work 1.1;;\n\
                  1.2) if test -e $MARKS/asked; then work 1.2; else mark asked; orch task ask Colour?; fi;;\nesac";
    sandbox.plan(
        "p",
        "dispatch = \"task\"\nparallel_tasks = 2",
        &document(&[2]),
        script,
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("question.asked", "p");
    sandbox.orch("pause p.1.2").code(0).ok();
    sandbox.orch("answer p.1.2 Turquoise").code(0).ok();
    sandbox.happened("message.sent", "p");
    sandbox.open("g");
    // Neither the agent at work at the other task nor one that follows it has to do with the answer.
    sandbox.happened("leg.done", "p");
    assert_eq!(sandbox.shown("p")["messages"][0]["state"], "waiting");
    sandbox.orch("resume p.1.2").code(0).ok();
    let _ = up.end();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    let mut starts = sandbox.starts();
    // The first two begin at the same time.
    starts.sort();
    assert_eq!(starts, ["p-1", "p-2", "p-3"]);
    assert_eq!(sandbox.shown("p")["messages"][0]["state"], "read");
    let inbox = fs::read_to_string(sandbox.mark("inbox")).unwrap();
    assert!(!inbox.contains("Turquoise"), "{inbox}");
    let prompt = sandbox.attempt_file("p-3", "prompt.md");
    assert!(prompt.contains("asked a person: Colour?"), "{prompt}");
    assert!(prompt.contains("The answer: Turquoise"), "{prompt}");
}
