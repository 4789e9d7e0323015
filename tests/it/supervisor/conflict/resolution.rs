//! `orch merge --resolve`, `--continue` and `--abort`: a conflict with the target is resolved in a worktree made for it, and
//! lands as everything else does.

use std::fs;

use crate::support::{Said, Sandbox, Tree, document, has_fields, steps};

/// `one` and `two` write the same line of a file; `one` has landed and `two` is held.
fn held() -> Sandbox {
    at_odds("")
}

fn at_odds(merge: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.tables(merge);
    sandbox.write("shared.txt", "top\nmiddle\nbottom\nend\n");
    sandbox.git("add shared.txt");
    sandbox.git("commit -q -m shared");
    for plan in ["one", "two"] {
        let script = format!("sed -i s/middle/{plan}/ shared.txt; git commit -qam {plan}; work 1.1");
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox.orch("up").code(0).ok();
    sandbox
        .orch("merge")
        .code(1)
        .says("conflicts with one in shared.txt (content)")
        .says("orch merge --resolve two")
        .ok();
    assert_eq!(sandbox.state("two"), "held");
    sandbox
}

fn place(sandbox: &Sandbox, plan: &str) -> Tree {
    sandbox.worktree(&format!("{plan}.resolve"))
}

/// Resolves the file as both want it.
fn resolve(sandbox: &Sandbox) -> Tree {
    let place = place(sandbox, "two");
    place.write("shared.txt", "top\none and two\nbottom\nend\n");
    place.git("add shared.txt");
    place
}

#[test]
fn a_conflict_is_checked_out_as_after_a_git_merge_and_lands_once_it_is_resolved() {
    let sandbox = held();
    let before = sandbox.rev("main");
    assert!(
        sandbox.why("two").contains("conflicts with one"),
        "{}",
        sandbox.why("two")
    );
    sandbox
        .orch("why two")
        .code(0)
        .says("orch merge --resolve two")
        .ok();
    let opened = sandbox.orch("merge --resolve --json").code(0).json();
    has_fields(
        &opened,
        [
            "schema", "plan", "worktree", "files", "reused", "again", "backups", "warnings",
        ],
    );
    assert_eq!(opened["files"], serde_json::json!(["shared.txt"]));
    let place = place(&sandbox, "two");
    assert_eq!(
        opened["worktree"],
        place.path().canonicalize().unwrap().to_str().unwrap()
    );
    assert!(place.status().starts_with("UU shared.txt"), "{}", place.status());
    assert!(place.read("shared.txt").contains("<<<<<<< HEAD\none\n"));
    assert_eq!(place.rev("HEAD"), before);
    assert_eq!(place.rev("MERGE_HEAD"), sandbox.rev("orch/two"));
    sandbox
        .orch("why two")
        .code(0)
        .says("orch merge --continue two")
        .ok();
    resolve(&sandbox);
    sandbox.orch("merge --continue").code(0).says("landed").ok();
    assert_eq!(sandbox.state("two"), "landed");
    assert_eq!(sandbox.read("shared.txt"), "top\none and two\nbottom\nend\n");
    assert_eq!(
        sandbox.git("log --first-parent --format=%s main -2"),
        "Merge plan two: A plan\nMerge plan one: A plan"
    );
    assert!(!place.path().exists(), "it is removed when it is needed no more");
    assert_eq!(sandbox.git("for-each-ref refs/orch/resolve refs/orch/backup"), "");
    assert_eq!(
        sandbox.git("worktree list").lines().count(),
        3,
        "{}",
        sandbox.git("worktree list")
    );
    assert_eq!(sandbox.count("resolve.opened", Some("two")), 1);
    assert_eq!(sandbox.count("resolve.done", Some("two")), 1);
}

#[test]
fn what_is_not_resolved_is_refused_by_file_and_line() {
    let sandbox = held();
    let refused = sandbox.orch("merge --continue").code(2);
    refused
        .says("no conflict is checked out")
        .says("orch merge --resolve PLAN")
        .ok();
    sandbox
        .orch("merge --continue two")
        .code(2)
        .says("orch merge --resolve two")
        .ok();
    sandbox
        .orch("merge --resolve two")
        .code(0)
        .says("shared.txt")
        .ok();
    let refused = sandbox.orch("merge --continue two").code(2);
    refused
        .says("unmerged files: shared.txt (markers at shared.txt:2, shared.txt:6)")
        .ok();
    let place = place(&sandbox, "two");
    place.git("add shared.txt");
    let refused = sandbox.orch("merge --continue two").code(2);
    refused
        .says("conflict markers left: shared.txt:2, shared.txt:4, shared.txt:6")
        .ok();
    // Also when it was committed.
    place.git_args(["commit", "-q", "-m", "too early"]);
    let refused = sandbox.orch("merge --continue two").code(2);
    refused.says("shared.txt:2").ok();
    place.write("shared.txt", "top\nboth\nbottom\nend\n");
    let refused = sandbox.orch("merge --continue two").code(2);
    refused.says("not in the index: shared.txt").ok();
    place.git_args(["commit", "-q", "-a", "-m", "now it is"]);
    let before = sandbox.rev("main");
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.read("shared.txt"), "top\nboth\nbottom\nend\n");
    assert_eq!(
        sandbox.git("log -1 --format=%P main").split(' ').next(),
        Some(before.as_str())
    );
}

