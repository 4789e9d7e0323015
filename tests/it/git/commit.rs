//! Looking at worktrees, committing what was left in them, and snapshots.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use orch::git::{self, InProgress, LeftoverError, commit_leftovers, inspect, snapshot};

use crate::support::Scratch;

fn fail_hooks(scratch: &Scratch, names: &[&str]) {
    for name in names {
        let hook = scratch.join(".git/hooks").join(name);
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Two branches that change one line each in their own way, and a merge stopped between them.
fn stopped_merge() -> Scratch {
    let scratch = Scratch::new();
    scratch.branch("side", "main", &[("README.md", Some("side\n"))]);
    scratch.commit_file("README.md", "main\n");
    assert!(!scratch.try_git(["merge", "-q", "side"]).status.success());
    scratch
}

#[test]
fn dirt_is_listed_with_odd_names_and_without_orch_folder() {
    let scratch = Scratch::new();
    scratch.commit_file(
        "old name.txt",
        "content that is long enough to be seen as renamed\n",
    );
    scratch
        .write(".orch/status.json", "{}")
        .write("neu ü\n\"x\".txt", "n")
        .write(".gitignore", "*.log\n");
    scratch
        .write("debug.log", "ignored")
        .write("README.md", "changed");
    scratch.git_args(["mv", "old name.txt", "new name.txt"]);
    let state = inspect(scratch.path()).unwrap();
    let expected: Vec<PathBuf> = [
        ".gitignore",
        "README.md",
        "neu ü\n\"x\".txt",
        "new name.txt",
        "old name.txt",
    ]
    .map(Into::into)
    .into();
    assert_eq!(state.dirty, expected);
    assert_eq!(state.branch.as_deref(), Some("main"));
    assert_eq!((state.head, state.in_progress), (scratch.head(), None));
}

#[test]
fn what_was_begun_and_not_ended_is_told() {
    let scratch = stopped_merge();
    assert_eq!(
        inspect(scratch.path()).unwrap().in_progress,
        Some(InProgress::Merge)
    );
    scratch.git("merge --abort");
    assert!(!scratch.try_git(["rebase", "-q", "side"]).status.success());
    let state = inspect(scratch.path()).unwrap();
    assert_eq!(
        (state.in_progress, state.branch),
        (Some(InProgress::Rebase), None)
    );
    scratch.git("rebase --abort");
    assert!(!scratch.try_git(["cherry-pick", "side"]).status.success());
    assert_eq!(
        inspect(scratch.path()).unwrap().in_progress,
        Some(InProgress::CherryPick)
    );
}

#[test]
fn leftovers_are_committed_with_trailers_past_hooks_that_refuse() {
    let scratch = Scratch::new();
    fail_hooks(&scratch, &["pre-commit", "commit-msg"]);
    assert_eq!(
        commit_leftovers(scratch.path(), "main", "nothing", &[]).unwrap(),
        None
    );
    scratch
        .write(".orch/status.json", "{}")
        .write("new.txt", "new")
        .remove("README.md");
    let trailers = [("Orch-Plan", "auth"), ("Orch-Attempt", "3")];
    let commit = commit_leftovers(
        scratch.path(),
        "main",
        "keep what was left\n\nmore words",
        &trailers,
    )
    .unwrap();
    assert_eq!(commit, Some(scratch.head()));
    assert_eq!(
        scratch.git("log -1 --format=%B"),
        "keep what was left\n\nmore words\n\nOrch-Plan: auth\nOrch-Attempt: 3"
    );
    assert_eq!(
        scratch.git("log -1 --format=%(trailers:key=Orch-Plan,valueonly)"),
        "auth"
    );
    assert_eq!(scratch.git("ls-tree -r --name-only HEAD"), "new.txt");
}

#[test]
fn without_an_identity_orch_commits_under_its_own_name() {
    let scratch = Scratch::new();
    scratch.git("config --unset user.name");
    scratch.git("config --unset user.email");
    scratch.git("config user.useConfigOnly true");
    scratch.write("new.txt", "new");
    commit_leftovers(scratch.path(), "main", "kept", &[]).unwrap();
    assert_eq!(
        scratch.git("log -1 --format=%an,%ae,%cn"),
        "orch,orch@localhost,orch"
    );
    scratch.git_args(["config", "user.name", "Only A Name"]);
    scratch.write("new.txt", "newer");
    commit_leftovers(scratch.path(), "main", "kept", &[]).unwrap();
    assert_eq!(
        scratch.git("log -1 --format=%an,%ae"),
        "Only A Name,orch@localhost"
    );
}

#[test]
fn leftovers_of_a_stopped_merge_are_not_committed() {
    let scratch = stopped_merge();
    let before = scratch.status();
    let error = commit_leftovers(scratch.path(), "main", "kept", &[]).unwrap_err();
    assert!(
        matches!(
            error,
            LeftoverError::InProgress {
                operation: InProgress::Merge,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(scratch.status(), before);
}

#[test]
fn leftovers_on_another_branch_name_both() {
    let scratch = Scratch::new();
    scratch.write("new.txt", "new").git("switch -q -c other");
    let error = commit_leftovers(scratch.path(), "main", "kept", &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("`main`") && error.contains("`other`"), "{error}");
    scratch.git("checkout -q --detach");
    let error = commit_leftovers(scratch.path(), "main", "kept", &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("detached"), "{error}");
}

#[test]
fn a_repository_left_inside_the_worktree_is_named_instead_of_lost() {
    let scratch = Scratch::new();
    scratch.git("init -q vendor/tool");
    scratch.write("vendor/tool/a.txt", "a");
    let error = commit_leftovers(scratch.path(), "main", "kept", &[]).unwrap_err();
    let LeftoverError::NestedRepositories { nested, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(nested, &[PathBuf::from("vendor/tool/")]);
}

#[test]
fn a_snapshot_holds_everything_and_changes_nothing() {
    let scratch = Scratch::new();
    assert_eq!(snapshot(scratch.path(), "backup").unwrap(), scratch.head());
    scratch.write("staged.txt", "s").git("add staged.txt");
    scratch
        .write("untracked.txt", "u")
        .write("README.md", "changed\n")
        .write(".orch/x", "x");
    let (head, status) = (scratch.head(), scratch.status());
    let kept = snapshot(scratch.path(), "backup").unwrap();
    assert_eq!((scratch.head(), scratch.status()), (head.clone(), status));
    assert_eq!(scratch.rev(&format!("{kept}^")), head);
    let files = scratch.git(&format!("ls-tree -r --name-only {kept}"));
    assert_eq!(files, "README.md\nstaged.txt\nuntracked.txt");
    assert_eq!(scratch.git(&format!("show {kept}:README.md")), "changed");
}

#[test]
fn a_snapshot_keeps_what_was_staged_and_changed_again() {
    let scratch = Scratch::new();
    scratch.write("README.md", "staged\n").git("add README.md");
    scratch.write("README.md", "later\n");
    let kept = snapshot(scratch.path(), "backup").unwrap();
    assert_eq!(scratch.git(&format!("show {kept}:README.md")), "later");
    assert_eq!(scratch.git(&format!("show {kept}^2:README.md")), "staged");
    assert_eq!(scratch.git("show :README.md"), "staged");
}

#[test]
fn a_snapshot_is_possible_in_the_middle_of_a_merge() {
    let scratch = stopped_merge();
    let kept = snapshot(scratch.path(), "backup").unwrap();
    assert!(scratch.git(&format!("show {kept}:README.md")).contains("<<<<<<<"));
    assert_eq!(
        inspect(scratch.path()).unwrap().in_progress,
        Some(InProgress::Merge)
    );
}

#[test]
fn a_fingerprint_tells_each_kind_of_meddling() {
    let scratch = Scratch::new();
    let repo = scratch.repository();
    let look = || git::state::fingerprint(&repo, scratch.path()).unwrap();
    let clean = look();
    assert_eq!(clean, look());
    scratch.write("new.txt", "n");
    let dirty = look();
    assert_ne!(clean, dirty);
    scratch.write("new.txt", "longer");
    assert_ne!(dirty, look());
    scratch.commit("committed");
    assert_ne!(clean.head, look().head);
    scratch.git("switch -q -c other");
    assert_eq!(look().branch.as_deref(), Some("other"));
}
