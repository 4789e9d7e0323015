//! `orch redo`: a phase and those after it are done again, on the commit before them.

use crate::support::{Sandbox, document};

/// Three phases of `a`; `b` begins when the second of them is done, and `c` has nothing to do with them.
fn built() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("dispatch = \"phase\"");
    let script = "work $ORCH_PHASE.1";
    sandbox.plan("a", "", &document(&[1, 1, 1]), script);
    sandbox.plan("b", "depends = [\"a.2\"]", &document(&[1]), script);
    sandbox.plan("c", "", &document(&[1]), script);
    sandbox.orch("up").code(0).ok();
    sandbox
}

fn files(sandbox: &Sandbox, branch: &str) -> String {
    sandbox.git(&format!("ls-tree --name-only {branch}"))
}

/// What the backups of a plan hold.
fn backups(sandbox: &Sandbox, plan: &str) -> Vec<String> {
    let refs = sandbox.git(&format!(
        "for-each-ref --format=%(objectname) refs/orch/backup/{plan}"
    ));
    refs.lines().map(str::to_owned).collect()
}

#[test]
fn a_phase_and_those_after_it_are_done_again_on_the_commit_before() {
    let sandbox = built();
    let before = sandbox.rev("orch/a").to_string();
    let done = sandbox.orch("redo a.3 --json").code(0).json();
    assert_eq!(done["plans"][0]["name"], "a");
    assert_eq!(done["plans"][0]["phases"], serde_json::json!([3]));
    assert_eq!(done["plans"][0]["before"], before);
    assert_eq!(files(&sandbox, "orch/a"), "README.md\na-1.1.txt\na-2.1.txt");
    assert!(
        !sandbox.worktree("a").join("a-3.1.txt").exists(),
        "the worktree follows"
    );
    assert_eq!(sandbox.worktree("a").status(), "");
    assert_eq!(backups(&sandbox, "a"), [before]);
    let phases = sandbox.shown("a")["phases"].clone();
    assert_eq!(phases[1]["state"], "done");
    assert_eq!(phases[2]["tasks"][0]["state"], "pending");
    // Only that phase is given out again, and `b`, which never held it, is as it was.
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("a"), "finished", "{}", sandbox.why("a"));
    assert_eq!(sandbox.count("agent.started", Some("a")), 4);
    assert_eq!(sandbox.count("agent.started", Some("b")), 1);
    assert_eq!(
        files(&sandbox, "orch/a"),
        "README.md\na-1.1.txt\na-2.1.txt\na-3.1.txt"
    );
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("a"), "landed");
    sandbox.nothing_is_left();
}

#[test]
fn what_was_built_on_it_is_named_and_set_back_only_when_told() {
    let sandbox = built();
    let (a, b) = (sandbox.rev("orch/a"), sandbox.rev("orch/b"));
    let refused = sandbox.orch("redo a.2").code(2);
    refused
        .says("the branches of others hold a.2: b.1")
        .says("orch redo a.2 --dependents")
        .ok();
    assert_eq!((sandbox.rev("orch/a"), sandbox.rev("orch/b")), (a, b.clone()));
    assert_eq!(sandbox.count("plan.set_back", None), 0);

    sandbox
        .orch("redo a.2 --dependents")
        .code(0)
        .says("b: orch/b is at")
        .ok();
    assert_eq!(files(&sandbox, "orch/a"), "README.md\na-1.1.txt");
    assert_eq!(files(&sandbox, "orch/b"), "README.md");
    assert_eq!(backups(&sandbox, "b"), [b.to_string()]);
    assert_eq!(sandbox.count("plan.set_back", None), 2);
    // What is done again is what the dependent begins on.
    sandbox.script("a", "work $ORCH_PHASE.1; commit again.txt");
    sandbox.orch("up --merge").code(0).says("3 landed").ok();
    assert!(files(&sandbox, "orch/b").contains("again.txt"));
    assert_eq!(sandbox.count("agent.started", Some("b")), 2);
    sandbox.nothing_is_left();
}

