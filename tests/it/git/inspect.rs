//! Looking at a checkout: it is clean exactly when git says so.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use orch::git::{InProgress, inspect};

use crate::support::{Scratch, Tree};

/// Git's own answer, without orch's folder.
fn is_clean_for_git(tree: &Tree) -> bool {
    let shown = tree.git("status --porcelain --untracked-files=all");
    shown.lines().all(|line| line[3..].starts_with(".orch/"))
}

#[track_caller]
fn agrees(tree: &Tree, what: &str) {
    let ours = inspect(tree.path()).unwrap();
    assert_eq!(
        ours.dirty.is_empty(),
        is_clean_for_git(tree),
        "{what}: {:?}",
        ours.dirty
    );
    assert_eq!(ours.head, tree.head(), "{what}");
    let branch = tree.git("branch --show-current");
    assert_eq!(ours.branch.unwrap_or_default(), branch, "{what}");
}

/// Files whose times lie well before the index's, as in any checkout that is older than a moment.
fn settled() -> Scratch {
    let scratch = Scratch::new();
    scratch
        .write(".gitignore", "*.log\n")
        .write("src/a ü.txt", "one\n")
        .write("src/deep/b.txt", "two\n")
        .write("empty.txt", "")
        .write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(scratch.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("src", scratch.join("link")).unwrap();
    scratch.commit("files");
    let index = fs::File::options()
        .append(true)
        .open(scratch.join(".git/index"))
        .unwrap();
    let later = fs::metadata(scratch.join(".git/index"))
        .unwrap()
        .modified()
        .unwrap();
    index
        .set_modified(later + std::time::Duration::from_secs(5))
        .unwrap();
    scratch
}

type Change = (&'static str, fn(&Scratch));

#[test]
fn a_checkout_is_clean_exactly_when_git_says_so() {
    let changes: &[Change] = &[
        ("nothing", |_| {}),
        ("same size, other content", |s| {
            s.write("src/a ü.txt", "eno\n");
        }),
        ("the same content written again", |s| {
            s.write("src/a ü.txt", "one\n");
        }),
        ("a file filled", |s| {
            s.write("empty.txt", "x");
        }),
        ("a file emptied", |s| {
            s.write("src/a ü.txt", "");
        }),
        ("a file deleted", |s| {
            s.remove("src/deep/b.txt");
        }),
        ("an untracked file", |s| {
            s.write("src/deep/new.txt", "n");
        }),
        ("an ignored file", |s| {
            s.write("src/x.log", "n");
        }),
        ("an empty folder", |s| fs::create_dir(s.join("void")).unwrap()),
        ("orch's own folder", |s| {
            s.write(".orch/status.json", "{}");
        }),
        ("staged and taken back in the file", |s| {
            s.write("src/a ü.txt", "new\n").git("add --all");
            s.write("src/a ü.txt", "one\n");
        }),
        ("only staged", |s| {
            s.write("src/a ü.txt", "new\n").git("add --all");
        }),
        ("only removed from the index", |s| {
            s.git("rm -q --cached empty.txt");
        }),
        ("meant to be added", |s| {
            s.write("later.txt", "").git("add --intent-to-add later.txt");
        }),
        ("assumed unchanged", |s| {
            s.git("update-index --assume-unchanged run.sh");
            s.write("run.sh", "changed");
        }),
        ("left out by a sparse checkout", |s| {
            s.git("update-index --skip-worktree run.sh");
            s.remove("run.sh");
        }),
        ("no longer executable", |s| {
            fs::set_permissions(s.join("run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("a mode that is not looked at", |s| {
            s.git("config core.fileMode false");
            fs::set_permissions(s.join("run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("a link to elsewhere", |s| {
            s.remove("link");
            symlink("els", s.join("link")).unwrap();
        }),
        ("a file for a link", |s| {
            s.remove("link").write("link", "src");
        }),
        ("a folder for a file", |s| {
            s.remove("run.sh").write("run.sh/x", "x");
        }),
        ("a nested repository", |s| {
            s.git("init -q vendor");
        }),
        ("an index of another version", |s| {
            s.git("update-index --index-version 4");
        }),
        ("an index in two parts", |s| {
            s.git("update-index --split-index");
            s.write("split.txt", "x");
        }),
        ("another branch at the same commit", |s| {
            s.git("switch -q -c other");
        }),
        ("a detached head", |s| {
            s.git("checkout -q --detach");
        }),
        ("a commit taken back softly", |s| {
            s.git("reset -q --soft HEAD~1");
        }),
        ("a commit made quickly", |s| {
            s.commit_file("quick.txt", "q");
        }),
        ("a filter that changes", |s| {
            s.commit_file(".gitattributes", "*.txt text eol=crlf\n");
        }),
        ("an ignored file that is tracked", |s| {
            s.write("t.log", "t").git("add --force t.log");
            s.commit("tracked though ignored");
            s.write("t.log", "x");
        }),
    ];
    for (what, change) in changes {
        let scratch = settled();
        change(&scratch);
        agrees(&scratch, what);
        let linked = Tree::at(scratch.beside("linked ä"));
        scratch.git_args([
            "worktree",
            "add",
            "-q",
            "--detach",
            linked.path().to_str().unwrap(),
        ]);
        agrees(&linked, what);
    }
}

#[test]
fn a_change_in_the_same_instant_as_the_index_is_seen() {
    let scratch = settled();
    let file = scratch.join("src/a ü.txt");
    for round in 0..200 {
        scratch
            .write("src/a ü.txt", format!("{round:05}"))
            .git("add --all");
        scratch.git("commit -q -m round");
        let before = fs::metadata(&file).unwrap().modified().unwrap();
        // Same size, and the modification time put back: only the time of the last change tells.
        scratch.write("src/a ü.txt", format!("{:05}", round + 1));
        let opened = fs::File::options().append(true).open(&file).unwrap();
        opened.set_modified(before).unwrap();
        drop(opened);
        assert!(!inspect(scratch.path()).unwrap().is_clean(), "round {round}");
    }
}

#[test]
fn an_operation_that_left_the_files_clean_is_seen() {
    let scratch = settled();
    scratch.git("bisect start");
    let state = inspect(scratch.path()).unwrap();
    assert_eq!(
        (state.dirty.len(), state.in_progress),
        (0, Some(InProgress::Bisect))
    );
}
