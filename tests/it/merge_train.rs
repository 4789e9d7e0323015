//! `orch merge`: order, proof, conflicts, and nothing moved that should not.

use crate::support::{Stage, said};

/// Writes the plan's name into a file of its own, or into one that all share.
const WRITER: &str = r#"
echo $ORCH_PLAN > $([ -e "$HERE/shared" ] && echo shared.txt || echo $ORCH_PLAN.txt)
git add -A; git commit -qm "$ORCH_PLAN"
"#;

fn two(settings: &str, lines: &str) -> Stage {
    Stage::new()
        .agent(WRITER)
        .manifest(settings)
        .plan("a", &[1], "priority = \"high\"")
        .plan("b", &[1], lines)
        .ready()
}

#[test]
fn the_target_moves_to_exactly_what_was_verified() {
    let stage = two(
        "[merge]\nverify = \"git rev-parse HEAD >> ../../verified; test -e plans.toml\"",
        "",
    );
    stage.orch(&["up"]).exits(0);
    let before = stage.repo.head();
    let report = stage.orch(&["merge", "--json"]).exits(0).json();
    let after = stage.repo.git("rev-parse main");
    assert_eq!(report["schema"], 1);
    assert_eq!(report["target"], "main");
    assert_eq!(report["before"], before.as_str());
    assert_eq!(report["after"], after.as_str());
    let plans = report["plans"].as_array().unwrap();
    let shown: Vec<_> = plans
        .iter()
        .map(|plan| (plan["name"].as_str().unwrap(), plan["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, [("a", "landed"), ("b", "landed")]);
    let verified = std::fs::read_to_string(stage.beside("verified")).unwrap();
    assert_eq!(verified.lines().last(), Some(after.as_str()));
    assert_eq!(verified.lines().count(), 2);
    // The clean checkout of the target was brought along.
    assert_eq!(stage.repo.status(), "");
    assert!(stage.repo.join("b.txt").exists());
}

#[test]
fn a_red_tree_never_lands() {
    let stage = two("[merge]\nverify = \"test ! -e b.txt\"", "");
    let before = stage.repo.git("rev-parse main");
    stage.orch(&["up", "--merge"]).exits(1);
    assert_eq!([stage.state("a"), stage.state("b")], ["landed", "held"]);
    assert_ne!(stage.repo.git("rev-parse main"), before);
    assert!(!stage.repo.git("ls-tree --name-only main").contains("b.txt"));
    stage
        .orch(&["why", "b"])
        .exits(0)
        .says("merged tree does not pass");
}

#[test]
fn a_conflict_holds_the_plan_names_the_other_and_lets_the_rest_go_on() {
    let stage = Stage::new()
        .agent(&WRITER.replace("[ -e \"$HERE/shared\" ]", "[ $ORCH_PLAN != c ]"))
        .plan("a", &[1], "priority = \"high\"")
        .plan("b", &[1], "")
        .plan("c", &[1], "priority = \"low\"")
        .ready();
    stage.orch(&["up"]).exits(0);
    stage
        .orch(&["merge", "--dry-run"])
        .exits(1)
        .says("would land")
        .says("conflicts with a");
    assert_eq!(stage.state("a"), "finished");
    stage
        .orch(&["merge"])
        .exits(1)
        .says("conflicts with a in shared.txt");
    assert_eq!(
        ["a", "b", "c"].map(|plan| stage.state(plan)),
        ["landed", "held", "landed"]
    );
    let tree = crate::support::Tree::at(stage.worktree("b"));
    tree.try_git(["merge", "main"]);
    tree.write("shared.txt", "both\n");
    tree.git("add shared.txt");
    tree.git("commit -qm resolved");
    stage.orch(&["merge", "b"]).exits(0).says("landed");
    assert_eq!(stage.repo.git("show main:shared.txt"), "both");
}

#[test]
fn a_dirty_checkout_of_the_target_is_refused_before_anything_moves() {
    let stage = two("", "");
    stage.orch(&["up"]).exits(0);
    let before = stage.repo.git("rev-parse main");
    stage.repo.write("plans/a.md", "changed\n");
    stage
        .repo
        .write("plans/a.md", stage.repo.git("show HEAD:plans/a.md") + "\nmore\n");
    stage.orch(&["merge"]).exits(2).says("uncommitted changes");
    assert_eq!(stage.repo.git("rev-parse main"), before);
    stage.repo.git("checkout -q -- plans/a.md");
    stage.repo.write("a.txt", "in the way\n");
    stage.orch(&["merge", "a"]).exits(2).says("a.txt");
    assert_eq!(stage.repo.read("a.txt"), "in the way\n");
    std::fs::remove_file(stage.repo.join("a.txt")).unwrap();
    stage.orch(&["merge"]).exits(0);
}

#[test]
fn plans_land_after_what_they_build_on_or_not_at_all() {
    let stage = two("", "depends = [\"a\"]\npriority = 1000");
    stage.orch(&["up"]).exits(0);
    stage.orch(&["merge", "b"]).exits(1).says("builds on a");
    stage.orch(&["merge"]).exits(0);
    let merges = stage.repo.git("log --first-parent --reverse --format=%s main");
    let order: Vec<&str> = merges.lines().filter(|line| line.starts_with("Merge")).collect();
    assert_eq!(order, ["Merge plan a: Plan a", "Merge plan b: Plan b"]);
}

#[test]
fn another_target_may_be_named_and_need_not_exist() {
    let stage = two("", "");
    stage.orch(&["up"]).exits(0);
    let before = stage.repo.git("rev-parse main");
    stage.orch(&["merge", "--into", "release"]).exits(0);
    assert_eq!(stage.repo.git("rev-parse main"), before);
    assert!(stage.repo.git("ls-tree --name-only release").contains("b.txt"));
    assert_eq!(stage.state("a"), "finished");
    stage.orch(&["merge", "--into", "HEAD~1"]).exits(2);
}

#[test]
fn plans_land_by_themselves_where_the_manifest_says_so() {
    let stage = two("", "merge = \"auto\"");
    stage.orch(&["up"]).exits(0);
    assert_eq!([stage.state("a"), stage.state("b")], ["finished", "landed"]);
}

#[test]
fn a_running_supervisor_does_the_merging() {
    let stage = Stage::new()
        .agent(&format!(
            "[ $ORCH_PLAN = a ] || read _ < \"$HERE/gate\"\n{WRITER}"
        ))
        .plan("a", &[1], "")
        .plan("b", &[1], "")
        .gate("gate")
        .ready();
    let up = stage.start(&["up"]);
    stage.wait_for_event("plan.finished", "a");
    let report = stage.orch(&["merge", "--json"]).exits(0).json();
    assert_eq!(report["plans"][0]["name"], "a");
    stage.orch(&["merge", "b"]).exits(1).says("not finished");
    stage.open("gate");
    said(up).exits(0);
    assert_eq!([stage.state("a"), stage.state("b")], ["landed", "finished"]);
}

#[test]
fn clean_removes_what_has_landed_and_nothing_else() {
    let stage = two("", "");
    stage.orch(&["up"]).exits(0);
    stage.orch(&["clean"]).exits(0).says("it has not landed");
    stage.orch(&["merge", "a"]).exits(0);
    std::fs::write(stage.worktree("a").join("precious"), "").unwrap();
    stage
        .orch(&["clean", "a"])
        .exits(0)
        .says("uncommitted or untracked");
    assert!(stage.worktree("a").join("precious").exists());
    std::fs::remove_file(stage.worktree("a").join("precious")).unwrap();
    stage
        .orch(&["clean", "--dry-run"])
        .exits(0)
        .says("would remove a");
    assert!(stage.worktree("a").exists());
    stage.orch(&["clean"]).exits(0).says("removed a");
    assert!(!stage.worktree("a").exists() && stage.worktree("b").exists());
    assert_eq!(stage.repo.git("branch --list orch/*"), "+ orch/b");
    assert_eq!([stage.state("a"), stage.state("b")], ["landed", "finished"]);
}