#[test]
fn a_whole_plan_begins_again_where_its_branch_began() {
    let sandbox = built();
    sandbox.orch("redo a --dependents").code(0).ok();
    assert_eq!(files(&sandbox, "orch/a"), "README.md");
    // Nothing is left to do again.
    sandbox.orch("redo a").code(2).says("nothing of a was begun").ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("b"), "finished", "{}", sandbox.why("b"));
}

#[test]
fn uncommitted_work_and_failed_work_on_a_branch_of_its_own_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.settings("dispatch = \"task\"\nretries = 0");
    let script = "case $ORCH_TASK in 2.1) commit half.txt; exit 1;; *) work $ORCH_TASK;; esac";
    sandbox.plan("p", "", &document(&[1, 1]), script);
    sandbox.orch("up").code(1).ok();
    let half = sandbox.rev("orch/p.2.1").to_string();
    sandbox.worktree("p").write("notes.txt", "mine\n");
    let done = sandbox.orch("redo p.2 --json").code(0).json();
    let kept = done["plans"][0]["backups"].as_array().unwrap().len();
    assert!(kept >= 2, "{done}");
    assert!(backups(&sandbox, "p").contains(&half), "the failed task's commit");
    let notes = backups(&sandbox, "p").into_iter().any(|commit| {
        let shown = sandbox.try_git(["show", &format!("{commit}:notes.txt")]);
        shown.status.success()
    });
    assert!(notes, "uncommitted work");
    assert!(!sandbox.worktree("p").join("notes.txt").exists());
    // The next attempt begins on the plan's branch, not on the failed one.
    sandbox.script("p", "test ! -e half.txt; work $ORCH_TASK");
    sandbox.orch("up").code(0).ok();
    assert_eq!(files(&sandbox, "orch/p"), "README.md\np-1.1.txt\np-2.1.txt");
}

#[test]
fn it_is_refused_for_what_has_landed_what_is_worked_on_and_what_is_not_there() {
    let sandbox = built();
    sandbox.orch("redo a.2.1").code(2).says("orch redo a.2").ok();
    sandbox.orch("redo a.9").code(2).says("there is no `a.9`").ok();
    sandbox.orch("redo nobody").code(2).ok();
    sandbox.orch("merge").code(0).ok();
    sandbox
        .orch("redo a.2 --dependents")
        .code(2)
        .says("a has landed")
        .says("orch revert a")
        .ok();

    let sandbox = Sandbox::new();
    sandbox.gate("g");
    sandbox.plan("p", "", &document(&[1, 1]), "work 1.1; gate g; work 2.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("redo p").code(3).ok();
    sandbox.open("g");
    up.end().code(0).ok();
}

#[test]
fn a_failed_plan_of_one_agent_continues_after_the_phases_that_stay() {
    let sandbox = Sandbox::new();
    sandbox.gate("g").settings("retries = 0");
    sandbox.plan(
        "p",
        "",
        &document(&[1, 1, 1]),
        "work 1.1; gate g; commit wrong.txt; work 2.1; exit 1",
    );
    let up = sandbox.start("up");
    sandbox.happened("plan.pinned", "p");
    sandbox.open("g");
    up.end().code(1).ok();
    sandbox.orch("redo p.2").code(0).ok();
    assert_eq!(files(&sandbox, "orch/p"), "README.md\np-1.1.txt");
    sandbox.script("p", "work 2.1 3.1");
    sandbox.orch("up").code(0).ok();
    assert_eq!(
        files(&sandbox, "orch/p"),
        "README.md\np-1.1.txt\np-2.1.txt\np-3.1.txt"
    );
}

#[test]
fn that_no_commit_could_be_taken_off_is_said() {
    let sandbox = Sandbox::new();
    sandbox.settings("dispatch = \"phase\"");
    sandbox.plan(
        "p",
        "allow_empty = true",
        &document(&[1, 1]),
        "if test $ORCH_ATTEMPT = p-1; then commit ahead.txt; work 1.1; else orch task done 2.1; fi",
    );
    sandbox.orch("up").code(0).ok();
    let before = sandbox.rev("orch/p");
    sandbox
        .orch("redo p.2")
        .code(0)
        .says("orch/p stays at")
        .says("open again: 2")
        .says("the branch did not move")
        .ok();
    assert_eq!(sandbox.rev("orch/p"), before);
}
