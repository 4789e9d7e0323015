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

fn landed(plans: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for plan in 1..=plans {
        sandbox.plan(&format!("p{plan}"), "", &document(&[1]), "work 1.1");
    }
    sandbox.orch("up --merge").code(0).ok();
    sandbox
}

#[test]
fn of_several_cleanings_each_takes_its_turn_and_each_worktree_goes_once() {
    let sandbox = landed(4);
    let all: Vec<_> = (0..3).map(|_| sandbox.start("clean --json")).collect();
    let mut removed = Vec::new();
    for clean in all {
        let said = clean.end().code(0).json();
        let names = said["removed"].as_array().unwrap();
        removed.extend(names.iter().map(|name| name.as_str().unwrap().to_owned()));
    }
    removed.retain(|name| name.starts_with('p'));
    removed.sort();
    assert_eq!(removed, ["p1", "p2", "p3", "p4"]);
    assert_eq!(sandbox.git("branch --list orch/*"), "");
    sandbox.orch("doctor").says("no problems found").ok();
}

#[test]
fn nobody_begins_to_drive_while_worktrees_are_removed() {
    let sandbox = landed(1);
    sandbox.gate("removing");
    sandbox.tables("[hooks]\npre_remove = ': > \"$MARKS/at-removing\"; until read -r _ < \"$GATES/removing\"; do :; done'");
    let clean = sandbox.start("clean p1");
    sandbox.reached("removing");
    sandbox.orch("up").code(3).says("orch clean").ok();
    sandbox.open("removing");
    clean.end().code(0).says("removed p1").ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p1"), "landed");
}

#[test]
fn a_plan_whose_conflict_was_resolved_and_squashed_is_cleaned_away_by_what_was_written_down() {
    let sandbox = Sandbox::new();
    sandbox.tables("[merge]\nstrategy = \"squash\"");
    sandbox.commit_file("shared.txt", "one\n");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "echo two > shared.txt; git commit -qam two; work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    sandbox.commit_file("shared.txt", "three\n");
    let _ = sandbox.orch("merge p");
    sandbox.orch("merge --resolve p").ok();
    let resolve = sandbox.worktree("p.resolve");
    resolve.write("shared.txt", "two and three\n");
    resolve.git("add shared.txt");
    sandbox.orch("merge --continue p").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
    // What anybody does there later proves nothing about the plan.
    sandbox.commit_file("shared.txt", "four\n");
    let commit = sandbox.rev("orch/p");
    sandbox.orch("clean p").code(0).says("it was landed by").ok();
    assert_eq!(sandbox.git("branch --list orch/p"), "");
    let kept = sandbox.git(&format!("for-each-ref --contains {commit} refs/orch/backup"));
    assert!(!kept.is_empty(), "its commits are kept");
    // One that has continued since is not.
    let other = landed(1);
    other.worktree("p1").commit_file("more.txt", "more\n");
    other.orch("clean p1").code(0).says("kept p1").ok();
    assert!(!other.git("branch --list orch/p1").is_empty(), "its branch stays");
}

#[test]
fn a_document_that_a_landed_plan_broke_keeps_no_other_plan_from_landing() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let breaks = "printf '# P\\n\\n- [ ] 1.1 x\\n\\n## Phase 1: x\\n\\n- [ ] 1.1 x\\n- [ ] 1.1 y\\n' > plans/a.md; git add -A; git commit \
                  -qm broken; orch task done -q 1.1";
    sandbox.plan("a", "", &document(&[1]), breaks);
    sandbox.plan("b", "", &document(&[1]), "work 1.1");
    sandbox.git("add -A");
    sandbox.git("commit -q -m plans");
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge a").code(0).ok();
    let fault = "plans/a.md:";
    sandbox.orch("check").code(2).says(fault).ok();
    for line in ["status", "why b", "logs b"] {
        sandbox.orch(line).code(0).says(fault).ok();
    }
    sandbox.orch("merge b").code(0).says(fault).says("landed").ok();
    assert_eq!(sandbox.state("b"), "landed");
    sandbox.orch("clean").code(0).says("removed b").ok();
    sandbox.orch("up").code(2).says(fault).ok();
    // A manifest at fault is another matter: what it says of landing cannot be known.
    sandbox.write("plans.toml", "[run]\nretries = x\n");
    sandbox.orch("merge b").code(2).says("plans.toml:").ok();
}

