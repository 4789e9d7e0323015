//! Submodules beside plans: bumps are carried, merged, picked and verified as any other change.

use crate::support::{Sandbox, Scratch, Tree, document};

/// A repository with the submodule `lib`, and two commits of that: the one that is used, and a later one.
fn with_library() -> (Sandbox, Scratch, [String; 2]) {
    let library = Scratch::named("library");
    let first = library.head().to_string();
    let sandbox = Sandbox::new();
    let url = library.path().to_str().unwrap().to_owned();
    sandbox.git_args(["submodule", "--quiet", "add", url.as_str(), "lib"]);
    sandbox.commit("with a library");
    let second = library.commit_file("more.txt", "more\n").to_string();
    (sandbox, library, [first, second])
}

/// What an agent does to take the later commit in.
fn bump(to: &str) -> String {
    format!("git -C lib fetch -q; git -C lib checkout -q {to}; git add lib; git commit -qm bump")
}

fn lib_of(sandbox: &Sandbox, rev: &str) -> String {
    sandbox.git(&format!("rev-parse {rev}:lib"))
}

#[test]
fn a_bump_of_a_plan_that_was_waited_for_is_not_undone() {
    for keys in ["", "commit = \"require\"", "dispatch = \"task\""] {
        let (sandbox, _library, [_, second]) = with_library();
        sandbox.plan("a", "", &document(&[1]), &format!("{}; work 1.1", bump(&second)));
        let ids = if keys.contains("task") {
            "$ORCH_TASK"
        } else {
            "1.1 1.2"
        };
        let script = format!("git -C lib rev-parse HEAD > \"$MARKS/lib\"; work {ids}");
        sandbox.plan(
            "c",
            &format!("depends = [\"a\"]\n{keys}"),
            &document(&[2]),
            &script,
        );
        sandbox.orch("up --merge").code(0).ok();
        let seen = std::fs::read_to_string(sandbox.mark("lib")).unwrap();
        assert_eq!(
            seen.trim(),
            second,
            "{keys}: the agent works with what was bumped"
        );
        assert_eq!(lib_of(&sandbox, "main"), second, "{keys}");
        let changes = sandbox.git("log --format= --raw main -- lib");
        assert_eq!(
            changes.lines().filter(|line| line.contains("160000")).count(),
            2,
            "{keys}: {changes}"
        );
    }
}

#[test]
fn a_bump_that_an_agent_merges_or_picks_itself_is_not_taken_back_with_its_leftovers() {
    for act in [
        "git merge -q --no-edit orch/a",
        "git cherry-pick orch/a~1",
        "git rebase -q orch/a",
    ] {
        let (sandbox, _library, [_, second]) = with_library();
        sandbox.plan("a", "", &document(&[1]), &format!("{}; work 1.1", bump(&second)));
        sandbox.orch("up").code(0).ok();
        let script = format!("work 1.1; {act}; echo left > left.txt; orch task done -q 1.2");
        sandbox.plan("c", "", &document(&[2]), &script);
        // Commits of a plan that has not landed finish no other one; a copy is the agent's own.
        let finishes = act.contains("cherry-pick");
        sandbox.orch("up").code(i32::from(!finishes)).ok();
        assert_eq!(lib_of(&sandbox, "orch/c"), second, "{act}");
        assert!(
            !sandbox.git("ls-tree --name-only orch/c left.txt").is_empty(),
            "{act}"
        );
        let lib = Tree::at(sandbox.worktree("c").join("lib"));
        assert_eq!(lib.head().to_string(), second, "{act}: the worktree follows");
    }
}

#[test]
fn what_an_agent_does_in_a_submodule_and_leaves_is_its_work_all_the_same() {
    let (sandbox, _library, [_, second]) = with_library();
    let script = format!("git -C lib fetch -q; git -C lib checkout -q {second}; work 1.1");
    sandbox.plan("a", "", &document(&[1]), &script);
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(lib_of(&sandbox, "main"), second);
}

#[test]
fn a_lock_that_a_dead_git_left_in_a_submodule_does_not_keep_the_next_attempt_from_working_there() {
    let (sandbox, _library, [_, second]) = with_library();
    let script = format!(
        "if [ \"$ORCH_ATTEMPT\" = p-1 ]; then touch \"$(git -C lib rev-parse --absolute-git-dir)/index.lock\"; exit 1; fi
        {} || exit 1; work 1.1",
        bump(&second)
    );
    sandbox.plan("p", "", &document(&[1]), &script);
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    assert_eq!(lib_of(&sandbox, "main"), second);
}

#[test]
fn submodules_of_the_verification_are_those_of_each_candidate() {
    // Red when a submodule is not exactly what the candidate says.
    let exact = "set -e; test \"$(git -C lib rev-parse HEAD)\" = \"$(git rev-parse HEAD:lib)\"; test -z \"$(git -C lib status --porcelain)\"";
    for leave in [
        "echo x >> lib/README.md",
        "echo x > lib/new.txt",
        "git -C lib -c user.name=T -c user.email=t@x commit -q --allow-empty -m x",
        "rm -rf lib; mkdir lib",
    ] {
        let (sandbox, _library, [_, second]) = with_library();
        sandbox.tables(&format!("[merge]\nverify = '{exact}; {leave}'"));
        sandbox.plan("a", "", &document(&[1]), "work 1.1");
        sandbox.plan("b", "", &document(&[1]), &format!("{}; work 1.1", bump(&second)));
        sandbox.plan("c", "", &document(&[1]), "work 1.1");
        sandbox.orch("up").code(0).ok();
        sandbox.orch("merge").code(0).ok();
        assert_eq!(sandbox.count("merge.flaky", None), 0, "{leave}");
        assert_eq!(lib_of(&sandbox, "main"), second, "{leave}");
    }
}

#[test]
fn a_conflict_is_checked_out_with_the_submodules_of_the_merge() {
    let (sandbox, _library, [_, second]) = with_library();
    sandbox.commit_file("shared.txt", "one\n");
    let edits = format!(
        "{}; echo two > shared.txt; git commit -qam two; work 1.1",
        bump(&second)
    );
    sandbox.plan("p", "", &document(&[1]), &edits);
    sandbox.orch("up").code(0).ok();
    sandbox.commit_file("shared.txt", "three\n");
    let _ = sandbox.orch("merge p");
    sandbox.orch("merge --resolve p").ok();
    let resolve = sandbox.worktree("p.resolve");
    resolve.write("shared.txt", "two and three\n");
    // As people do.
    resolve.git("add -A");
    sandbox.orch("merge --continue p").code(0).ok();
    assert_eq!(lib_of(&sandbox, "main"), second);
}
