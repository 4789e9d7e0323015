//! A branch is known to be on the target however it came there, and never by a guess.

use std::fs::File;
use std::process::Command;

use orch::git;
use orch::plan::LandedBy;

use crate::support::{Scratch, Tree};

/// A branch `work` with two commits, and a target that has moved on since.
fn bench() -> Scratch {
    let scratch = Scratch::new();
    scratch.commit_file("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    scratch.git("branch work");
    scratch.commit_file("other.txt", "somebody else's\n");
    let tree = worktree(&scratch);
    tree.commit_file("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\nnine\n");
    tree.commit_file("b.txt", "b\n");
    scratch
}

fn worktree(scratch: &Scratch) -> Tree {
    let path = scratch.beside("work");
    scratch.git_args(["worktree", "add", "-q", path.to_str().unwrap(), "work"]);
    Tree::at(path)
}

#[track_caller]
fn evidence(scratch: &Scratch) -> Option<LandedBy> {
    let (tip, target) = (scratch.rev("work"), scratch.rev("main"));
    git::candidate::landed_by(&scratch.repository(), &tip, &target).unwrap()
}

#[test]
fn work_that_is_nowhere_else_is_not_landed() {
    assert_eq!(evidence(&bench()), None);
}

#[test]
fn a_merge_shows_in_the_history() {
    let scratch = bench();
    scratch.git("merge -q --no-ff work");
    assert_eq!(evidence(&scratch), Some(LandedBy::Ancestry));
}

#[test]
fn a_squash_shows_by_its_patch_also_when_the_files_were_changed_since() {
    let scratch = bench();
    scratch.git("merge -q --squash work");
    let squash = scratch.commit("all of it");
    scratch.commit_file("b.txt", "changed since\n");
    assert_eq!(evidence(&scratch), Some(LandedBy::Squash { commit: squash }));
}

#[test]
fn a_squash_onto_where_the_branch_began_has_the_same_files() {
    let scratch = bench();
    scratch.git("reset -q --hard HEAD~1");
    scratch.git("merge -q --squash work");
    let squash = scratch.commit("all of it");
    scratch.commit_file("b.txt", "changed since\n");
    assert_eq!(evidence(&scratch), Some(LandedBy::EqualTree { commit: squash }));
}

#[test]
fn a_rebase_shows_by_each_patch_and_half_of_one_does_not() {
    let scratch = bench();
    scratch.git("cherry-pick work~1");
    assert_eq!(evidence(&scratch), None);
    scratch.git("cherry-pick work");
    scratch.commit_file("b.txt", "changed since\n");
    assert_eq!(evidence(&scratch), Some(LandedBy::SamePatches { commits: 2 }));
}

#[test]
fn what_came_in_other_pieces_leaves_nothing_to_add() {
    let scratch = bench();
    scratch.commit_file("b.txt", "b\n");
    assert_eq!(evidence(&scratch), None);
    scratch.write("more.txt", "more\n");
    scratch.commit_file("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\nnine\n");
    assert_eq!(evidence(&scratch), Some(LandedBy::NothingLeft));
}

#[test]
fn a_branch_with_a_merge_of_its_own_is_not_judged_by_the_patches_of_its_other_commits() {
    let scratch = bench();
    let tree = Tree::at(scratch.beside("work"));
    let side = scratch.branch("side", "work~2", &[("side.txt", Some("side\n"))]);
    tree.git_args(["merge", "-q", "--no-commit", side.as_str()]);
    tree.write("evil.txt", "in the merge alone\n")
        .commit("merge side");
    for commit in ["work~2", "work~1", "side"] {
        scratch.git(&format!("cherry-pick {commit}"));
    }
    assert_eq!(evidence(&scratch), None);
    scratch.commit_file("evil.txt", "in the merge alone\n");
    assert!(evidence(&scratch).is_some());
}

#[test]
fn a_squash_that_was_taken_back_is_not_there() {
    let scratch = bench();
    scratch.git("merge -q --squash work");
    scratch.commit("all of it");
    scratch.git("revert --no-edit HEAD");
    assert_eq!(evidence(&scratch), None);
}

#[test]
fn histories_without_a_common_beginning_show_nothing() {
    let scratch = Scratch::new();
    scratch.git("checkout -q --orphan work");
    scratch.commit_file("c.txt", "c");
    scratch.git("checkout -q main");
    assert_eq!(evidence(&scratch), None);
}

#[test]
fn a_target_that_has_gone_far_on_the_same_files_is_looked_at_in_bounded_time() {
    let scratch = bench();
    scratch.git("merge -q --squash work");
    let squash = scratch.commit("all of it");
    go_on(&scratch, 900);
    assert_eq!(
        within_a_minute(&scratch),
        Some(LandedBy::Squash { commit: squash })
    );
    // Beyond what is looked at nothing is known by its patch, and nothing hangs.
    go_on(&scratch, 200);
    assert_eq!(within_a_minute(&scratch), None);
}

/// Commits so many changes of both files of the branch, each with more text than a pipe holds answers for.
fn go_on(scratch: &Scratch, commits: usize) {
    let mut stream = String::new();
    for nth in 0..commits {
        let text: String = (0..20).map(|line| format!("{commits} {nth} {line}\n")).collect();
        let from = if nth == 0 { "from refs/heads/main^0\n" } else { "" };
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter a <a@b> {} +0000\ndata 1\n.\n{from}",
            1_900_000_000 + nth
        ));
        for file in ["a.txt", "b.txt"] {
            stream.push_str(&format!("M 644 inline {file}\ndata {}\n{text}\n", text.len()));
        }
    }
    scratch.write(".git/stream", stream);
    let fed = Command::new("git")
        .arg("-C")
        .arg(scratch.path())
        .args(["fast-import", "--quiet"])
        .stdin(File::open(scratch.join(".git/stream")).unwrap())
        .status();
    assert!(fed.unwrap().success());
    scratch.git("reset -q --hard");
}

#[track_caller]
fn within_a_minute(scratch: &Scratch) -> Option<LandedBy> {
    let (tip, target) = (scratch.rev("work"), scratch.rev("main"));
    let repository = scratch.repository();
    let (sender, answer) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(git::candidate::landed_by(&repository, &tip, &target).unwrap()));
    answer
        .recv_timeout(std::time::Duration::from_secs(60))
        .expect("an answer")
}
