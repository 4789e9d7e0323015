//! Candidates equal what `git merge` would make: for each shape of change, the same tree or the same conflicts.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use orch::git::{BuildOutcome, CandidateBuilder, require_git};
use orch::plan::CommitId;

use crate::support::{Scratch, Tree};

const LONG: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

/// A repository with a base commit, then a side of changes on `ours` (checked out at the end) and on `theirs`.
fn sides(base: impl Fn(&Tree), ours: impl Fn(&Tree), theirs: impl Fn(&Tree)) -> Scratch {
    let scratch = Scratch::new();
    base(&scratch);
    scratch.commit("base");
    scratch.git("switch -q -c theirs");
    theirs(&scratch);
    scratch.commit("theirs");
    scratch.git("switch -q -c ours main");
    ours(&scratch);
    scratch.commit("ours");
    // What is checked out where must not matter: attributes come from the commits.
    scratch.git("switch -q --orphan nothing");
    scratch.git("commit -q --allow-empty -m nothing");
    scratch
}

fn build(scratch: &Scratch, message: &str) -> BuildOutcome {
    let builder = CandidateBuilder::new(&scratch.repository(), require_git().unwrap());
    builder
        .build(&scratch.rev("ours"), &scratch.rev("theirs"), message)
        .unwrap()
}

/// What a real `git merge` in a checkout makes of it: the tree, or the files in conflict.
fn real_merge(scratch: &Scratch) -> Result<String, BTreeSet<PathBuf>> {
    let path = scratch.beside("real");
    scratch.git_args(["worktree", "add", "-q", path.to_str().unwrap(), "ours"]);
    let tree = Tree::at(path);
    if tree
        .try_git(["merge", "-q", "--no-ff", "-m", "real", "theirs"])
        .status
        .success()
    {
        return Ok(tree.git("rev-parse HEAD^{tree}"));
    }
    let unmerged = tree.git_args([
        "-c",
        "core.quotePath=false",
        "diff",
        "--name-only",
        "--diff-filter=U",
    ]);
    let files: BTreeSet<PathBuf> = unmerged
        .lines()
        // A file pushed aside by a folder: git names it after the side, orch as people know it.
        .map(|file| {
            file.strip_suffix("~HEAD")
                .or(file.strip_suffix("~theirs"))
                .unwrap_or(file)
                .into()
        })
        .collect();
    assert!(!files.is_empty(), "git merge failed without a conflict");
    Err(files)
}

/// Builds a candidate and compares. Gives the kinds of conflict.
#[track_caller]
fn same_as_git(scratch: &Scratch) -> Vec<(String, String)> {
    match (build(scratch, "land theirs"), real_merge(scratch)) {
        (BuildOutcome::Candidate(candidate), Ok(tree)) => {
            assert_eq!(candidate.tree, tree);
            assert_eq!(
                scratch.git(&format!("rev-parse {}^{{tree}}", candidate.commit)),
                tree
            );
            Vec::new()
        }
        (BuildOutcome::Conflict { files }, Err(expected)) => {
            let found: BTreeSet<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
            assert!(expected.is_subset(&found), "{expected:?} not all in {found:?}");
            files
                .into_iter()
                .map(|file| (file.path.display().to_string(), file.kind))
                .collect()
        }
        (built, real) => panic!("orch: {built:?}, git: {real:?}"),
    }
}