#[test]
fn candidates_outlive_housekeeping_that_prunes_at_once_and_leave_no_ref_behind() {
    for strategy in ["merge", "squash", "rebase"] {
        let sandbox = Sandbox::new();
        sandbox.gate("verify");
        sandbox.tables(&format!(
            "[merge]\nstrategy = \"{strategy}\"\nclean = \"ignored\"\nverify = ': > \"$MARKS/at-verify\"; until read -r _ < \"$GATES/verify\"; do :; \
             done; git status --porcelain; git fsck --no-dangling'"
        ));
        for plan in ["p", "q"] {
            sandbox.plan(plan, "", &document(&[2]), "work 1.1 1.2");
        }
        sandbox.orch("up").code(0).ok();
        let merge = sandbox.start("merge");
        // Of a rebased plan each commit is verified.
        let verifications = if strategy == "rebase" { 4 } else { 2 };
        for _ in 0..verifications {
            sandbox.reached("verify");
            std::fs::remove_file(sandbox.mark("at-verify")).unwrap();
            // More than the worktree that is on one holds them.
            assert!(!sandbox.git("for-each-ref refs/orch/candidates").is_empty());
            sandbox.git("-c gc.reflogExpire=now -c gc.reflogExpireUnreachable=now gc -q --prune=now");
            sandbox.open("verify");
        }
        merge.end().code(0).ok();
        assert_eq!(sandbox.state("q"), "landed");
        assert_eq!(sandbox.git("for-each-ref refs/orch/candidates"), "");
        sandbox.git("fsck --no-dangling");
    }
}

#[test]
fn a_target_that_a_hook_of_the_repository_keeps_leaves_nothing_to_mend() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let before = sandbox.rev("main");
    let refuses = "#!/bin/sh\nwhile read old new ref; do if [ \"$1$ref\" = preparedrefs/heads/main ]; then echo protected >&2; \
                   exit 1; fi; done\nexit 0\n";
    crate::support::program(&sandbox.join(".git/hooks/reference-transaction"), refuses);
    let said = sandbox.orch("merge").code(2);
    assert_eq!(sandbox.rev("main"), before);
    assert!(
        sandbox.why("p").contains("protected"),
        "{}\n{}",
        said.err,
        sandbox.why("p")
    );
    let doctor = sandbox.orch("doctor").code(0);
    assert!(!doctor.out.contains("interrupted"), "{}", doctor.out);
    std::fs::remove_file(sandbox.join(".git/hooks/reference-transaction")).unwrap();
    sandbox.orch("merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn what_lands_is_on_the_disk_before_the_ref_and_the_ref_before_the_journal() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let points = sandbox.beside("points");
    let mut command = sandbox.command(["up", "--merge"]);
    command.env("FAULT_POINTS", format!("{}:0", points.display()));
    crate::support::Said::of(&mut command).code(0).ok();
    let text = std::fs::read_to_string(&points).unwrap();
    let at = |name: &str| text.lines().position(|line| line.starts_with(name)).unwrap();
    let last = |name: &str| {
        text.lines()
            .rev()
            .position(|line| line.starts_with(name))
            .unwrap()
    };
    let moved = text.lines().enumerate().filter(|(nth, line)| {
        line.starts_with("git.spawn") && (at("landing.objects")..at("landing.ref")).contains(nth)
    });
    assert!(moved.count() > 0, "the ref moves between the two: {text}");
    assert!(at("landing.objects") < at("landing.note"), "{text}");
    assert!(
        at("landing.ref") < text.lines().count() - last("journal."),
        "{text}"
    );
}
