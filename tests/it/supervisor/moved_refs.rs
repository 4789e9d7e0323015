//! Branches that the agent of another plan deletes or moves while somebody is at work on them, and a target that an agent moves.

use crate::support::{Sandbox, document};

fn warned(sandbox: &Sandbox) -> String {
    let events = sandbox.events();
    let warnings = events.iter().filter(|event| event["event"] == "warning");
    let lines: Vec<&str> = warnings
        .filter_map(|event| event["data"]["why"].as_str())
        .collect();
    lines.join("\n")
}

/// Plan `b` commits once, waits, and commits again; plan `a` does this to refs in between.
fn meddled(act: &str, b: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2\nretries = 0");
    sandbox.gate("a").gate("b");
    sandbox.plan(
        "a",
        "",
        &document(&[1]),
        &format!("work 1.1; gate a; {act}; mark done"),
    );
    sandbox.plan(
        "b",
        "",
        &document(&[2]),
        &format!("work 1.1; mark first; gate b; {b}"),
    );
    let up = sandbox.start("up");
    sandbox.reached("a");
    sandbox.reached("b");
    sandbox.open("a");
    sandbox.marked("done");
    sandbox.open("b");
    up.end().ok();
    sandbox
}

const AMENDS: &str = "commit y.txt; git commit -q --amend -m again; work 1.2";

/// All commits that the agents have made, and that were taken over, are in the history of the branch.
#[track_caller]
fn nothing_is_loose(sandbox: &Sandbox) {
    let loose = sandbox.git("fsck --unreachable --no-reflogs --no-progress");
    let commits: Vec<&str> = loose.lines().filter(|line| line.contains("commit")).collect();
    assert!(commits.is_empty(), "on no ref: {commits:?}");
}

#[test]
fn a_branch_that_another_plan_deletes_or_moves_while_its_agent_is_at_work_loses_nothing() {
    for (act, to) in [
        ("git update-ref -d refs/heads/orch/b", "deleted"),
        ("git update-ref refs/heads/orch/b HEAD", "moved"),
        ("git update-ref refs/heads/orch/b HEAD~1", "moved"),
    ] {
        for later in ["work 1.2", "echo left > left.txt; orch task done -q 1.2", AMENDS] {
            let sandbox = meddled(act, later);
            let case = format!("{act}; {later}: {}\n{}", sandbox.why("b"), warned(&sandbox));
            assert_eq!(sandbox.state("b"), "finished", "{case}");
            assert!(warned(&sandbox).contains("refs/heads/orch/b"), "{case}");
            assert!(warned(&sandbox).contains(to), "{case}");
            nothing_is_loose_but_amended(&sandbox, later);
            sandbox.orch("merge").code(0).ok();
            let files = sandbox.git("ls-tree --name-only main");
            for file in ["a-1.1.txt", "b-1.1.txt"] {
                assert!(files.contains(file), "{case}: {files}");
            }
            // Each plan brought its own files and nothing else.
            let brought = sandbox.git("diff --name-status main^ main");
            assert!(
                brought.lines().all(|line| line.starts_with("A\t")),
                "{case}: {brought}"
            );
        }
    }
}

#[test]
fn a_branch_is_not_put_back_while_what_it_would_lose_cannot_be_kept() {
    // A ref in the place of a folder: no backup of `b` can be made.
    let blocked = "git update-ref refs/orch/backup/b HEAD; git update-ref refs/heads/orch/b HEAD";
    let sandbox = meddled(blocked, "work 1.2; git rev-parse HEAD > $MARKS/made");
    let made = std::fs::read_to_string(sandbox.mark("made")).unwrap();
    let held = sandbox.git("rev-list --all");
    assert!(held.contains(made.trim()), "lost: {}", warned(&sandbox));
    sandbox.orch("merge").ok();
    assert_eq!(
        sandbox.count("merge.landed", Some("b")),
        0,
        "{}",
        sandbox.why("b")
    );
}

/// What an agent replaces on its own branch is its own affair.
#[track_caller]
fn nothing_is_loose_but_amended(sandbox: &Sandbox, later: &str) {
    if later != AMENDS {
        nothing_is_loose(sandbox);
    }
}

#[test]
fn a_branch_that_is_deleted_after_its_plan_had_finished_keeps_its_commits_on_a_ref() {
    let sandbox = Sandbox::new();
    sandbox.settings("dispatch = \"task\"");
    sandbox.plan("p", "", &document(&[2]), "work $ORCH_TASK");
    sandbox.orch("up").code(0).ok();
    sandbox.git("update-ref -d refs/heads/orch/p");
    nothing_is_loose(&sandbox);
}

#[test]
fn a_target_that_an_agent_moves_to_its_own_work_is_told_of_with_both_ends() {
    let sandbox = Sandbox::new();
    sandbox.gate("a");
    let script = "work 1.1; git update-ref refs/heads/main HEAD; gate a";
    sandbox.plan("a", "", &document(&[1]), script);
    let before = sandbox.rev("main");
    let up = sandbox.start("up");
    sandbox.reached("a");
    let after = sandbox.rev("main");
    sandbox.open("a");
    up.end().ok();
    let warned = warned(&sandbox);
    assert!(warned.contains("refs/heads/main"), "{warned}");
    for commit in [&before, &after] {
        assert!(warned.contains(&commit.as_str()[..7]), "{warned}");
    }
    assert!(warned.contains("not verified"), "{warned}");
}

#[test]
fn commits_that_a_person_adds_to_the_target_are_nothing_to_warn_of() {
    let sandbox = Sandbox::new();
    sandbox.settings("target = \"integration\"");
    sandbox.git("branch integration");
    let up = sandbox.at_work();
    let tree = sandbox.git("rev-parse integration^{tree}");
    let mine = sandbox.git(&format!("commit-tree {tree} -p integration -m mine"));
    sandbox.git(&format!("update-ref refs/heads/integration {mine}"));
    sandbox.open("p");
    up.end().code(0).ok();
    assert_eq!(warned(&sandbox), "");
}
