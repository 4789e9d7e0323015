//! The merge train with real candidates: several verified at once, who is to blame, flaky verdicts, a red target, verdicts
//! that are kept, a target that somebody else moves, and supervisors that die.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::{Dice, Sandbox, document, wait_for};

const TREE: &str = "git rev-parse \"HEAD^{tree}\" >> \"$MARKS/trees\"";

/// Finished plans without dependencies, and a verification of their merges.
fn finished(plans: &[&str], merge: &str, verify: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for plan in plans {
        sandbox.plan(plan, "", &document(&[1]), "work 1.1");
    }
    sandbox.tables(&format!("[merge]\n{merge}\nverify = '{TREE}; {verify}'"));
    sandbox.orch("up").code(0).ok();
    sandbox
}

fn trees(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(sandbox.mark("trees")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn candidates_are_verified_side_by_side_each_on_top_of_those_before_it() {
    // Nobody passes before three have begun.
    let barrier = "echo >> $MARKS/begun; until test $(wc -l < $MARKS/begun) -ge 3; do sleep 0.01; done";
    let sandbox = finished(&["a", "b", "c"], "verify_slots = 3", barrier);
    sandbox.orch("merge").code(0).ok();
    let landed = sandbox.git("log --first-parent --reverse --format=%T main -3");
    let landed: BTreeSet<&str> = landed.lines().collect();
    let verified = trees(&sandbox);
    assert_eq!(verified.len(), 3);
    assert_eq!(
        verified.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        landed
    );
    assert_eq!(
        sandbox.git("log --first-parent --format=%s main -3"),
        "Merge plan c: A plan\nMerge plan b: A plan\nMerge plan a: A plan"
    );
    let doctor = sandbox.orch("doctor").out;
    assert!(
        !doctor.contains("train@"),
        "nothing of the train is amiss: {doctor}"
    );
}

#[test]
fn where_not_every_commit_has_to_be_green_a_batch_lands_on_one_verdict() {
    let merge = "verify_slots = 1\nevery_commit_green = false";
    let sandbox = finished(&["a", "b", "c", "d"], merge, "true");
    let before = sandbox.head();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(trees(&sandbox), [sandbox.git("rev-parse main^{tree}")]);
    let merges = sandbox.git(&format!("rev-list --first-parent --count {before}..main"));
    assert_eq!(merges, "4", "each plan has its own merge");
    assert_eq!(sandbox.count("merge.landed", None), 4);
}

#[test]
fn a_culprit_and_what_builds_on_it_are_ejected_and_everything_else_lands() {
    for every in [true, false] {
        let sandbox = Sandbox::new();
        for (plan, keys) in [
            ("a", ""),
            ("b", ""),
            ("c", "depends = [\"b\"]"),
            ("d", ""),
            ("e", ""),
        ] {
            sandbox.plan(plan, keys, &document(&[1]), "work 1.1");
        }
        let verify =
            format!("{TREE}; ! test -e b-1.1.txt && {{ ! test -e d-1.1.txt || ! test -e e-1.1.txt; }}");
        sandbox.tables(&format!(
            "[merge]\nverify_slots = 3\nevery_commit_green = {every}\nverify = '{verify}'"
        ));
        sandbox.orch("up").code(0).ok();
        sandbox.orch("merge").code(1).ok();
        assert_eq!(sandbox.state("a"), "landed");
        assert_eq!(
            (sandbox.state("b"), sandbox.state("c")),
            ("held".into(), "finished".into())
        );
        assert!(sandbox.why("c").contains("waits for b"), "{}", sandbox.why("c"));
        // Red together and good alone: one of the two lands.
        let mut pair = [sandbox.state("d"), sandbox.state("e")];
        pair.sort();
        assert_eq!(pair, ["held", "landed"], "every_commit_green = {every}");
        let mut verified = trees(&sandbox);
        verified.sort();
        let most = verified.chunk_by(|a, b| a == b).map(<[String]>::len).max();
        assert_eq!(
            most,
            Some(2),
            "a red tree is verified once more and no other twice"
        );
    }
}

#[test]
fn a_verdict_that_was_red_once_and_then_green_is_recorded_as_flaky_and_lands() {
    let once = "test -e $MARKS/once || ! test -e b-1.1.txt || { touch $MARKS/once; echo odd; exit 1; }";
    let sandbox = finished(&["a", "b"], "", once);
    sandbox.orch("merge").code(0).ok();
    assert_eq!(
        (sandbox.state("a"), sandbox.state("b")),
        ("landed".into(), "landed".into())
    );
    assert_eq!(sandbox.count("merge.flaky", Some("b")), 1);
    assert_eq!(trees(&sandbox).len(), 3);
}

#[test]
fn a_red_target_is_named_and_nobody_is_blamed() {
    let sandbox = finished(&["a", "b"], "verify_slots = 2", "! test -e broken");
    sandbox.commit_file("broken", "by somebody\n");
    let merged = sandbox.orch("merge --json").code(1).json();
    for plan in merged["plans"].as_array().unwrap() {
        assert_eq!(plan["outcome"], "held");
        assert!(
            plan["why"]
                .as_str()
                .unwrap()
                .contains("the target itself does not pass")
        );
    }
    assert_eq!(merged["plans"].as_array().unwrap().len(), 2);
    assert_eq!(sandbox.state("a"), "held");
    sandbox.git("rm -q broken");
    sandbox.git("commit -q -m mended");
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("b"), "landed");
}

#[test]
fn a_tree_is_verified_once_for_each_target_whichever_run_asks() {
    let sandbox = finished(&["a", "b"], "", "true");
    sandbox.orch("merge --into trial").code(0).ok();
    let verified = trees(&sandbox);
    assert_eq!(verified.len(), 2);
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("b"), "landed");
    assert_eq!(trees(&sandbox).len(), 4, "what is verified is told the target");
    sandbox.git("branch -f trial HEAD~2");
    sandbox.orch("merge --into trial").ok();
    assert_eq!(
        trees(&sandbox).len(),
        4,
        "the same trees, from an earlier verification"
    );
}

