//! `orch merge`: order, verification of the very tree that lands, conflicts, and checkouts of the target.

use std::fs;

use crate::support::{Running, Sandbox, document, program};

/// Three finished plans: `b` builds on `a`, `c` stands alone and is more urgent.
fn finished() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "b",
        "depends = [\"a\"]\npriority = \"high\"",
        &document(&[1]),
        "work 1.1",
    );
    sandbox.plan("a", "priority = \"low\"", &document(&[1]), "work 1.1");
    sandbox.plan("c", "priority = 250", &document(&[1]), "work 1.1");
    sandbox
}

fn outcomes(merged: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let plans = merged["plans"].as_array().unwrap().iter();
    plans
        .map(|plan| (text(&plan["name"]), text(&plan["outcome"])))
        .collect()
}

fn pair(name: &str, outcome: &str) -> (String, String) {
    (name.to_owned(), outcome.to_owned())
}

#[test]
fn plans_land_after_what_they_depend_on_and_then_by_priority() {
    let sandbox = finished();
    sandbox.orch("up").code(0).says("orch merge").ok();
    let before = sandbox.head();
    let rehearsed = sandbox.orch("merge --dry-run --json").code(0).json();
    assert_eq!(sandbox.head(), before, "a rehearsal moves nothing");
    assert_eq!(sandbox.count("merge.landed", None), 0);
    let merged = sandbox.orch("merge --json").code(0).json();
    // `a` inherits the priority of `b`, which waits for it.
    let order = [pair("a", "landed"), pair("b", "landed"), pair("c", "landed")];
    assert_eq!(outcomes(&merged), order);
    assert_eq!(outcomes(&rehearsed), order);
    assert_eq!(merged["before"], before.as_str());
    assert_eq!(merged["after"], sandbox.head().as_str());
    assert_eq!(merged["target"], "main");
    assert_eq!(
        sandbox.git("log --first-parent --format=%s main -3"),
        "Merge plan c: A plan\nMerge plan b: A plan\nMerge plan a: A plan"
    );
    sandbox.orch("merge").code(0).says("nothing to merge").ok();
}

#[test]
fn a_plan_named_alone_does_not_land_before_what_it_builds_on() {
    let sandbox = finished();
    sandbox.orch("up").code(0).ok();
    let merged = sandbox.orch("merge b --json").code(1).json();
    assert_eq!(outcomes(&merged), [pair("b", "skipped")]);
    assert!(merged["plans"][0]["why"].as_str().unwrap().contains('a'));
    sandbox.orch("merge b a").code(0).ok();
    assert_eq!(sandbox.state("c"), "finished");
}

#[test]
fn the_tree_that_was_verified_is_the_tree_that_lands() {
    let sandbox = finished();
    sandbox.tables(
        "[merge]\nverify = 'git rev-parse \"HEAD^{tree}\" HEAD >> \"$MARKS/trees\"; test -f README.md'",
    );
    sandbox.orch("up --merge").code(0).ok();
    let verified = fs::read_to_string(sandbox.mark("trees")).unwrap();
    let verified: Vec<&str> = verified.lines().collect();
    let landed = sandbox.git("log --first-parent --reverse --format=%T%n%H main -3");
    assert_eq!(verified, landed.lines().collect::<Vec<_>>());
}

#[test]
fn a_red_verification_holds_the_plan_moves_nothing_and_lets_the_rest_go_on() {
    let sandbox = finished();
    sandbox.tables(
        "[merge]\nverify = \"test ! -f a-1.1.txt || test -f mended || { echo the bridge fell; exit 1; }\"",
    );
    sandbox.orch("up").code(0).ok();
    let merged = sandbox.orch("merge --json").code(1).json();
    let mut got = outcomes(&merged);
    got.sort();
    assert_eq!(got[1], pair("b", "skipped"));
    assert_eq!(got[2], pair("c", "landed"));
    assert_eq!(got[0].0, "a");
    assert_ne!(got[0].1, "landed");
    assert_eq!(sandbox.state("a"), "held");
    assert!(
        sandbox.why("a").contains("the bridge fell"),
        "{}",
        sandbox.why("a")
    );
    assert!(!sandbox.join("a-1.1.txt").exists());
    sandbox.worktree("a").commit_file("mended", "by hand\n");
    sandbox.orch("merge").code(0).ok();
    assert!(sandbox.join("b-1.1.txt").exists());
}

