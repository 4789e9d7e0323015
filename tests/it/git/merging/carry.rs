//! Carrying one plan's commits into another's worktree.

use std::path::PathBuf;

use orch::git::{MergeInError, MergedIn, inspect, merge_in};

use crate::support::Scratch;

#[test]
fn what_is_there_already_is_not_merged_again() {
    let scratch = Scratch::new();
    let old = scratch.head();
    let head = scratch.commit("more");
    assert_eq!(
        merge_in(scratch.path(), &old, "carry").unwrap(),
        MergedIn::UpToDate
    );
    assert_eq!(
        merge_in(scratch.path(), &head, "carry").unwrap(),
        MergedIn::UpToDate
    );
    assert_eq!(scratch.head(), head);
}

#[test]
fn a_worktree_without_commits_of_its_own_moves_on() {
    let scratch = Scratch::new();
    scratch.git("config merge.ff false");
    let pin = scratch.branch("auth", "main", &[("auth.txt", Some("auth\n"))]);
    assert_eq!(
        merge_in(scratch.path(), &pin, "carry").unwrap(),
        MergedIn::FastForward(pin.clone())
    );
    assert_eq!(
        (scratch.head(), scratch.read("auth.txt").as_str()),
        (pin, "auth\n")
    );
    assert_eq!(scratch.git("branch --show-current"), "main");
}

#[test]
fn two_lines_of_work_are_merged_with_the_message() {
    let scratch = Scratch::new();
    scratch.git("config merge.ff only");
    scratch.git("config --unset user.name");
    scratch.git("config user.useConfigOnly true");
    let pin = scratch_branch_with_identity(&scratch);
    let own = {
        scratch.write("own.txt", "own\n").git("add --all");
        scratch.git("-c user.name=T commit -q -m own");
        scratch.head()
    };
    let MergedIn::Merged(merge) = merge_in(scratch.path(), &pin, "carry auth.2\n\nwith words").unwrap()
    else {
        panic!()
    };
    assert_eq!(scratch.head(), merge);
    assert_eq!(scratch.git("log -1 --format=%P"), format!("{own} {pin}"));
    assert_eq!(scratch.git("log -1 --format=%B"), "carry auth.2\n\nwith words");
    assert!(inspect(scratch.path()).unwrap().is_clean());
}

fn scratch_branch_with_identity(scratch: &Scratch) -> orch::plan::CommitId {
    scratch.git("config user.name Tester");
    let pin = scratch.branch("auth", "main", &[("auth.txt", Some("auth\n"))]);
    scratch.git("config --unset user.name");
    pin
}

#[test]
fn a_conflict_is_taken_back_whole() {
    let scratch = Scratch::new();
    let pin = scratch.branch(
        "auth",
        "main",
        &[("README.md", Some("auth\n")), ("a ü.txt", Some("auth\n"))],
    );
    scratch.write("a ü.txt", "main\n");
    let head = scratch.commit_file("README.md", "main\n");
    let carried = merge_in(scratch.path(), &pin, "carry").unwrap();
    let files: Vec<PathBuf> = ["README.md", "a ü.txt"].map(Into::into).into();
    assert_eq!(carried, MergedIn::Conflict { files });
    assert_eq!((scratch.head(), scratch.status().as_str()), (head, ""));
    assert!(inspect(scratch.path()).unwrap().is_clean());
    assert_eq!(scratch.read("README.md"), "main\n");
}