#[test]
fn a_heading_that_looks_like_a_marker_is_none() {
    let sandbox = Sandbox::new();
    sandbox.write("shared.txt", "text\n");
    sandbox.git("add shared.txt");
    sandbox.git("commit -q -m shared");
    for plan in ["one", "two"] {
        let script = format!(
            "printf '{plan}\\n' > shared.txt; printf 'Heading\\n=======\\n' > {plan}.rst; git add .; git commit -qm {plan}; work 1.1"
        );
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge").code(1).ok();
    sandbox.orch("merge --resolve two").code(0).ok();
    let place = place(&sandbox, "two");
    place.write("shared.txt", "both\n");
    place.git("add shared.txt");
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.read("two.rst"), "Heading\n=======\n");
}

#[test]
fn what_was_resolved_is_verified_like_everything_else_and_may_be_mended() {
    let sandbox = at_odds("[merge]\nverify = 'grep -q two shared.txt || ! test -f two-1.1.txt'");
    sandbox.orch("merge --resolve two").code(0).ok();
    let place = place(&sandbox, "two");
    place.write("shared.txt", "top\none\nbottom\nend\n");
    place.git("add shared.txt");
    let before = sandbox.rev("main");
    sandbox
        .orch("merge --continue two")
        .code(1)
        .says("does not pass")
        .ok();
    assert_eq!(
        (sandbox.rev("main"), sandbox.state("two")),
        (before, "held".to_owned())
    );
    // It conflicts no more, whatever else is wrong with it.
    sandbox.orch("conflicts").code(0).says("no conflicts").ok();
    // It is still there, and what is committed in it counts.
    place.write("shared.txt", "top\none and two\nbottom\nend\n");
    place.git_args(["commit", "-q", "-a", "-m", "two as well"]);
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.read("shared.txt"), "top\none and two\nbottom\nend\n");
    assert!(!place.path().exists());
}

#[test]
fn a_target_that_moved_meanwhile_gets_the_resolution_on_top() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    resolve(&sandbox);
    sandbox.write("shared.txt", "top\none\nbottom\nend, mended\n");
    sandbox.git("commit -q -m meanwhile shared.txt");
    let before = sandbox.rev("main");
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(
        sandbox.read("shared.txt"),
        "top\none and two\nbottom\nend, mended\n"
    );
    assert_eq!(
        sandbox.git("log -1 --format=%P main").split(' ').next(),
        Some(before.as_str())
    );
    assert_eq!(sandbox.state("two"), "landed");
}