#[test]
fn a_conflict_is_held_with_its_files_and_the_other_plan_and_lands_once_a_person_has_resolved_it() {
    let sandbox = Sandbox::new();
    for plan in ["one", "two"] {
        let script = format!("echo {plan} > shared.txt; git add .; git commit -qm {plan}");
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox.plan("three", "", &document(&[1]), "work 1.1");
    // Landed together, in the manifest's order: on its own each would land when it happens to be finished.
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge").code(1).ok();
    assert_eq!(sandbox.state("one"), "landed");
    assert_eq!(sandbox.state("three"), "landed", "the rest goes on");
    assert_eq!(sandbox.state("two"), "held");
    let why = sandbox.why("two");
    assert!(why.contains("one") && why.contains("shared.txt"), "{why}");
    let again = sandbox.orch("merge --json").code(1).json();
    assert_eq!(outcomes(&again), [pair("two", "held")]);
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("two"), "held", "the next run forgets nothing");
    assert!(sandbox.why("two").contains("shared.txt"));
    let two = sandbox.worktree("two");
    assert_eq!(two.status(), "", "no half-made merge is left");
    assert!(!two.try_git(["merge", "-q", "main"]).status.success());
    two.write("shared.txt", "one and two\n").commit("merge by hand");
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.read("shared.txt"), "one and two\n");
    assert_eq!(sandbox.state("two"), "landed");
}

#[test]
fn a_conflict_between_a_plan_and_what_it_depends_on_is_held_before_its_agent_starts() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "one",
        "",
        &document(&[1]),
        "echo one > shared.txt; git add .; git commit -qm one",
    );
    sandbox.plan(
        "two",
        "[plans.two.phases.2]\ndepends = [\"one\"]",
        &document(&[1, 1]),
        "case $ORCH_PHASE in 1) echo two > shared.txt; work 1.1;; *) work 2.1;; esac",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("two"), "held");
    let why = sandbox.why("two");
    assert!(why.contains("one") && why.contains("shared.txt"), "{why}");
    let two = sandbox.worktree("two");
    assert!(!two.try_git(["merge", "-q", "orch/one"]).status.success());
    two.write("shared.txt", "both\n").commit("merge by hand");
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.read("shared.txt"), "both\n");
}

#[test]
fn what_is_dirty_or_in_the_way_of_the_merge_in_a_checkout_of_the_target_refuses_it_before_anything_moves() {
    let sandbox = finished();
    sandbox.orch("up").code(0).ok();
    let before = sandbox.head();
    let tree = sandbox.worktree("a");
    tree.write("README.md", "by a\n").commit("the readme too");
    sandbox.write("README.md", "being edited\n");
    let rehearsed = sandbox.orch("merge a --dry-run --json").code(2).json();
    assert_eq!(rehearsed["plans"][0]["outcome"], "failed");
    assert!(
        rehearsed["plans"][0]["why"]
            .as_str()
            .unwrap()
            .contains("README.md")
    );
    sandbox.orch("merge a").code(2).says("README.md").ok();
    assert_eq!(sandbox.head(), before);
    assert_eq!(sandbox.read("README.md"), "being edited\n");
    assert_eq!(sandbox.state("a"), "finished");
    sandbox.git("checkout -q README.md");
    sandbox.write("a-1.1.txt", "mine\n");
    sandbox.orch("merge a").code(2).says("a-1.1.txt").ok();
    assert_eq!(
        (sandbox.head(), sandbox.read("a-1.1.txt")),
        (before, "mine\n".to_owned())
    );
    sandbox.remove("a-1.1.txt");
    sandbox.write("unrelated", "stays\n");
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.read("unrelated"), "stays\n");
    assert_eq!(
        sandbox.git("diff HEAD --name-only"),
        "",
        "the checkout is brought along"
    );
}

