//! `gate = "review"` and `orch review`: nothing lands but the commit that a person approved.

use std::fs;

use crate::support::{Sandbox, document, wait_for};

/// Works; once it has been told what a review says, it does that too and keeps the prompt.
const WORKS: &str = "if test -e $MARKS/worked; then cp \"$ORCH_PROMPT_FILE\" $MARKS/prompt; echo better > better.txt; \
                     git add better.txt; git commit -qm Better; else touch $MARKS/worked; work 1.1; fi";

/// A repository with one plan that lands by itself, once it is reviewed.
fn reviewed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "gate = \"review\"\nmerge = \"auto\"", &document(&[1]), WORKS);
    sandbox
}

fn tip(sandbox: &Sandbox) -> String {
    sandbox.rev("orch/p").to_string()
}

#[test]
fn a_finished_plan_waits_for_its_review_and_lands_once_it_is_approved() {
    let sandbox = reviewed();
    sandbox.tables("[escalate]\ngate = \"1ms\"");
    let before = sandbox.rev("main");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert_eq!(
        sandbox.count("wait.escalated", Some("p")),
        1,
        "who sees no screen is told"
    );
    let short = &tip(&sandbox)[..7];
    let why = sandbox.why("p");
    assert!(why.contains(&format!("waits for review of {short}")), "{why}");
    let status = sandbox.orch("status --json").code(0).json();
    let first = &status["attention"][0];
    assert_eq!(
        (&first["kind"], &first["command"]),
        (&"review".into(), &"orch review p".into())
    );
    let shown = sandbox.orch("review p").code(0).says("p-1.1.txt");
    assert!(shown.out.contains("1 commit"), "{shown:?}");
    // Asked for, it is refused just as well.
    sandbox.orch("merge p").code(1).says("waits for review").ok();
    assert_eq!(sandbox.rev("main"), before);
    sandbox.orch("review p --approve").code(0).ok();
    sandbox.orch("review p --approve").code(0).ok();
    let approved = tip(&sandbox);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    // What landed tells who let it.
    sandbox
        .orch("why main")
        .code(0)
        .says(&format!("p at {approved}"))
        .ok();
}

#[test]
fn an_approval_is_for_exactly_one_commit() {
    let sandbox = reviewed();
    sandbox.orch("up").code(1).ok();
    sandbox.orch("review p --approve").code(0).ok();
    let worktree = sandbox.worktree("p");
    worktree.write("late.txt", "unseen\n");
    worktree.git("add late.txt");
    worktree.git("commit -qm Late");
    let before = sandbox.rev("main");
    // Seen at once, before anything is merged.
    let short = &tip(&sandbox)[..7];
    let why = sandbox.why("p");
    assert!(why.contains(&format!("waits for review of {short}")), "{why}");
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!(status["attention"][0]["kind"], "review", "{status}");
    sandbox.orch("merge p").code(1).says("waits for review").ok();
    sandbox.orch("up").code(1).ok();
    assert_eq!((sandbox.state("p"), sandbox.rev("main")), ("held".into(), before));
    let view = sandbox.orch("review p --json").code(0).json();
    assert_eq!(view["commit"], tip(&sandbox));
    sandbox.orch("review p --approve").code(0).ok();
    sandbox.orch("merge p").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn what_a_review_asks_for_is_told_to_the_agent_and_reviewed_again() {
    let sandbox = reviewed();
    sandbox.orch("up").code(1).ok();
    sandbox
        .orch("review p --comment p-1.1.txt:1 Say it better")
        .code(0)
        .ok();
    let view = sandbox.orch("review p --json").code(0).json();
    assert_eq!(view["comments"][0]["text"], "Say it better");
    sandbox.orch("review p --request-changes And a test").code(0).ok();
    assert_ne!(sandbox.state("p"), "landed");
    // The same agent goes on; what it makes of it needs a review of its own.
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    let prompt = fs::read_to_string(sandbox.mark("prompt")).unwrap();
    for part in ["p-1.1.txt:1", "Say it better", "And a test"] {
        assert!(prompt.contains(part), "{part} is missing in {prompt}");
    }
    assert_eq!(sandbox.count("agent.started", Some("p")), 2);
    sandbox.orch("review p").code(0).says("better.txt").ok();
    sandbox.orch("review p --approve").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    assert!(sandbox.path().join("better.txt").exists());
}

#[test]
fn a_supervisor_that_waits_for_a_review_goes_on_at_once() {
    let sandbox = reviewed();
    let up = sandbox.start("up --wait");
    wait_for("the hold", || sandbox.count("merge.failed", Some("p")) == 1);
    let worktree = sandbox.worktree("p");
    worktree.write("late.txt", "unseen\n");
    worktree.git("add late.txt");
    worktree.git("commit -qm Late");
    wait_for("the commit that came later", || {
        sandbox.count("merge.failed", Some("p")) == 2
    });
    sandbox
        .orch("review p --request-changes Make it better")
        .code(0)
        .ok();
    wait_for("the hold after that", || {
        sandbox.count("merge.failed", Some("p")) == 3
    });
    sandbox.orch("review p --approve").code(0).ok();
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    assert!(sandbox.path().join("better.txt").exists());
}

#[test]
fn what_makes_no_sense_in_a_review_is_refused() {
    let sandbox = reviewed();
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    sandbox.orch("review p").code(3).says("no commits").ok();
    sandbox.orch("up").code(1).ok();
    for (line, said) in [
        ("review nobody", "nobody"),
        ("review p --comment p-1.1.txt why", "FILE:LINE"),
        ("review p --comment p-1.1.txt:0 why", "FILE:LINE"),
        ("review p --comment p-1.1.txt:99 why", "number 99"),
        ("review p --comment ../x:1 why", "no text file"),
        ("review p --request-changes", "nothing to tell"),
        ("review p some words", "what the text is"),
        ("review q --approve", "waits for no review"),
    ] {
        sandbox.orch(line).code(2).says(said).ok();
    }
    sandbox.orch("merge q").code(0).ok();
    sandbox.orch("review q --approve").code(2).says("landed").ok();
}

#[test]
fn an_agent_cannot_approve_its_own_work() {
    let sandbox = Sandbox::new();
    let approves = "work 1.1; orch review p --approve || echo $? > $MARKS/code";
    sandbox.plan("p", "merge = \"auto\"", &document(&[1]), approves);
    sandbox.tables("[merge]\nreview = true\n");
    sandbox.orch("up").code(1).ok();
    assert_eq!(fs::read_to_string(sandbox.mark("code")).unwrap().trim(), "2");
    assert_eq!(sandbox.state("p"), "held");
}