#[test]
fn uncommitted_work_is_never_merged_over() {
    let scratch = Scratch::new();
    let pin = scratch.branch("auth", "main", &[("auth.txt", Some("auth\n"))]);
    scratch.write("mine.txt", "mine");
    let error = merge_in(scratch.path(), &pin, "carry").unwrap_err();
    let MergeInError::Dirty { files, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(files, &[PathBuf::from("mine.txt")]);
    assert!(!scratch.join("auth.txt").exists());
}

#[test]
fn an_unrelated_history_is_an_error_and_changes_nothing() {
    let scratch = Scratch::new();
    let head = scratch.head();
    let other = scratch
        .git("commit-tree -m other 4b825dc642cb6eb9a060e54bf8d69288fbee4904")
        .parse()
        .unwrap();
    let error = merge_in(scratch.path(), &other, "carry").unwrap_err();
    assert!(error.to_string().contains("unrelated"), "{error}");
    assert_eq!(scratch.head(), head);
    assert!(inspect(scratch.path()).unwrap().is_clean());
}

/// A worktree with a commit of its own beside the pinned one, which changes, adds and deletes files.
fn apart() -> (Scratch, orch::plan::CommitId) {
    let scratch = Scratch::new();
    scratch
        .write("old.txt", "old\n")
        .commit_file("both.txt", "1\n2\n3\n");
    let pin = scratch.branch(
        "auth",
        "main",
        &[
            ("auth.txt", Some("auth\n")),
            ("both.txt", Some("one\n2\n3\n")),
            ("old.txt", None),
        ],
    );
    scratch.commit_file("both.txt", "1\n2\nthree\n");
    (scratch, pin)
}

#[test]
fn a_merge_whose_git_was_killed_while_it_wrote_files_is_done_again() {
    let (scratch, pin) = apart();
    // Git has written one file, half of another, and taken a third away; the index is as it was.
    scratch
        .write("auth.txt", "au")
        .write("both.txt", "one\n2\nthree\n")
        .remove("old.txt");
    assert!(matches!(
        merge_in(scratch.path(), &pin, "carry").unwrap(),
        MergedIn::Merged(_)
    ));
    assert_eq!(scratch.read("both.txt"), "one\n2\nthree\n");
    assert_eq!(scratch.read("auth.txt"), "auth\n");
    assert!(inspect(scratch.path()).unwrap().is_clean());
}

#[test]
fn a_merge_whose_git_was_killed_when_it_had_written_the_index_is_done_again() {
    for fast_forward in [true, false] {
        let (scratch, pin) = apart();
        if fast_forward {
            scratch.git("reset -q --hard HEAD^");
        }
        let before = scratch.head();
        scratch.git_args(["merge", "-q", "--no-edit", pin.as_str()]);
        // All is written, and HEAD has not moved.
        scratch.git_args(["reset", "-q", "--soft", before.as_str()]);
        let carried = merge_in(scratch.path(), &pin, "carry").unwrap();
        assert_eq!(
            matches!(carried, MergedIn::FastForward(_)),
            fast_forward,
            "{carried:?}"
        );
        assert!(inspect(scratch.path()).unwrap().is_clean());
        assert!(!scratch.join("old.txt").exists());
    }
}

#[test]
fn what_somebody_wrote_is_never_taken_for_the_rest_of_a_merge() {
    let (scratch, pin) = apart();
    let before = scratch.head();
    scratch
        .write("auth.txt", "another\n")
        .write("both.txt", "one\n2\nthree\nmine\n");
    let error = merge_in(scratch.path(), &pin, "carry").unwrap_err();
    assert!(
        matches!(&error, MergeInError::Dirty { files, .. } if files.len() == 2),
        "{error}"
    );
    assert_eq!(scratch.read("auth.txt"), "another\n");
    assert_eq!(scratch.read("both.txt"), "one\n2\nthree\nmine\n");
    // With the index of the merge written, and a file changed since.
    scratch.git("reset -q --hard");
    scratch.remove("auth.txt");
    scratch.git_args(["merge", "-q", "--no-edit", pin.as_str()]);
    scratch.git_args(["reset", "-q", "--soft", before.as_str()]);
    scratch.write("both.txt", "mine\n");
    merge_in(scratch.path(), &pin, "carry").unwrap_err();
    assert_eq!(scratch.read("both.txt"), "mine\n");
}