#[test]
fn what_became_of_each_plan_is_said_once() {
    let sandbox = finished();
    sandbox.tables("[merge]\nverify = \"true\"");
    sandbox.orch("up").code(0).ok();
    let said = sandbox.orch("merge").code(0);
    for plan in ["a", "b", "c"] {
        let lines = said.out.lines().chain(said.err.lines());
        let results =
            lines.filter(|line| line.contains("landed") && line.split_whitespace().any(|word| word == plan));
        assert_eq!(results.count(), 1, "{said:?}");
    }
    assert!(
        said.err.contains("merge.verified"),
        "verdicts are told as they come: {said:?}"
    );
}

#[test]
fn plans_that_build_on_each_other_in_turn_land_once_all_of_them_are_finished() {
    let sandbox = Sandbox::new();
    sandbox.gate("a");
    let a = "# A\n\n## Phase 1: One\n\n- [ ] 1.1 x\n\n## Phase 2: Two (depends: c.phase1)\n\n- [ ] 2.1 y\n";
    let script = "if [ $ORCH_PHASE = 1 ]; then work 1.1; else gate a; work 2.1; fi";
    sandbox.plan("a", "verify = \"test -f a-2.1.txt\"", a, script);
    let b = "# B\n\n## Phase 1: One (depends: a.phase1)\n\n- [ ] 1.1 x\n";
    sandbox.plan("b", "", b, "work 1.1");
    sandbox.plan("c", "depends = [\"b\"]", &document(&[1]), "work 1.1");
    let graph = sandbox.orch("graph").code(0).out;
    assert!(
        graph.contains("after b@landed") && !graph.contains("after a@landed"),
        "{graph}"
    );
    let up = sandbox.start("up --merge");
    sandbox.reached("a");
    sandbox.happened("plan.finished", "c");
    sandbox.open("a");
    up.end().code(0).ok();
    let events = sandbox.events();
    let ends = events
        .iter()
        .filter(|event| event["event"] == "merge.landed" || event["event"] == "plan.finished");
    let ends: Vec<String> = ends
        .map(|event| {
            format!(
                "{} {}",
                event["event"].as_str().unwrap(),
                event["plan"].as_str().unwrap()
            )
        })
        .collect();
    // Whoever landed sooner would bring the first phase of a plan that may fail yet.
    let landed = ["merge.landed b", "merge.landed c", "merge.landed a"];
    assert_eq!(ends[3..], landed, "{ends:?}");
    sandbox.orch("revert b --with-dependents").code(0).ok();
}

#[test]
fn a_merge_into_another_branch_leaves_the_target_alone() {
    let sandbox = finished();
    sandbox.orch("up").code(0).ok();
    let before = sandbox.head();
    let merged = sandbox.orch("merge --into trial --json").code(0).json();
    assert_eq!(merged["target"], "trial");
    assert_eq!(sandbox.head(), before);
    assert_eq!(sandbox.git("cat-file -t trial:b-1.1.txt"), "blob");
    assert_eq!(sandbox.state("a"), "finished", "it is not on the target");
    sandbox.orch("merge --into bad..name").code(2).ok();
    let own = sandbox.rev("orch/b");
    sandbox
        .orch("merge a --into orch/b")
        .code(2)
        .says("plan b is worked on")
        .ok();
    assert_eq!(sandbox.rev("orch/b"), own);
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("a"), "landed");
}

#[test]
fn plans_land_by_themselves_where_the_manifest_says_so_on_a_target_that_is_made_for_it() {
    let sandbox = Sandbox::new();
    sandbox.settings("merge = \"auto\"\ntarget = \"integration\"");
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox.plan(
        "b",
        "depends = [\"a@landed\"]",
        &document(&[1]),
        "test -f a-1.1.txt; work 1.1",
    );
    sandbox.plan(
        "empty",
        "allow_empty = true",
        &document(&[1]),
        "orch task done 1.1",
    );
    let before = sandbox.head();
    sandbox.orch("up").code(0).says("3 landed").ok();
    assert_eq!(sandbox.head(), before);
    assert_eq!(sandbox.git("cat-file -t integration:b-1.1.txt"), "blob");
    assert_eq!(
        sandbox.orch("status --json").code(0).json()["target"]["ref"],
        "refs/heads/integration"
    );
}

