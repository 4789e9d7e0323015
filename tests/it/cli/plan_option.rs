//! `--plan`, which every command has.

use crate::support::{Sandbox, document};

#[test]
fn a_plan_named_by_the_option_is_as_good_as_one_named_by_itself() {
    let sandbox = Sandbox::new();
    for plan in ["a", "b"] {
        sandbox.plan(plan, "", &document(&[1]), "work 1.1");
    }
    sandbox.orch("up --plan a").code(0).ok();
    assert_eq!(
        (sandbox.state("a"), sandbox.state("b")),
        ("finished".to_owned(), "ready".to_owned())
    );
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge --plan a").code(0).ok();
    assert_eq!(
        (sandbox.state("a"), sandbox.state("b")),
        ("landed".to_owned(), "finished".to_owned())
    );
    for command in ["logs", "diff", "status", "events", "why"] {
        sandbox.orch(&format!("{command} --plan b")).code(0).ok();
    }
    let events = sandbox.orch("events --plan b --json").code(0).lines();
    assert!(events.iter().all(|event| event["plan"] == "b"), "{events:?}");
    sandbox.orch("clean --plan b").ok();
    assert!(sandbox.worktree("a").path().exists());
    sandbox.orch("revert --plan a").code(0).ok();
    sandbox
        .orch("merge --plan nobody")
        .code(2)
        .says("no plan `nobody`")
        .ok();
}