#[track_caller]
fn conflict(scratch: &Scratch, expected: &[(&str, &str)]) {
    let found = same_as_git(scratch);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(path, kind)| (path.as_str(), kind.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn merges(scratch: &Scratch) {
    assert_eq!(same_as_git(scratch), []);
}

/// For closures that only change files.
fn ignore<T>(_: T) {}

fn edit(tree: &Tree, file: &str, from: &str, to: &str) {
    tree.write(file, tree.read(file).replace(from, to));
}

#[test]
fn edits_of_different_lines_merge() {
    merges(&sides(
        |t| ignore(t.write("a.txt", LONG)),
        |t| edit(t, "a.txt", "one", "ONE"),
        |t| edit(t, "a.txt", "ten", "TEN"),
    ));
}

#[test]
fn edits_of_one_line_conflict() {
    let scratch = sides(
        |t| ignore(t.write("dir/ä b.txt", LONG)),
        |t| edit(t, "dir/ä b.txt", "five", "FIVE"),
        |t| edit(t, "dir/ä b.txt", "five", "5"),
    );
    conflict(&scratch, &[("dir/ä b.txt", "content")]);
}

#[test]
fn an_edit_follows_a_rename() {
    merges(&sides(
        |t| ignore(t.write("old.txt", LONG)),
        |t| ignore(t.git("mv old.txt new.txt")),
        |t| edit(t, "old.txt", "ten", "TEN"),
    ));
}

#[test]
fn a_new_file_follows_a_renamed_folder() {
    let write = |t: &Tree| {
        for n in 0..4 {
            t.write(format!("old/{n}.txt"), format!("{LONG}{n}\n"));
        }
    };
    let scratch = sides(
        write,
        |t| ignore(t.git("mv old new")),
        |t| ignore(t.write("old/added.txt", "added\n")),
    );
    // git's default is to ask about this one.
    same_as_git(&scratch);
}

#[test]
fn a_rename_and_a_deletion_conflict() {
    let scratch = sides(
        |t| ignore(t.write("old.txt", LONG)),
        |t| ignore(t.git("mv old.txt new.txt")),
        |t| ignore(t.remove("old.txt")),
    );
    conflict(&scratch, &[("new.txt", "rename/delete")]);
}

#[test]
fn an_edit_and_a_deletion_conflict() {
    let scratch = sides(
        |t| ignore(t.write("a.txt", LONG)),
        |t| edit(t, "a.txt", "one", "ONE"),
        |t| ignore(t.remove("a.txt")),
    );
    conflict(&scratch, &[("a.txt", "modify/delete")]);
}

#[test]
fn a_changed_mode_merges_with_an_edit() {
    merges(&sides(
        |t| ignore(t.write("run.sh", LONG)),
        |t| fs::set_permissions(t.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap(),
        |t| edit(t, "run.sh", "one", "ONE"),
    ));
}

#[test]
fn the_same_new_file_with_different_content_conflicts() {
    let scratch = sides(
        |_| (),
        |t| ignore(t.write("new.txt", "ours\n")),
        |t| ignore(t.write("new.txt", "theirs\n")),
    );
    conflict(&scratch, &[("new.txt", "add/add")]);
}

#[test]
fn links_that_differ_conflict() {
    let scratch = sides(
        |t| symlink("base", t.join("link")).unwrap(),
        |t| {
            t.remove("link");
            symlink("ours", t.join("link")).unwrap();
        },
        |t| {
            t.remove("link");
            symlink("theirs", t.join("link")).unwrap();
        },
    );
    conflict(&scratch, &[("link", "content")]);
}

#[test]
fn a_file_and_a_folder_of_one_name_conflict() {
    let scratch = sides(
        |_| (),
        |t| ignore(t.write("thing", "a file\n")),
        |t| ignore(t.write("thing/inside.txt", "in a folder\n")),
    );
    let kinds = same_as_git(&scratch);
    assert!(
        kinds.iter().any(|(_, kind)| kind == "file/directory"),
        "{kinds:?}"
    );
}

#[test]
fn a_criss_cross_history_merges_as_git_does() {
    let scratch = sides(
        |t| ignore(t.write("a.txt", LONG)),
        |t| edit(t, "a.txt", "one", "ONE"),
        |t| edit(t, "a.txt", "ten", "TEN"),
    );
    let (ours, theirs) = (scratch.rev("ours"), scratch.rev("theirs"));
    for (branch, other) in [("ours", &theirs), ("theirs", &ours)] {
        scratch.git(&format!("switch -q {branch}"));
        scratch.git(&format!("merge -q --no-ff -m cross {other}"));
        edit(
            &scratch,
            "a.txt",
            "five",
            if branch == "ours" { "FIVE" } else { "five" },
        );
        scratch.commit("after the crossing");
    }
    scratch.git("switch -q nothing");
    merges(&scratch);
}

#[test]
fn binary_files_that_differ_conflict() {
    let scratch = sides(
        |t| ignore(t.write("a.bin", [0u8, 1, 2])),
        |t| ignore(t.write("a.bin", [0u8, 1, 3])),
        |t| ignore(t.write("a.bin", [0u8, 1, 4])),
    );
    conflict(&scratch, &[("a.bin", "binary")]);
}

#[test]
fn a_merge_driver_named_in_the_attributes_is_used() {
    merges(&sides(
        |t| {
            ignore(
                t.write("sub/.gitattributes", "CHANGES merge=union\n")
                    .write("sub/CHANGES", "first\n"),
            )
        },
        |t| ignore(t.write("sub/CHANGES", "ours\nfirst\n")),
        |t| ignore(t.write("sub/CHANGES", "theirs\nfirst\n")),
    ));
}

#[test]
fn a_driver_of_the_repositorys_own_is_run() {
    let scratch = sides(
        |t| {
            ignore(
                t.write(".gitattributes", "*.txt merge=theirs\n")
                    .write("a.txt", "base\n"),
            )
        },
        |t| ignore(t.write("a.txt", "ours\n")),
        |t| ignore(t.write("a.txt", "theirs\n")),
    );
    scratch.git_args(["config", "merge.theirs.driver", "cp %B %A"]);
    merges(&scratch);
}

#[test]
fn line_endings_are_evened_out_when_so_configured() {
    let scratch = sides(
        |t| ignore(t.write("a.txt", LONG)),
        |t| ignore(t.write(".gitattributes", "*.txt text eol=crlf\n")),
        |t| edit(t, "a.txt", "one", "ONE"),
    );
    scratch.git("config merge.renormalize true");
    merges(&scratch);
}

#[test]
fn a_candidate_has_both_parents_and_the_message_and_moves_nothing() {
    let scratch = sides(
        |_| (),
        |t| ignore(t.write("ours.txt", "o")),
        |t| ignore(t.write("theirs.txt", "t")),
    );
    let refs = scratch.git("for-each-ref");
    let BuildOutcome::Candidate(candidate) = build(&scratch, "land theirs\n\nOrch-Plan: theirs") else {
        panic!()
    };
    let format = |what: &str| scratch.git(&format!("log -1 --format={what} {}", candidate.commit));
    assert_eq!(
        format("%P"),
        format!("{} {}", scratch.rev("ours"), scratch.rev("theirs"))
    );
    assert_eq!(format("%B"), "land theirs\n\nOrch-Plan: theirs");
    assert_eq!(scratch.git("for-each-ref"), refs);
    assert_eq!(scratch.status(), "");
}

#[test]
fn what_is_contained_is_told_and_what_could_fast_forward_is_still_a_merge() {
    let scratch = Scratch::new();
    let builder = CandidateBuilder::new(&scratch.repository(), require_git().unwrap());
    let (old, new): (CommitId, _) = (scratch.head(), scratch.commit_file("a.txt", "a"));
    assert_eq!(
        builder.build(&new, &old, "land").unwrap(),
        BuildOutcome::AlreadyContained
    );
    let BuildOutcome::Candidate(candidate) = builder.build(&old, &new, "land").unwrap() else {
        panic!()
    };
    assert_ne!(candidate.commit, new);
    assert_eq!(candidate.tree, scratch.repository().tree_of(&new).unwrap());
}

#[test]
fn candidates_are_signed_when_commits_are_to_be() {
    let scratch = sides(
        |_| (),
        |t| ignore(t.write("ours.txt", "o")),
        |t| ignore(t.write("theirs.txt", "t")),
    );
    // A stand-in for gpg: it answers as gpg does.
    let signer = scratch.beside("signer");
    let script = "#!/bin/sh\ncat > /dev/null\necho '[GNUPG:] SIG_CREATED D' >&2\n\
                  printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'\n";
    fs::write(&signer, script).unwrap();
    fs::set_permissions(&signer, fs::Permissions::from_mode(0o755)).unwrap();
    scratch.git_args(["config", "gpg.program", signer.to_str().unwrap()]);
    scratch.git("config commit.gpgSign true");
    let BuildOutcome::Candidate(candidate) = build(&scratch, "land") else {
        panic!()
    };
    assert!(
        scratch
            .git(&format!("cat-file commit {}", candidate.commit))
            .contains("gpgsig")
    );
}

#[test]
fn a_bare_repository_builds_the_same_candidate() {
    let scratch = sides(
        |t| {
            ignore(
                t.write(".gitattributes", "CHANGES merge=union\n")
                    .write("CHANGES", "first\n"),
            )
        },
        |t| ignore(t.write("CHANGES", "ours\nfirst\n")),
        |t| ignore(t.write("CHANGES", "theirs\nfirst\n")),
    );
    let bare = scratch.beside("bare.git");
    scratch.git_args(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let builder = CandidateBuilder::new(&Tree::at(&bare).repository(), require_git().unwrap());
    let built = builder
        .build(&scratch.rev("ours"), &scratch.rev("theirs"), "land")
        .unwrap();
    let (BuildOutcome::Candidate(candidate), Ok(tree)) = (built, real_merge(&scratch)) else {
        panic!()
    };
    assert_eq!(candidate.tree, tree);
}