#[test]
fn clean_removes_what_has_landed_and_nothing_else() {
    let sandbox = finished();
    sandbox.orch("up").code(0).ok();
    let unlanded = sandbox.orch("clean --json").code(0).json();
    assert_eq!(unlanded["removed"], serde_json::json!([]));
    assert_eq!(unlanded["kept"].as_array().unwrap().len(), 3);
    sandbox.orch("merge a c").code(0).ok();
    sandbox.worktree("c").write("notes", "not committed\n");
    let rehearsed = sandbox.orch("clean --dry-run --json").code(0).json();
    assert!(sandbox.worktree("a").path().exists());
    let cleaned = sandbox.orch("clean --json").code(0).json();
    assert_eq!(rehearsed["removed"], cleaned["removed"]);
    assert_eq!(cleaned["removed"], serde_json::json!(["a"]));
    assert!(!sandbox.worktree("a").path().exists());
    assert_eq!(sandbox.worktree("c").read("notes"), "not committed\n");
    assert!(sandbox.worktree("b").path().exists());
    assert_eq!(sandbox.state("a"), "landed", "that it landed is still known");
    // Commits made after the landing are unlanded work too.
    sandbox.worktree("c").commit("late work");
    sandbox.orch("merge b").code(0).ok();
    let cleaned = sandbox.orch("clean --json").code(0).json();
    assert_eq!(cleaned["removed"], serde_json::json!(["b"]));
    sandbox.worktree("c").rev("HEAD");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts().len(), 3, "what has landed is not done again");
}

#[test]
fn plans_that_wait_for_each_others_phases_in_turn_land_too() {
    let sandbox = Sandbox::new();
    let script = "case $ORCH_PHASE in *1*) work 1.1;; esac; case $ORCH_PHASE in *2*) work 2.1;; esac";
    let waits = |own: &str, on: &str| {
        format!(
            "[plans.{own}.phases.{}]\ndepends = [{on:?}]",
            if own == "a" { 2 } else { 1 }
        )
    };
    sandbox.plan("a", &waits("a", "b.1"), &document(&[1, 1]), script);
    sandbox.plan("b", &waits("b", "a.1"), &document(&[1, 1]), script);
    sandbox.orch("up --merge").code(0).ok();
    for plan in ["a", "b"] {
        assert_eq!(sandbox.state(plan), "landed", "{}", sandbox.why(plan));
    }
    assert!(sandbox.join("a-2.1.txt").exists() && sandbox.join("b-2.1.txt").exists());
}

#[test]
fn what_a_person_landed_by_hand_counts_as_landed_with_what_shows_it() {
    let sandbox = Sandbox::new();
    for name in ["merged", "squashed", "rebased", "open"] {
        sandbox.plan(name, "", &document(&[2]), "work 1.1 1.2");
    }
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("merged"), "finished");
    sandbox.git("merge -q --no-ff orch/merged");
    sandbox.git("merge -q --squash orch/squashed");
    sandbox.git_args(["commit", "-q", "-m", "squashed by hand"]);
    sandbox.git("cherry-pick orch/rebased~1 orch/rebased");
    for (name, word) in [
        ("merged", "history"),
        ("squashed", "the change of the whole branch"),
        ("rebased", "2 commits on the target"),
    ] {
        assert_eq!(sandbox.state(name), "landed", "{name}");
        assert!(
            sandbox.why(name).contains("a person landed it"),
            "{}",
            sandbox.why(name)
        );
        assert!(sandbox.why(name).contains(word), "{}", sandbox.why(name));
    }
    assert_eq!(sandbox.state("open"), "finished");
    assert_eq!(
        sandbox.count("merge.found", None),
        0,
        "looking writes nothing down"
    );

    sandbox
        .orch("clean --dry-run")
        .code(0)
        .says("would remove squashed")
        .ok();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.count("merge.found", None), 3);
    assert_eq!(sandbox.count("merge.landed", None), 1);
    assert_eq!(sandbox.state("open"), "landed");
    let tip = sandbox.rev("orch/squashed");
    sandbox
        .orch("clean")
        .code(0)
        .says("refs/orch/backup/squashed/")
        .ok();
    assert_eq!(sandbox.git("branch --list orch/*"), "");
    let kept = sandbox.git(&format!("for-each-ref --format=%(refname) --contains {tip}"));
    assert!(kept.starts_with("refs/orch/backup/squashed/"), "{kept}");
}

