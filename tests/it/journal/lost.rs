//! What is known after the journal was lost, and what a person has to say again.

use std::fs;

use crate::support::{Sandbox, document};

fn lose_journal(sandbox: &Sandbox) {
    for tail in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(sandbox.path().join(format!(".git/orch/orch.db{tail}")));
    }
}

fn one_plan(keys: &str, script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", keys, &document(&[2]), script);
    sandbox.git("add -A");
    sandbox.git("commit -q -m plans");
    sandbox
}

#[test]
fn a_finished_plan_waits_for_a_person_before_it_lands() {
    let sandbox = one_plan("", "work 1.1 1.2");
    sandbox.orch("up").code(0).ok();
    lose_journal(&sandbox);
    sandbox.script("p", "mark again");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("p"), "held", "{}", sandbox.orch("log").out);
    sandbox
        .orch("why p")
        .says("the journal was lost")
        .says("orch retry p")
        .ok();
    // It stays so.
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed", "{}", sandbox.orch("log").out);
    assert!(!sandbox.mark("again").exists());
}

#[test]
fn what_a_person_had_cancelled_or_paused_does_not_land() {
    for how in ["cancel p", "pause --now p"] {
        let sandbox = one_plan("", "work 1.1 1.2; mark said; gate p");
        sandbox.gate("p");
        let up = sandbox.start("up --merge");
        sandbox.marked("said");
        sandbox.orch(how).code(0).ok();
        let _ = up.end();
        lose_journal(&sandbox);
        sandbox.script("p", "exit 3");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(sandbox.count("merge.landed", None), 0, "{how}");
        assert_eq!(sandbox.state("p"), "held", "{how}: {}", sandbox.orch("log").out);
    }
}

#[test]
fn the_verification_of_a_phase_is_run_again_and_counts() {
    for keys in ["", "dispatch = \"task\""] {
        let keys = format!("{keys}\n[plans.p.phases.1]\nverify = \"test -e never\"");
        let sandbox = one_plan(&keys, "for id in ${ORCH_TASK:-1.1 1.2}; do work $id; done");
        sandbox.orch("up --merge").code(1).ok();
        lose_journal(&sandbox);
        sandbox.script("p", "exit 3");
        sandbox.orch("up --merge").code(1).ok();
        assert_eq!(
            sandbox.count("merge.landed", None),
            0,
            "{keys}: {}",
            sandbox.orch("log").out
        );
        assert_ne!(sandbox.state("p"), "landed");
    }
}

#[test]
fn what_was_taken_back_has_not_landed() {
    let sandbox = one_plan("", "work 1.1 1.2");
    sandbox.plan(
        "q",
        "depends = [\"p@landed\"]",
        &document(&[1]),
        "mark began; work 1.1",
    );
    sandbox.git("add -A");
    sandbox.git("commit -q -m more");
    sandbox.orch("up p --merge").code(0).ok();
    sandbox.orch("revert p").code(0).ok();
    lose_journal(&sandbox);
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("p"), "cancelled", "{}", sandbox.orch("log").out);
    assert!(!sandbox.mark("began").exists());
}

#[test]
fn what_was_reported_on_commits_that_are_gone_is_open() {
    let sandbox = one_plan("", "work 1.1 1.2; git reset -q --hard HEAD~1; commit other");
    sandbox.orch("up").code(1).ok();
    lose_journal(&sandbox);
    sandbox.script("p", "orch task list >> $MARKS/list; exit 3");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.count("merge.landed", None), 0);
    let list = fs::read_to_string(sandbox.mark("list")).unwrap();
    assert!(
        list.contains("pending  1.2") || list.contains("pending 1.2"),
        "{list}"
    );
}

#[test]
fn a_failed_word_is_still_one() {
    let sandbox = one_plan(
        "report = \"auto\"",
        "work 1.1; commit half; orch task fail 1.2 --note red",
    );
    sandbox.orch("up").code(1).ok();
    lose_journal(&sandbox);
    sandbox.script("p", "commit more");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(
        sandbox.count("merge.landed", None),
        0,
        "{}",
        sandbox.orch("log").out
    );
    sandbox.orch("why p.1.2").says("red").ok();
}