#[test]
fn a_target_that_moved_into_the_same_lines_asks_only_for_what_is_new() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    resolve(&sandbox);
    sandbox.write("shared.txt", "top\nthree\nbottom\nend\n");
    sandbox.git("commit -q -m meanwhile shared.txt");
    sandbox
        .orch("merge --continue two")
        .code(1)
        .says("orch merge --resolve two")
        .ok();
    assert_eq!(sandbox.state("two"), "held");
    sandbox
        .orch("merge --resolve two")
        .code(0)
        .says("shared.txt")
        .ok();
    let place = place(&sandbox, "two");
    // What was resolved before is one side of it.
    assert!(
        place.read("shared.txt").contains("one and two"),
        "{}",
        place.read("shared.txt")
    );
    place.write("shared.txt", "top\nthree and two\nbottom\nend\n");
    place.git("add shared.txt");
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.read("shared.txt"), "top\nthree and two\nbottom\nend\n");
}

#[test]
fn what_came_onto_the_branch_since_lands_with_the_resolution() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    resolve(&sandbox);
    sandbox.worktree("two").commit_file("late.txt", "late\n");
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.read("late.txt"), "late\n");
    assert_eq!(sandbox.read("shared.txt"), "top\none and two\nbottom\nend\n");
}

#[test]
fn a_squash_lands_what_was_resolved_as_one_commit_and_a_rebase_is_refused_with_what_to_do() {
    let sandbox = held();
    let strategy = |name: &str| {
        let text = sandbox.read("plans.toml");
        let text = text.replace("merge_strategy = \"rebase\"\n", "");
        let line = format!("[plans.two]\nmerge_strategy = \"{name}\"\n");
        sandbox.write("plans.toml", text.replace("[plans.two]\n", &line));
    };
    strategy("rebase");
    let refused = sandbox.orch("merge --resolve two").code(2);
    refused.says("commit by commit").says("merge_strategy").ok();
    assert!(!place(&sandbox, "two").path().exists());
    strategy("squash");
    let before = sandbox.rev("main");
    sandbox.orch("merge --resolve two").code(0).ok();
    resolve(&sandbox);
    sandbox.orch("merge --continue").code(0).ok();
    assert_eq!(
        sandbox.git("log -1 --format=%P main"),
        before.as_str(),
        "one commit"
    );
    assert_eq!(sandbox.read("shared.txt"), "top\none and two\nbottom\nend\n");
    assert_eq!(sandbox.read("two-1.1.txt"), "two-1.1.txt by two\n");
    assert_eq!(sandbox.state("two"), "landed");
    assert!(!place(&sandbox, "two").path().exists());
    sandbox.orch("merge").code(0).says("nothing to merge").ok();
}

#[test]
fn giving_up_leaves_nothing_behind_but_a_backup_of_what_was_done() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    resolve(&sandbox);
    let place = place(&sandbox, "two");
    place.write("notes", "not added\n");
    let given_up = sandbox.orch("merge --abort two --json").code(0).json();
    assert_eq!(given_up["worktree"], serde_json::Value::Null);
    let backup = given_up["backups"][0].as_str().unwrap();
    assert_eq!(sandbox.git(&format!("show {backup}:notes")), "not added");
    assert_eq!(
        sandbox.git(&format!("show {backup}:shared.txt")),
        "top\none and two\nbottom\nend"
    );
    assert!(!place.path().exists());
    assert_eq!(sandbox.git("for-each-ref refs/orch/resolve"), "");
    assert_eq!(sandbox.state("two"), "held");
    sandbox
        .orch("merge --abort two")
        .code(2)
        .says("not checked out")
        .ok();
    // It can be begun again.
    sandbox.orch("merge --resolve two").code(0).ok();
    assert!(place.status().starts_with("UU shared.txt") || place.status().starts_with("M  shared.txt"));
    sandbox.orch("merge --abort").code(0).ok();
}

#[test]
fn a_commit_that_was_made_there_is_kept_when_it_is_given_up() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    let place = resolve(&sandbox);
    place.git_args(["commit", "-q", "--no-edit"]);
    let made = place.rev("HEAD");
    sandbox
        .orch("merge --abort two")
        .code(0)
        .says("refs/orch/backup/two/")
        .ok();
    assert!(
        sandbox
            .git("for-each-ref refs/orch/backup")
            .contains(made.as_str())
    );
}