#[test]
fn a_red_verdict_is_tried_anew_when_a_person_asks() {
    let sandbox = finished(&["a"], "", "! test -e a-1.1.txt || test -e $MARKS/ready");
    sandbox.orch("merge").code(1).ok();
    assert_eq!(trees(&sandbox).len(), 3, "twice the candidate, once the target");
    fs::write(sandbox.mark("ready"), "").unwrap();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("a"), "landed");
}

#[test]
fn a_supervisor_that_dies_while_candidates_are_verified_is_gone_on_with_and_nothing_is_verified_twice() {
    let sandbox = finished(
        &["a", "b"],
        "verify_slots = 2",
        "touch \"$MARKS/at-$(git rev-parse HEAD^{tree})\"; until test -e $MARKS/go; do sleep 0.01; done",
    );
    let running = sandbox.start("merge");
    wait_for("two verifications", || trees(&sandbox).len() == 2);
    assert!(
        sandbox
            .why("b")
            .contains("verifying behind a, 2 of 2 in the train"),
        "{}",
        sandbox.why("b")
    );
    running.kill();
    let again = sandbox.start("merge");
    fs::write(sandbox.mark("go"), "").unwrap();
    again.end().code(0).ok();
    assert_eq!(
        (sandbox.state("a"), sandbox.state("b")),
        ("landed".into(), "landed".into())
    );
    let verified = trees(&sandbox);
    assert_eq!(verified.len(), 2, "{verified:?}\n{:#?}", sandbox.events());
    sandbox.nothing_is_left();
}