#[test]
fn a_plan_of_which_half_was_picked_has_not_landed_and_merging_the_rest_adds_no_empty_commit() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[2]), "work 1.1 1.2");
    sandbox.orch("up").code(0).ok();
    sandbox.git("cherry-pick orch/p~1");
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.git("cherry-pick orch/p");
    let before = sandbox.head();
    sandbox.orch("merge p").code(0).ok();
    assert_eq!((sandbox.head(), sandbox.state("p").as_str()), (before, "landed"));
}

#[test]
fn an_interrupted_merge_speaks_of_every_plan_and_says_that_it_was_interrupted() {
    let sandbox = Sandbox::new();
    sandbox.gate("m");
    sandbox
        .tables("[merge]\nverify = \"test -e $MARKS/passes || { : > $MARKS/at-m; read -r _ < $GATES/m; }\"");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let merge = sandbox.start("merge --json");
    sandbox.reached("m");
    merge.signal(rustix::process::Signal::INT);
    let said = merge.end().code(130);
    let outcomes = outcomes(&said.json());
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert!(
        outcomes.iter().all(|(_, outcome)| outcome != "landed"),
        "{outcomes:?}"
    );
    fs::write(sandbox.mark("passes"), "").unwrap();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(
        (sandbox.state("p"), sandbox.state("q")),
        ("landed".into(), "landed".into())
    );
}