#[test]
fn a_merge_that_was_given_up_in_the_worktree_is_not_taken_for_a_resolution() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    let place = place(&sandbox, "two");
    place.git("merge --abort");
    let before = sandbox.rev("main");
    let refused = sandbox.orch("merge --continue two").code(2);
    refused.says("no longer has both sides").ok();
    assert_eq!(sandbox.rev("main"), before);
    // Asked for again, it is checked out again.
    sandbox.orch("merge --resolve two").code(0).ok();
    resolve(&sandbox);
    sandbox.orch("merge --continue two").code(0).ok();
}

#[test]
fn asking_twice_touches_nothing_of_what_was_begun() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    let place = place(&sandbox, "two");
    place.write("shared.txt", "half of it\n<<<<<<< HEAD\n");
    sandbox
        .orch("merge --resolve two")
        .code(0)
        .says("checked out already")
        .ok();
    assert_eq!(place.read("shared.txt"), "half of it\n<<<<<<< HEAD\n");
    assert_eq!(sandbox.count("resolve.opened", Some("two")), 1);
}

#[test]
fn renames_and_deletions_are_resolved_too() {
    let sandbox = Sandbox::new();
    let text: String = (1..=20).map(|line| format!("line {line}\n")).collect();
    sandbox
        .write("old.txt", &text)
        .write("gone.txt", text.replace("line", "row"));
    sandbox.git("add old.txt gone.txt");
    sandbox.git("commit -q -m files");
    let script = "git mv old.txt new.txt; git rm -q gone.txt; git commit -qm one; work 1.1";
    sandbox.plan("one", "", &document(&[1]), script);
    let script = "git rm -q old.txt; sed -i 's/row 3$/row three/' gone.txt; git commit -qam two; work 1.1";
    sandbox.plan("two", "", &document(&[1]), script);
    sandbox.orch("up").code(0).ok();
    let merged = sandbox.orch("merge").code(1);
    merged.says("rename/delete").says("modify/delete").ok();
    sandbox.orch("merge --resolve two").code(0).ok();
    let refused = sandbox.orch("merge --continue two").code(2);
    refused.says("gone.txt").says("new.txt").ok();
    let place = place(&sandbox, "two");
    place.git("add new.txt");
    place.git("rm -q gone.txt");
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.read("new.txt"), text);
    assert!(!sandbox.join("gone.txt").exists() && !sandbox.join("old.txt").exists());
}