#[test]
fn a_writer_that_moves_the_target_at_random_loses_no_commit_and_nothing_lands_unverified() {
    let sandbox = Sandbox::new();
    sandbox.settings("target = \"integration\"\nmax_agents = 3\nmerge = \"auto\"");
    let plans = ["a", "b", "c", "d", "e", "f"];
    for plan in plans {
        sandbox.plan(plan, "", &document(&[1]), "work 1.1");
    }
    sandbox.tables(&format!("[merge]\nverify_slots = 2\nverify = '{TREE}'"));
    sandbox.git("branch integration");
    let seed = Dice::seed("ORCH_WRITER_SEED");
    println!("writer: seed {seed}; replay with ORCH_WRITER_SEED={seed}");
    let mut dice = Dice::new(seed);
    let mut written: Vec<String> = Vec::new();
    let mut running = sandbox.start("up");
    let mut seen = 0;
    // Between any two verifications it may strike, less often than a candidate is given up.
    while running.is_alive() {
        let verified = trees(&sandbox).len();
        if verified == seen || written.len() >= 8 {
            std::thread::yield_now();
            continue;
        }
        seen = verified;
        if dice.below(2) == 0 {
            continue;
        }
        let tip = sandbox.git("rev-parse integration");
        let tree = sandbox.git(&format!("rev-parse {tip}^{{tree}}"));
        let mine = sandbox.git(&format!("commit-tree {tree} -p {tip} -m theirs-{seen}"));
        let moved = Command::new("git")
            .args(["-C", &sandbox.path().to_string_lossy()])
            .args([
                "update-ref",
                "-m",
                "theirs",
                "refs/heads/integration",
                &mine,
                &tip,
            ])
            .output()
            .unwrap();
        if moved.status.success() {
            written.push(mine);
        }
    }
    running.end().code(0).ok();
    for plan in plans {
        assert_eq!(sandbox.state(plan), "landed", "{}", sandbox.why(plan));
        assert_eq!(
            sandbox.git(&format!("cat-file -t integration:{plan}-1.1.txt")),
            "blob"
        );
    }
    let history = sandbox.git("rev-list integration");
    for commit in &written {
        assert!(history.contains(commit.as_str()), "{commit} is lost");
    }
    let verified: BTreeSet<String> = trees(&sandbox).into_iter().collect();
    let moves = sandbox.git("reflog show --format=%T%x20%gs refs/heads/integration");
    let landings = moves.lines().filter(|line| line.contains("orch: land"));
    let landings: Vec<&str> = landings.filter_map(|line| line.split(' ').next()).collect();
    assert!(!landings.is_empty());
    for tree in &landings {
        assert!(verified.contains(*tree), "{tree} landed unverified");
    }
    println!(
        "writer: {} commits of its own between {} landings",
        written.len(),
        landings.len()
    );
}

/// Plans `a` and, on top of it, `b`, verified by this line.
fn verified_by(line: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit_file(".gitignore", "cache\n");
    sandbox.tables(&format!("[merge]\nverify = '''{line}'''"));
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    let spoils = "work 1.1; echo bad > README.md; git commit -qam bad";
    sandbox.plan("b", "depends = [\"a\"]", &document(&[1]), spoils);
    sandbox
}

fn states(sandbox: &Sandbox) -> [String; 2] {
    ["a", "b"].map(|plan| sandbox.state(plan))
}

#[test]
fn what_one_verification_leaves_makes_no_other_red() {
    for line in [
        "test ! -e nested/x; r=$?; git init -q nested; echo x > nested/x; exit $r",
        "test ! -e cache; r=$?; touch cache; exit $r",
        "grep -q bad README.md || test ! -e b-1.1.txt; r=$?; git update-index --skip-worktree README.md; exit $r",
    ] {
        let sandbox = verified_by(line);
        sandbox.orch("up").code(0).ok();
        sandbox.orch("merge").code(0).ok();
        assert_eq!(states(&sandbox), ["landed", "landed"], "{line}");
    }
}

