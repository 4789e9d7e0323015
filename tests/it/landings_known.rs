//! What is known of landings later: of phases that were taken back, of branches that are gone, of what may be cleaned away.

use crate::support::{Sandbox, document};

#[test]
fn phases_that_were_taken_back_do_not_count_as_landed_when_the_rest_of_the_plan_lands() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ndispatch = \"phase\"");
    let script = "test $ORCH_PHASE != 3 || test -e \"$MARKS/go\"; work $ORCH_PHASE.1";
    sandbox.plan("a", "", &document(&[1, 1, 1]), script);
    sandbox.orch("up").code(1).ok();
    sandbox.orch("merge a.2").code(0).ok();
    sandbox.orch("revert a").code(0).ok();
    let back = sandbox.rev("main");
    std::fs::write(sandbox.mark("go"), "").unwrap();
    sandbox.plan(
        "b",
        "depends = [\"a.2@landed\"]",
        &document(&[1]),
        "test -f a-1.1.txt; work 1.1",
    );
    sandbox.orch("retry a").code(0).ok();
    let _ = sandbox.orch("up --merge");
    assert_eq!(sandbox.state("a"), "landed");
    assert!(!sandbox.git("ls-tree --name-only main").contains("a-1.1.txt"));
    assert_eq!(sandbox.state("b"), "blocked", "{}", sandbox.why("b"));
    assert!(!sandbox.starts().contains(&"b-1".to_owned()));
    assert!(sandbox.why("b").contains("a.2@landed"), "{}", sandbox.why("b"));
    let why = sandbox.why("a");
    assert!(why.contains("phases 1, 2 were taken off main again"), "{why}");

    sandbox.git_args(["revert", "--no-edit", back.as_str()]);
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.count("merge.restored", Some("a")), 1);
    assert_eq!(sandbox.state("b"), "landed", "{}", sandbox.why("b"));
}

#[test]
fn a_branch_that_was_deleted_after_its_plan_had_finished_is_named_with_its_commit() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let commit = sandbox.rev("orch/p");
    sandbox.git("update-ref -d refs/heads/orch/p");
    let remedy = format!("git branch orch/p {commit}");
    let merged = sandbox.orch("merge p");
    assert_ne!(merged.code, 0);
    merged.says(&remedy).ok();
    assert!(sandbox.why("p").contains(&remedy), "{}", sandbox.why("p"));
    sandbox.git(&remedy["git ".len()..]);
    sandbox.orch("merge p").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn a_plan_that_was_merged_by_hand_and_whose_branch_is_gone_has_landed() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    sandbox.git("merge -q --no-ff --no-edit orch/p");
    sandbox.git("update-ref -d refs/heads/orch/p");
    assert_eq!(sandbox.state("p"), "landed");
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.count("merge.found", Some("p")), 1);
}
