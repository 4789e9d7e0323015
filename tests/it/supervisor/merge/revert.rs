//! `orch revert`: a landed plan is taken off the target by one verified commit.

use crate::support::{Sandbox, document, has_fields};

/// `a` has landed, `b` that builds on it too, and `c` that has nothing to do with them.
fn landed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox.plan("b", "depends = [\"a\"]", &document(&[1]), "work 1.1");
    sandbox.plan("c", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    sandbox
}

fn files(sandbox: &Sandbox) -> String {
    sandbox.git("ls-tree --name-only main")
}

#[test]
fn one_commit_takes_a_plan_back_and_leaves_the_others() {
    let sandbox = landed();
    let before = sandbox.rev("main");
    let done = sandbox.orch("revert b --json").code(0).json();
    has_fields(
        &done,
        [
            "schema", "target", "before", "after", "plans", "built_on", "warnings",
        ],
    );
    assert_eq!(done["plans"], serde_json::json!(["b"]));
    assert_eq!(sandbox.git("log -1 --format=%P main"), before.as_str());
    assert!(
        sandbox
            .git("log -1 --format=%B main")
            .starts_with("Revert plan b: A plan\n")
    );
    assert_eq!(files(&sandbox), "README.md\na-1.1.txt\nc-1.1.txt");
    assert!(!sandbox.join("b-1.1.txt").exists(), "the checkout follows");
    assert_eq!(sandbox.count("merge.reverted", Some("b")), 1);
    assert_eq!(sandbox.state("b"), "cancelled");
    assert!(sandbox.why("b").contains("taken off main again"));
    // It is not landed a second time, by nobody.
    sandbox.orch("merge").code(0).says("nothing to merge").ok();
    sandbox
        .orch("revert b")
        .code(2)
        .says("plan b is not on main")
        .ok();
    sandbox
        .orch("up --merge")
        .code(1)
        .says("1 cancelled, 2 landed")
        .ok();
    assert_eq!(files(&sandbox), "README.md\na-1.1.txt\nc-1.1.txt");
}

#[test]
fn what_was_built_on_it_is_named_and_taken_along_only_when_told() {
    let sandbox = landed();
    let before = sandbox.rev("main");
    let refused = sandbox.orch("revert a").code(2);
    refused
        .says("built on a: b")
        .says("orch revert a --with-dependents")
        .ok();
    assert_eq!(sandbox.rev("main"), before);
    sandbox
        .orch("revert a --with-dependents")
        .code(0)
        .says("taken back: b, a")
        .ok();
    assert_eq!(
        sandbox.git("log -1 --format=%P main"),
        before.as_str(),
        "one commit"
    );
    assert_eq!(files(&sandbox), "README.md\nc-1.1.txt");
}

#[test]
fn a_tree_that_does_not_pass_without_it_stays_as_it_is() {
    let sandbox = landed();
    sandbox.tables("[merge]\nverify = 'test -f c-1.1.txt'");
    let before = sandbox.rev("main");
    sandbox.orch("revert c").code(2).says("does not pass").ok();
    assert_eq!(sandbox.rev("main"), before);
    assert_eq!(sandbox.state("c"), "landed");
}

#[test]
fn a_plan_that_was_squashed_or_rebased_is_taken_back_whole() {
    for strategy in ["squash", "rebase"] {
        let sandbox = Sandbox::new();
        sandbox.tables(&format!("[merge]\nstrategy = \"{strategy}\""));
        sandbox.plan("p", "", &document(&[2]), "work 1.1 1.2");
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(files(&sandbox), "README.md\np-1.1.txt\np-1.2.txt");
        sandbox.orch("revert p").code(0).ok();
        assert_eq!(files(&sandbox), "README.md");
    }
}

#[test]
fn what_changed_since_is_not_overwritten() {
    let sandbox = landed();
    sandbox.write("c-1.1.txt", "somebody went on with this\n");
    sandbox.git("commit -q -m on c-1.1.txt");
    let before = sandbox.rev("main");
    sandbox
        .orch("revert c")
        .code(2)
        .says("c-1.1.txt (modify/delete)")
        .ok();
    assert_eq!(sandbox.rev("main"), before);
}

#[test]
fn what_was_taken_back_does_not_land_again_by_being_asked_for() {
    let sandbox = landed();
    sandbox.orch("revert b").code(0).ok();
    let reverted = sandbox.rev("main");
    sandbox.orch("retry b").code(0).ok();
    let up = sandbox.orch("up").code(0);
    let asked = sandbox.orch("merge b");
    assert_eq!(
        asked.code,
        2,
        "{asked:?}\n{up:?}\n{}\n{:?}",
        sandbox.git("log --graph --format=%h%d%s%b --all"),
        sandbox.events()
    );
    asked.says("landed and taken back again").ok();
    assert_eq!(sandbox.rev("main"), reverted);
    assert_ne!(sandbox.state("b"), "landed");
    // What takes the revert back lands.
    let worktree = sandbox.worktree("b");
    worktree.git("merge -q --no-edit main");
    worktree.git_args(["revert", "--no-edit", reverted.as_str()]);
    sandbox.orch("merge b").code(0).ok();
    assert_eq!(sandbox.state("b"), "landed");
    assert!(files(&sandbox).contains("b-1.1.txt"));
}