#[test]
fn that_a_person_landed_a_plan_is_known_after_it_was_cleaned_away_and_its_dependents_go_on() {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    sandbox.git("merge -q --squash orch/a");
    sandbox.git_args(["commit", "-q", "-m", "squashed by hand"]);
    sandbox.orch("clean").code(0).says("removed a").ok();
    assert_eq!(sandbox.state("a"), "landed", "{}", sandbox.why("a"));
    sandbox.plan("b", "depends = [\"a@landed\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("b"), "finished", "{}", sandbox.why("b"));
}

#[test]
fn a_plan_that_a_person_squashed_is_still_known_when_orch_lands_others_on_top() {
    let sandbox = Sandbox::new();
    for name in ["x", "y"] {
        sandbox.plan(name, "", &document(&[1]), "work 1.1");
    }
    sandbox.orch("up").code(0).ok();
    sandbox.git("merge -q --squash orch/x");
    sandbox.git_args(["commit", "-q", "-m", "squashed by hand"]);
    sandbox.write("x-1.1.txt", "changed since").commit("go on");
    sandbox.orch("merge y").code(0).ok();
    for name in ["x", "y"] {
        assert_eq!(sandbox.state(name), "landed", "{}", sandbox.why(name));
    }
}

#[test]
fn a_running_supervisor_notices_what_a_person_lands() {
    let sandbox = Sandbox::new();
    sandbox.gate("long");
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox.plan("b", "depends = [\"a@landed\"]", &document(&[1]), "work 1.1");
    sandbox.plan("long", "", &document(&[1]), "gate long; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("long");
    sandbox.happened("plan.finished", "a");
    sandbox.git("merge -q --no-ff orch/a");
    sandbox.happened("merge.found", "a");
    sandbox.happened("plan.finished", "b");
    sandbox.open("long");
    up.end().code(0).ok();
}

#[test]
fn a_verification_is_told_which_target_it_is_about_and_its_word_counts_for_that_one() {
    let sandbox = Sandbox::new();
    sandbox.tables("[merge]\nverify = 'test $ORCH_TARGET = main'");
    sandbox.git("branch rel");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    let before = sandbox.rev("rel");
    sandbox.orch("merge p --into rel").code(1).ok();
    assert_eq!(sandbox.rev("rel"), before);
}

#[test]
fn two_who_ask_for_different_targets_are_each_told_of_their_own() {
    let sandbox = Sandbox::new();
    sandbox.gate("v");
    sandbox
        .tables("[merge]\nverify = ': > \"$MARKS/at-v\"; test -e \"$MARKS/go\" || read -r _ < \"$GATES/v\"'");
    sandbox.git("branch rel");
    for plan in ["a", "b"] {
        sandbox.plan(plan, "", &document(&[1]), "work 1.1");
    }
    sandbox.orch("up").code(0).ok();
    let first = sandbox.start("merge a --json");
    sandbox.reached("v");
    let second = sandbox.start("merge a b --into rel --json");
    crate::support::wait_for("the second request", || {
        sandbox.count("merge.requested", None) == 2
    });
    std::fs::write(sandbox.mark("go"), "").unwrap();
    sandbox.open("v");
    let (first, second) = (first.end().code(0).json(), second.end().code(0).json());
    let names = |report: &serde_json::Value| -> Vec<String> {
        let plans = report["plans"].as_array().unwrap().iter();
        plans
            .map(|plan| plan["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (first["target"].as_str(), names(&first)),
        (Some("main"), vec!["a".to_owned()])
    );
    let mut both = names(&second);
    both.sort();
    assert_eq!(
        (second["target"].as_str(), both),
        (Some("rel"), vec!["a".to_owned(), "b".to_owned()])
    );
    assert!(
        second["plans"]
            .as_array()
            .unwrap()
            .iter()
            .all(|plan| plan["outcome"] == "landed"),
        "{second}"
    );
}

#[test]
fn a_target_that_somebody_rebases_is_not_moved_under_it() {
    let sandbox = Sandbox::new();
    sandbox.settings("base = \"main\"");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.commit_file("mine.txt", "1\n");
    sandbox.orch("up").code(0).ok();
    let before = sandbox.rev("main");
    sandbox.git_args([
        "-c",
        "sequence.editor=sed -i '$abreak'",
        "rebase",
        "-q",
        "-i",
        "HEAD~1",
    ]);
    sandbox
        .orch("merge")
        .code(2)
        .says("a rebase of `main` is under way")
        .ok();
    assert_eq!(sandbox.rev("main"), before);
    sandbox.git("rebase --abort");
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn plans_that_change_one_file_land_together_beside_a_checkout_of_the_target() {
    let sandbox = Sandbox::new();
    sandbox.tables("[merge]\nverify_slots = 2\nverify = 'test -e many.txt'");
    let lines: Vec<String> = (0..60).map(|n| format!("line {n}\n")).collect();
    sandbox.commit_file("many.txt", &lines.concat());
    let plans = ["a", "b", "c", "d"];
    for (n, plan) in plans.into_iter().enumerate() {
        let line = 10 * n + 5;
        let script =
            format!("sed -i '{line}s/line/{plan}/' many.txt; git commit -qam {plan}; orch task done -q 1.1");
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox.orch("up --merge").code(0).ok();
    for plan in plans {
        assert_eq!(sandbox.state(plan), "landed", "{}", sandbox.why(plan));
    }
    assert_eq!(sandbox.count("merge.failed", None), 0);
    assert_eq!(sandbox.git("status --porcelain -uno many.txt"), "");
}

#[test]
fn a_branch_from_which_the_finished_work_was_taken_does_not_count_as_landed() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.plan("q", "depends = [\"p@landed\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    let made = sandbox.rev("orch/p");
    sandbox.worktree("p").git("reset -q --hard HEAD~1");
    sandbox.orch("merge").code(2).says("no longer has the work").ok();
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.worktree("p").git(&format!("reset -q --hard {made}"));
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(
        (sandbox.state("p"), sandbox.state("q")),
        ("landed".to_owned(), "landed".to_owned())
    );
}

#[test]
fn a_target_that_was_set_back_is_told_of_with_the_plans_that_it_lost() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let before = sandbox.rev("main");
    sandbox.orch("up --merge").code(0).ok();
    let said = "somebody has set main back";
    assert!(!sandbox.orch("up").code(0).err.contains(said));
    sandbox.git(&format!("reset -q --hard {before}"));
    sandbox.orch("up").says(said).says("git merge orch/p").ok();
    sandbox.git("merge -q --no-edit orch/p");
    assert!(
        sandbox.join("p-1.1.txt").exists(),
        "what it says to do brings the work back"
    );
    assert!(!sandbox.orch("up").code(0).err.contains(said));
}

#[test]
fn a_plan_that_has_landed_and_was_cleaned_away_is_there_already() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    sandbox.orch("clean").code(0).ok();
    assert_eq!(sandbox.git("branch --list orch/p"), "");
    let before = sandbox.rev("main");
    for line in ["merge p --dry-run", "merge p"] {
        sandbox.orch(line).code(0).says("there already").ok();
    }
    assert_eq!(
        (sandbox.rev("main"), sandbox.state("p")),
        (before, "landed".to_owned())
    );
    assert!(
        !sandbox.why("p").contains("was not merged"),
        "{}",
        sandbox.why("p")
    );
}

#[test]
fn a_checkout_that_could_not_follow_is_told_of_until_it_has() {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox.plan("b", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    // In the very moment in which the target moves, somebody writes the file that it brings.
    let hook = sandbox.join(".git/hooks/reference-transaction");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let mine = sandbox.join("a-1.1.txt");
    program(
        &hook,
        &format!(
            "#!/bin/sh\ntest \"$1\" = committed || exit 0\ngrep -q 'refs/heads/main$' && printf mine > {mine:?}\nexit 0\n"
        ),
    );
    sandbox.orch("merge a").code(0).says("was not updated").ok();
    fs::remove_file(&hook).unwrap();
    assert_eq!(sandbox.state("a"), "landed");
    assert_eq!(sandbox.read("a-1.1.txt"), "mine");
    sandbox.orch("status").code(0).says("was not updated").ok();
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!(status["attention"][0]["command"], "orch doctor --fix");
    let landed = sandbox.head();
    sandbox.orch("up").code(0).says("was not updated").ok();
    sandbox
        .orch("doctor --fix")
        .code(1)
        .says("tried: update its checkouts")
        .ok();
    // The next one would only add to what is staged as taken back.
    sandbox.orch("merge b").code(2).says("was not updated").ok();
    assert_eq!(
        (sandbox.head(), sandbox.state("b")),
        (landed, "finished".to_owned())
    );
    sandbox.remove("a-1.1.txt");
    sandbox.orch("merge b").code(0).says("was updated now").ok();
    assert_eq!(sandbox.git("diff HEAD --name-only"), "");
    assert!(sandbox.join("a-1.1.txt").exists() && sandbox.join("b-1.1.txt").exists());
    sandbox.orch("doctor").code(0).ok();
}

/// `a` has landed, and `b` is at its last gate.
fn landed_and_at_work() -> (Sandbox, Running) {
    let sandbox = Sandbox::new();
    sandbox.git("tag start");
    sandbox.settings("base = \"start\"\ntarget = \"main\"");
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox.plan(
        "b",
        "depends = [\"a@landed\"]",
        &document(&[1]),
        "work 1.1; gate last",
    );
    sandbox.gate("last");
    let run = sandbox.start("up --merge");
    sandbox.reached("last");
    (sandbox, run)
}

#[test]
fn a_target_that_is_deleted_beside_a_run_is_not_made_again() {
    let (sandbox, run) = landed_and_at_work();
    let tip = sandbox.rev("main");
    sandbox.git("checkout -q --detach");
    sandbox.git("branch -q -D main");
    sandbox.open("last");
    let said = run.end();
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(sandbox.git("for-each-ref refs/heads/main"), "");
    let back = format!("branch main {tip}");
    let why = sandbox.why("b");
    assert!(why.contains("deleted main") && why.contains(&back), "{why}");
    assert!(why.contains("a ("), "{why}");
    // Neither does the next one make it.
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.git("for-each-ref refs/heads/main"), "");
    sandbox.git(&back);
    sandbox.git("checkout -q main");
    sandbox.orch("merge").code(0).ok();
    assert!(sandbox.join("a-1.1.txt").exists() && sandbox.join("b-1.1.txt").exists());
}

#[test]
fn a_target_that_is_set_back_beside_a_run_gets_nothing_more_and_says_what_it_lost() {
    let (sandbox, run) = landed_and_at_work();
    let tip = sandbox.rev("main");
    sandbox.git("reset -q --hard HEAD~1");
    let back = sandbox.rev("main");
    sandbox.open("last");
    let said = run.end();
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(sandbox.rev("main"), back);
    let why = sandbox.why("b");
    let merge = format!("merge {tip}");
    assert!(
        why.contains("set main back") && why.contains(&merge) && why.contains("a ("),
        "{why}"
    );
    sandbox.git(&merge);
    sandbox.orch("merge").code(0).ok();
    assert!(sandbox.join("a-1.1.txt").exists() && sandbox.join("b-1.1.txt").exists());
}

#[test]
fn a_running_supervisor_brings_a_checkout_along_once_nothing_is_in_the_way() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox.plan("b", "", &document(&[1]), "gate g; work 1.1");
    let hook = sandbox.join(".git/hooks/reference-transaction");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let mine = sandbox.join("a-1.1.txt");
    program(
        &hook,
        &format!(
            "#!/bin/sh\ntest \"$1\" = committed || exit 0\ngrep -q 'refs/heads/main$' && printf mine > {mine:?}\nexit 0\n"
        ),
    );
    let up = sandbox.start("up --merge");
    sandbox.happened("merge.landed", "a");
    fs::remove_file(&hook).unwrap();
    assert_eq!(sandbox.read("a-1.1.txt"), "mine");
    sandbox.remove("a-1.1.txt");
    crate::support::wait_for("the checkout to follow", || {
        sandbox.git("diff HEAD --name-only").is_empty()
    });
    assert!(sandbox.join("a-1.1.txt").exists());
    assert_eq!(
        sandbox.orch("status --json").json()["attention"],
        serde_json::json!([])
    );
    sandbox.open("g");
    up.end().code(0).ok();
}

#[test]
fn a_landing_that_was_lost_before_a_run_and_whose_branch_is_gone_is_told_of_with_its_commit() {
    let sandbox = Sandbox::new();
    sandbox.tables("[merge]\nstrategy = \"squash\"");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let before = sandbox.rev("main");
    sandbox.orch("up --merge").code(0).ok();
    sandbox.orch("clean").code(0).ok();
    let landed = sandbox.rev("main");
    sandbox.git(&format!("reset -q --hard {before}"));
    let remedy = format!("merge {landed}");
    sandbox
        .orch("up")
        .says("somebody has set main back")
        .says(&remedy)
        .ok();
    let held = sandbox.git(&format!("for-each-ref --contains {landed} refs/orch/backup"));
    assert!(!held.is_empty(), "the landing is on a ref");
    sandbox.git(&format!("{remedy} -q"));
    assert!(sandbox.join("p-1.1.txt").exists());
    assert!(!sandbox.orch("up").code(0).err.contains("set main back"));
}

#[test]
fn a_landing_that_was_cut_short_is_ended_when_all_notes_of_it_are_lost() {
    let sandbox = Sandbox::new();
    sandbox.git("switch -qc aside");
    sandbox.write("landed.txt", "landed\n");
    sandbox.git("add landed.txt");
    sandbox.git("commit -qm landed");
    sandbox.git("switch -q main");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    // As a landing that dies with all its processes leaves it: the target has moved, the checkout has not.
    std::fs::copy(sandbox.join(".git/index"), sandbox.join(".git/index.orch")).unwrap();
    sandbox.write(".git/index.lock", "");
    sandbox.git_args([
        "update-ref",
        "-m",
        "orch: land 1234567890",
        "refs/heads/main",
        "aside",
    ]);
    assert!(sandbox.git("status --short").starts_with("D  landed.txt"));
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.git("status --short --untracked-files=no"), "");
    assert!(sandbox.join("landed.txt").exists() && !sandbox.join(".git/index.lock").exists());
}