#[test]
fn beside_a_running_supervisor_it_is_asked() {
    let sandbox = Sandbox::new();
    sandbox.write("shared.txt", "base\n");
    sandbox.git("add shared.txt");
    sandbox.git("commit -q -m shared");
    for plan in ["one", "two"] {
        let script = format!("echo {plan} > shared.txt; git commit -qam {plan}; work 1.1");
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    sandbox.gate("slow");
    sandbox.plan("slow", "", &document(&[1]), "gate slow; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("slow");
    sandbox.happened("plan.finished", "one");
    sandbox.happened("plan.finished", "two");
    sandbox.orch("merge one").code(0).ok();
    sandbox.orch("merge two").code(1).says("conflicts with one").ok();
    sandbox.orch("merge --resolve two").code(0).ok();
    let place = place(&sandbox, "two");
    sandbox
        .orch("merge --continue two")
        .code(2)
        .says("unmerged files: shared.txt")
        .ok();
    place.write("shared.txt", "both\n");
    place.git("add shared.txt");
    let merged = sandbox.orch("merge --continue two --json").code(0).json();
    assert_eq!(merged["plans"][0]["outcome"], "landed");
    assert_eq!(sandbox.read("shared.txt"), "both\n");
    sandbox.open("slow");
    up.end().code(0).ok();
    assert!(!place.path().exists());
}

#[test]
fn clean_takes_the_worktree_with_it_and_doctor_knows_it() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    sandbox.orch("doctor").code(0).ok();
    let place = resolve(&sandbox);
    place.write("notes", "for later\n");
    sandbox
        .orch("clean two")
        .code(0)
        .says("kept two (its conflict): it has not landed")
        .ok();
    sandbox.orch("merge --continue two").code(0).ok();
    // What nobody added stays, and so does the worktree.
    assert_eq!(place.read("notes"), "for later\n");
    sandbox
        .orch("clean two")
        .code(0)
        .says("kept two (its conflict)")
        .ok();
    place.remove("notes");
    sandbox
        .orch("clean two")
        .code(0)
        .says("removed two (its conflict)")
        .ok();
    assert!(!place.path().exists());
    sandbox.orch("doctor").code(0).ok();
}

#[test]
fn what_does_not_conflict_is_not_checked_out() {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox
        .orch("merge --resolve a")
        .code(2)
        .says("not finished")
        .ok();
    sandbox.orch("up").code(0).ok();
    let refused = sandbox.orch("merge --resolve a").code(2);
    refused
        .says("does not conflict with main")
        .says("orch merge a")
        .ok();
    sandbox.orch("merge --resolve a --continue").code(2).ok();
    sandbox.orch("merge --resolve --dry-run a").code(2).ok();
    assert!(!place(&sandbox, "a").path().exists());
    assert!(
        fs::read_dir(sandbox.join(".git/orch/worktrees"))
            .unwrap()
            .flatten()
            .all(|entry| { !entry.file_name().to_string_lossy().contains("resolve") })
    );
}

/// Runs a command that is killed at its step of this number; none when it has fewer.
fn killed_at(sandbox: &Sandbox, line: &str, fatal: usize) -> Option<Said> {
    let points = sandbox.beside("points");
    let _ = fs::remove_file(&points);
    let mut command = sandbox.command(line.split_whitespace());
    command.env("FAULT_POINTS", format!("{}:{fatal}", points.display()));
    let said = Said::of(&mut command);
    let passed = fs::read_to_string(&points).unwrap_or_default().lines().count();
    (passed >= fatal).then_some(said)
}

#[test]
fn killed_while_it_is_checked_out_it_is_checked_out_the_next_time() {
    let sandbox = held();
    let place = place(&sandbox, "two");
    let mut killed = 0;
    for fatal in (1..).step_by(4) {
        let Some(said) = killed_at(&sandbox, "merge --resolve two", fatal) else {
            break;
        };
        killed += usize::from(said.code != 0);
        sandbox.orch("merge --resolve two").code(0).ok();
        assert!(
            place.status().starts_with("UU shared.txt"),
            "{fatal}: {}",
            place.status()
        );
        assert!(
            place.read("shared.txt").contains("<<<<<<< HEAD\none\n"),
            "{fatal}"
        );
        sandbox.orch("merge --abort two").code(0).ok();
        assert_eq!(sandbox.git("for-each-ref refs/orch/resolve"), "", "{fatal}");
    }
    assert!(killed > 3, "{killed}");
}

#[test]
fn killed_while_it_lands_it_lands_the_next_time_and_once() {
    let mut killed = 0;
    for first in [1, 12, 24, 36, 48] {
        let sandbox = held();
        sandbox.orch("merge --resolve two").code(0).ok();
        resolve(&sandbox);
        // Killed again and again, ever further on, until it comes to its end.
        for fatal in (first..).step_by(5) {
            let said = killed_at(&sandbox, "merge --continue two", fatal);
            killed += usize::from(said.as_ref().is_some_and(|said| said.code != 0));
            if said.is_none_or(|said| said.code == 0) || sandbox.state("two") == "landed" {
                break;
            }
        }
        sandbox.orch("merge").ok();
        assert_eq!(sandbox.state("two"), "landed", "{first}: {}", sandbox.why("two"));
        assert_eq!(
            sandbox.read("shared.txt"),
            "top\none and two\nbottom\nend\n",
            "{first}"
        );
        let resolutions = sandbox.git("rev-list --count --grep=^Resolve main");
        assert_eq!(resolutions, "1", "{first}: one resolution");
        assert!(!place(&sandbox, "two").path().exists(), "{first}");
        sandbox.orch("doctor --fix").ok();
        sandbox.orch("doctor").code(0).ok();
        sandbox.nothing_is_left();
    }
    assert!(killed > 5, "{killed}");
}

#[test]
fn killed_while_it_is_given_up_nothing_of_it_is_lost() {
    for fatal in steps(7).map(|n| [1, 4, 8, 12, 16, 20, 25][n]) {
        let sandbox = held();
        sandbox.orch("merge --resolve two").code(0).ok();
        resolve(&sandbox).write("notes", "not added\n");
        killed_at(&sandbox, "merge --abort two", fatal);
        // It may have come to its end before it was killed.
        sandbox.orch("merge --abort two").ok();
        let refs = sandbox.git("for-each-ref --format=%(refname) refs/orch/backup");
        let kept = |name: &&str| {
            sandbox
                .try_git(["show", &format!("{name}:notes")])
                .status
                .success()
        };
        assert_eq!(refs.lines().filter(kept).count(), 1, "{fatal}: {refs}");
        assert!(!place(&sandbox, "two").path().exists(), "{fatal}");
        assert_eq!(sandbox.git("for-each-ref refs/orch/resolve"), "", "{fatal}");
    }
}

#[test]
fn killed_while_it_is_verified_it_can_still_be_given_up() {
    let waits = ": > \"$MARKS/at-v\"; test -e \"$MARKS/go\" || read -r _ < \"$GATES/v\"";
    let sandbox = at_odds(&format!(
        "[merge]\nverify = '! grep -q \"one and two\" shared.txt || {{ {waits}; }}'"
    ));
    sandbox.gate("v");
    sandbox.orch("merge --resolve two").code(0).ok();
    resolve(&sandbox);
    let landing = sandbox.start("merge --continue two");
    sandbox.reached("v");
    landing.kill();
    sandbox
        .orch("merge --abort two")
        .code(0)
        .says("given up")
        .says("are kept as")
        .ok();
    std::fs::write(sandbox.mark("go"), "").unwrap();
    sandbox.open("v");
    sandbox.orch("merge").code(1).says("conflicts with one").ok();
    assert_eq!(sandbox.state("two"), "held");
    assert_eq!(sandbox.read("shared.txt"), "top\none\nbottom\nend\n");
}

#[test]
fn a_resolution_whose_worktree_has_lost_its_repository_is_left_to_the_doctor() {
    let sandbox = held();
    sandbox.orch("merge --resolve two").code(0).ok();
    let place = resolve(&sandbox);
    fs::remove_file(place.path().join(".git")).unwrap();
    for command in ["merge --continue two", "merge --abort two"] {
        let said = sandbox.orch(command);
        assert!(
            said.code != 0 && said.err.contains("orch doctor"),
            "{command}: {said:?}"
        );
    }
    sandbox.orch("doctor --fix").code(0).ok();
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.state("two"), "landed");
}

#[test]
fn a_conflict_is_given_up_from_inside_its_worktree_with_its_backup_named() {
    let sandbox = Sandbox::new();
    sandbox.commit_file("shared.txt", "one\n");
    let script = "echo two > shared.txt; git commit -qam two; work 1.1";
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox.orch("up").code(0).ok();
    sandbox.commit_file("shared.txt", "three\n");
    let _ = sandbox.orch("merge p");
    sandbox.orch("merge --resolve p").ok();
    let resolve = sandbox.worktree("p.resolve");
    resolve.write("shared.txt", "half way\n");
    let mut command = sandbox.command(["merge", "--abort"]);
    command.current_dir(resolve.path());
    let said = crate::support::Said::of(&mut command).code(0);
    let backup = sandbox.git("for-each-ref --format=%(refname) refs/orch/backup");
    assert!(!backup.is_empty());
    said.says(&backup).ok();
    assert!(!resolve.path().exists());
}