#[test]
fn what_one_verification_leaves_makes_no_other_green() {
    for leave in [
        "echo fine > README.md; git update-index --assume-unchanged README.md",
        "echo fine > README.md; git update-index --skip-worktree README.md",
        "git sparse-checkout set --no-cone \"/*\" \"!/b-1.1.txt\"",
    ] {
        let sandbox = verified_by(&format!(
            "if grep -q bad README.md && test -e b-1.1.txt; then r=1; else r=0; fi; {leave}; exit $r"
        ));
        sandbox.orch("up").code(0).ok();
        sandbox.orch("merge a").code(0).ok();
        sandbox.orch("merge b").code(1).ok();
        assert_eq!(states(&sandbox), ["landed", "held"], "{leave}");
    }
}

#[test]
fn a_worktree_that_a_verification_spoiled_is_made_anew() {
    let books = "$(git rev-parse --git-dir)";
    for spoil in [
        "mkfifo b-1.1.txt".to_owned(),
        "git init -q b-1.1.txt; cd b-1.1.txt; echo x > x; git add x; git commit -qm x".to_owned(),
        format!(": > {books}/index"),
        format!("rm {books}/index; mkdir {books}/index"),
        format!("mkdir {books}/index.lock"),
        format!(": > {books}/HEAD"),
        format!("rm {books}/commondir"),
        format!("rm {books}/gitdir"),
        "rm .git; mkdir .git".to_owned(),
    ] {
        let sandbox = Sandbox::new();
        let once = format!("if mkdir $MARKS/once; then {spoil}; fi; exit 0");
        sandbox.tables(&format!("[merge]\nverify = '''{once}'''"));
        sandbox.plan("a", "", &document(&[1]), "work 1.1");
        sandbox.plan("b", "depends = [\"a@landed\"]", &document(&[1]), "work 1.1");
        let said = sandbox.orch("up --merge").code(0);
        assert_eq!(states(&sandbox), ["landed", "landed"], "{spoil}: {said:?}");
        assert!(said.err.contains("was made anew"), "{spoil}: {said:?}");
        sandbox.orch("doctor").code(0).ok();
        sandbox.orch("clean").code(0).ok();
        assert_eq!(sandbox.git("worktree list").lines().count(), 1, "{spoil}");
    }
}

#[test]
fn attributes_and_drivers_that_came_up_while_agents_ran_merge_nothing() {
    for plant in [
        "echo '* merge=ours' > $main/.git/info/attributes",
        "git config merge.text.driver true",
    ] {
        let sandbox = Sandbox::new();
        sandbox.plan(
            "a",
            "",
            &document(&[1]),
            &format!("main={}; {plant}; work 1.1", sandbox.path().display()),
        );
        let said = sandbox.orch("up --merge").code(1);
        assert!(
            said.err.contains("has changed since this run began"),
            "{plant}: {said:?}"
        );
        assert_eq!(sandbox.state("a"), "finished", "{plant}");
        // Whoever begins another run has seen what is there.
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("a"), "landed", "{plant}");
    }
}

#[test]
fn what_the_main_checkout_leaves_out_is_verified_all_the_same() {
    for phase in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.write("wanted/a", "a\n").write("left-out/b", "b\n");
        sandbox.git("add -A");
        sandbox.git("commit -qm both");
        sandbox.git("sparse-checkout set wanted");
        let verify = "test -e left-out/b && ! test -e left-out/broken";
        let (tables, keys) = match phase {
            false => (format!("[merge]\nverify = \"{verify}\""), String::new()),
            true => (
                String::new(),
                format!("[plans.p.phases.1]\nverify = \"{verify}\""),
            ),
        };
        sandbox.tables(&tables);
        let breaks = "mkdir -p left-out; echo x > left-out/broken; git add --sparse left-out; git commit -qm broken; work 1.1";
        sandbox.plan("p", &keys, &document(&[1]), breaks);
        sandbox.orch("up --merge").code(1).ok();
        assert_ne!(sandbox.state("p"), "landed", "{}", sandbox.why("p"));
        assert!(sandbox.git("ls-tree -r main").contains("left-out/b"));
        assert!(!sandbox.git("ls-tree -r main").contains("broken"));
    }
}