#[test]
fn of_what_was_taken_back_only_new_commits_land_with_every_strategy() {
    for strategy in ["merge", "squash", "rebase"] {
        for more in [false, true] {
            let sandbox = Sandbox::new();
            sandbox.tables(&format!("[merge]\nstrategy = \"{strategy}\""));
            let again = if more { "commit again" } else { "exit 1" };
            let steps = format!("if mkdir $MARKS/once; then work 1.1; else {again}; fi");
            sandbox.plan("p", "", &document(&[1]), &steps);
            sandbox.orch("up --merge").code(0).ok();
            sandbox.orch("revert p").code(0).ok();
            if more {
                sandbox.worktree("p").git("commit -q --allow-empty -m nothing");
                sandbox.worktree("p").write("again.txt", "again\n");
                sandbox.worktree("p").git("add again.txt");
                sandbox.worktree("p").git("commit -qm again");
            }
            sandbox.orch("retry p").ok();
            let _ = sandbox.orch("up --merge");
            let (state, files_now) = match more {
                true => ("landed", "README.md\nagain.txt"),
                false => ("finished", "README.md"),
            };
            assert_eq!(files(&sandbox), files_now, "{strategy}");
            assert_eq!(sandbox.state("p"), state, "{strategy}: {}", sandbox.why("p"));
        }
    }
}

#[test]
fn what_was_taken_back_and_tried_again_has_not_landed_because_somebody_commits() {
    let sandbox = landed();
    sandbox.plan("after", "depends = [\"b@landed\"]", &document(&[1]), "work 1.1");
    sandbox.orch("revert b").code(0).ok();
    sandbox.orch("retry b").code(0).ok();
    sandbox.orch("up b").code(0).ok();
    sandbox.commit_file("mine.txt", "mine\n");
    for _ in 0..2 {
        sandbox.orch("up b").code(0).ok();
        assert_eq!(sandbox.state("b"), "finished");
    }
    assert_eq!(sandbox.count("merge.found", Some("b")), 0);
    assert_ne!(sandbox.orch("up").code, 0);
    assert_eq!(sandbox.count("attempt.started", Some("after")), 0);
    // Whoever takes the revert back has landed it.
    let revert = sandbox.git("log --format=%H --grep=Orch-Revert -1 main");
    sandbox.git(&format!("revert --no-edit {revert}"));
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("b"), "landed");
    assert_eq!(sandbox.state("after"), "finished");
}

/// Takes back by hand what `orch revert` did.
fn undo_revert(sandbox: &Sandbox) {
    let revert = sandbox.git("log --format=%H --grep=Orch-Revert -1 main");
    sandbox.git(&format!("revert --no-edit {revert}"));
}

#[test]
fn a_revert_that_is_reverted_lands_the_plan_again_whatever_came_in_between() {
    for strategy in ["merge", "squash", "rebase"] {
        for order in [
            &["undo"][..],
            &["undo", "retry", "up"],
            &["retry", "undo", "up"],
            &["retry", "up", "undo"],
            &["retry", "up", "merge", "undo"],
            &["undo", "retry"],
        ] {
            for last in ["status", "merge b", "up --merge"] {
                // Other commits than the plan's own land again when they are asked for; and a share is enough for the rest.
                let shown = match strategy {
                    "merge" => order.len() == 1 || order == ["retry", "up", "undo"] || last == "up --merge",
                    _ => !order.contains(&"merge") && order.last() == Some(&"undo") && last == "up --merge",
                };
                if !shown {
                    continue;
                }
                let sandbox = Sandbox::new();
                sandbox.tables(&format!("[merge]\nstrategy = \"{strategy}\""));
                sandbox.plan(
                    "b",
                    "",
                    &document(&[1]),
                    "test -e b-1.1.txt || work 1.1; orch task done -q 1.1",
                );
                sandbox.orch("up --merge").code(0).ok();
                sandbox.orch("revert b").code(0).ok();
                for step in order {
                    match *step {
                        "undo" => undo_revert(&sandbox),
                        "retry" => sandbox.orch("retry b").code(0).ok(),
                        "merge" => sandbox.orch("merge b").code(2).ok(),
                        step => sandbox.orch(step).code(0).ok(),
                    }
                }
                let case = format!("{strategy}: {order:?}, {last}");
                let said = sandbox.orch(last);
                assert_eq!(said.code, 0, "{case}: {said:?}");
                assert_eq!(sandbox.state("b"), "landed", "{case}: {}", sandbox.why("b"));
                assert!(files(&sandbox).contains("b-1.1.txt"), "{case}");
                // It can be taken back again, and that undone again.
                sandbox.orch("revert b").code(0).ok();
                assert_eq!(sandbox.state("b"), "cancelled", "{case}");
                assert!(!files(&sandbox).contains("b-1.1.txt"), "{case}");
                undo_revert(&sandbox);
                sandbox.orch("up --merge").ok();
                assert_eq!(sandbox.state("b"), "landed", "{case}: again");
            }
        }
    }
}

#[test]
fn a_revert_whose_revert_was_reverted_itself_still_counts() {
    let sandbox = landed();
    sandbox.orch("revert b").code(0).ok();
    undo_revert(&sandbox);
    sandbox.git("revert --no-edit HEAD");
    sandbox.orch("up").ok();
    assert_eq!(sandbox.state("b"), "cancelled");
    assert!(!files(&sandbox).contains("b-1.1.txt"));
    sandbox.orch("retry b").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("b"), "finished");
    // What is advised works.
    let asked = sandbox.orch("merge b").code(2);
    let told = format!("{}{}", asked.out, asked.err);
    let commit = told
        .split("git revert ")
        .nth(1)
        .unwrap()
        .split(['`', ' '])
        .next()
        .unwrap();
    sandbox.git(&format!("revert --no-edit {commit}"));
    sandbox.orch("merge b").code(0).ok();
    assert_eq!(sandbox.state("b"), "landed");
    assert!(files(&sandbox).contains("b-1.1.txt"));
}