/// Plans `a`, `b` and `c`, of which `b` breaks what only a worktree without caches shows.
fn broken_behind_a_cache(merge: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit_file(".gitignore", "cache\n");
    let line = "test ! -e broken || test -e cache || exit 1; touch cache";
    sandbox.tables(&format!("[merge]\n{merge}\nverify = '{line}'"));
    for plan in ["a", "b", "c"] {
        let breaks = if plan == "b" { "commit broken; " } else { "" };
        sandbox.plan(plan, "", &document(&[1]), &format!("{breaks}work 1.1"));
    }
    sandbox
}

#[test]
fn the_last_tip_of_a_run_is_verified_without_caches_and_the_first_bad_landing_is_named_on_top() {
    for line in ["up --merge", "merge"] {
        let sandbox = broken_behind_a_cache("");
        if line == "merge" {
            sandbox.orch("up").code(0).ok();
        }
        let said = sandbox.orch(line).code(1);
        for plan in ["a", "b", "c"] {
            assert_eq!(sandbox.state(plan), "landed");
        }
        let first = sandbox.git("log --first-parent --format=%h --abbrev=10 --grep=Orch-Plan:.b main");
        let expected = format!("since plan b landed ({first})");
        said.says(&expected).ok();
        assert_eq!(sandbox.count("target.checked", None), 1);
        let status = sandbox.orch("status --json").code(0).json();
        let attention = &status["attention"][0];
        assert_eq!(attention["plan"], "b");
        assert_eq!(attention["command"], "orch revert b");
        let shown = sandbox.orch("status").code(0).out;
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].contains(&expected), "{shown}");
        // What is advised helps, and the next run says so.
        sandbox.orch("revert b").code(0).ok();
        sandbox.plan("d", "", &document(&[1]), "work 1.1");
        sandbox.orch("up --merge d").code(0).ok();
        let status = sandbox.orch("status --json").code(0).json();
        assert_eq!(status["attention"], serde_json::json!([]));
    }
}

#[test]
fn what_was_verified_without_caches_is_not_verified_once_more() {
    let sandbox = broken_behind_a_cache("clean = \"ignored\"");
    let _ = sandbox.orch("up --merge");
    assert_eq!(sandbox.state("b"), "held");
    assert_eq!(sandbox.count("target.checked", None), 0);
}

#[test]
fn what_was_red_only_without_another_plan_is_tried_again_once_that_has_landed() {
    for (line, every) in [("merge", true), ("merge", false), ("up --merge", true)] {
        let sandbox = Sandbox::new();
        // Nobody has said that `a` needs `b`; `c` builds on `a`, and `d` is red whatever lands.
        sandbox.plan("a", "priority = 2", &document(&[1]), "work 1.1");
        sandbox.plan("b", "", &document(&[1]), "work 1.1");
        sandbox.plan("c", "depends = [\"a\"]", &document(&[1]), "work 1.1");
        sandbox.plan("d", "", &document(&[1]), "work 1.1");
        sandbox.tables(&format!(
            "[merge]\nevery_commit_green = {every}\nverify = '{TREE}; test ! -e d-1.1.txt && {{ test ! -e a-1.1.txt || test -e b-1.1.txt; }}'"
        ));
        if line == "merge" {
            sandbox.orch("up").code(0).ok();
        }
        let said = sandbox.orch(line).code(1);
        let states = ["a", "b", "c", "d"].map(|plan| sandbox.state(plan));
        assert_eq!(
            states,
            ["landed", "landed", "landed", "held"],
            "{line}: {}",
            said.out
        );
        if line == "merge" {
            assert!(said.out.contains("landed     a"), "{}", said.out);
            assert!(said.out.contains("failed     d"), "{}", said.out);
        }
        assert!(sandbox.count("merge.failed", Some("d")) <= 3, "it ends");
    }
}
