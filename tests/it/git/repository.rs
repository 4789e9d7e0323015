//! Finding the repository from wherever one stands, and reading names and ancestry.

use std::process::Command;

use orch::git::{self, AheadBehind, GitError, Repository, is_branch_name, require_git};
use orch::plan::{PlanName, Point, TaskId};

use crate::support::{Scratch, Tree, isolate};

#[test]
fn the_git_program_is_new_enough_here() {
    assert!(require_git().unwrap() >= orch::git::LEAST_VERSION);
}

#[test]
fn a_checkout_and_a_folder_below_it_are_the_same_repository() {
    let scratch = Scratch::named("shop");
    scratch.write("src/deep/a.txt", "a");
    for dir in [scratch.path().to_owned(), scratch.join("src/deep")] {
        let repo = Repository::discover(&dir).unwrap();
        assert_eq!(repo.top(), scratch.path());
        assert_eq!(repo.here(), scratch.path());
        assert_eq!(repo.common_dir(), scratch.join(".git"));
        assert_eq!(repo.name(), "shop");
        assert!(!repo.is_bare());
        assert_eq!(repo.head_branch().unwrap().as_deref(), Some("main"));
    }
}

#[test]
fn a_linked_worktree_belongs_to_its_main_repository() {
    let scratch = Scratch::named("shop");
    let linked = scratch.beside("elsewhere");
    scratch.git_args(["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let repo = Repository::discover(&linked).unwrap();
    assert_eq!(repo.top(), scratch.path());
    assert_eq!(repo.here(), linked);
    assert_eq!(repo.common_dir(), scratch.join(".git"));
    assert_eq!(repo.name(), "shop");
    assert_eq!(repo.head_branch().unwrap().as_deref(), Some("side"));
}

#[test]
fn a_bare_repository_and_its_worktrees_are_found() {
    let scratch = Scratch::new();
    let bare = scratch.beside("shop.git");
    scratch.git_args(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let linked = scratch.beside("shop-main");
    Tree::at(&bare).git_args(["worktree", "add", "-q", linked.to_str().unwrap(), "main"]);
    for dir in [&bare, &linked] {
        let repo = Repository::discover(dir).unwrap();
        assert!(repo.is_bare());
        assert_eq!((repo.top(), repo.common_dir()), (bare.as_path(), bare.as_path()));
        assert_eq!(repo.name(), "shop");
    }
}

#[test]
fn a_folder_whose_git_file_points_to_a_bare_repository_is_found() {
    let scratch = Scratch::new();
    let project = scratch.beside("shop");
    std::fs::create_dir(&project).unwrap();
    scratch.git_args([
        "clone",
        "-q",
        "--bare",
        ".",
        project.join(".bare").to_str().unwrap(),
    ]);
    std::fs::write(project.join(".git"), "gitdir: ./.bare\n").unwrap();
    let repo = Repository::discover(&project).unwrap();
    assert!(repo.is_bare());
    assert_eq!(repo.name(), "shop");
    assert_eq!(repo.common_dir(), project.join(".bare"));
}

#[test]
fn names_with_spaces_and_letters_of_all_kinds_are_kept() {
    let scratch = Scratch::named("mein Läden 店");
    assert_eq!(scratch.repository().name(), "mein Läden 店");
}

#[test]
fn a_folder_outside_any_repository_is_named_in_the_error() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    let error = Repository::discover(dir.path()).unwrap_err();
    assert!(matches!(error, GitError::NotARepository { .. }), "{error}");
    assert!(error.to_string().contains("git init"), "{error}");
}

#[test]
fn an_empty_repository_is_refused_with_what_to_do() {
    let scratch = Scratch::empty("repo");
    let repo = scratch.repository();
    assert!(repo.is_empty().unwrap());
    assert_eq!(repo.head_branch().unwrap().as_deref(), Some("main"));
    assert!(matches!(repo.require_commit(), Err(GitError::NoCommit { .. })));
    scratch.commit("first");
    assert!(!repo.is_empty().unwrap());
    repo.require_commit().unwrap();
}

#[test]
fn a_detached_head_is_on_no_branch() {
    let scratch = Scratch::new();
    scratch.git("checkout -q --detach");
    let repo = scratch.repository();
    assert_eq!(repo.head_branch().unwrap(), None);
    assert!(!repo.is_empty().unwrap());
    assert_eq!(repo.resolve("HEAD").unwrap(), scratch.head());
}

#[test]
fn a_wrong_name_is_answered_with_the_near_ones() {
    let scratch = Scratch::new();
    scratch.git("branch develop");
    let repo = scratch.repository();
    assert_eq!(repo.resolve("main").unwrap(), scratch.head());
    assert_eq!(repo.resolve(scratch.head().as_str()).unwrap(), scratch.head());
    let GitError::UnknownRevision { near, .. } = repo.resolve("mian").unwrap_err() else {
        panic!()
    };
    assert_eq!(near, ["main"]);
    let GitError::UnknownRevision { near, .. } = repo.resolve("develpo").unwrap_err() else {
        panic!()
    };
    assert_eq!(near, ["develop"]);
    let GitError::UnknownRevision { near, .. } = repo.resolve("no such thing").unwrap_err() else {
        panic!()
    };
    assert!(near.is_empty());
}

#[test]
fn a_name_that_a_branch_and_a_tag_share_is_ambiguous() {
    let scratch = Scratch::new();
    scratch.git("tag release");
    scratch.commit("second");
    scratch.git("branch release");
    let error = scratch.repository().resolve("release").unwrap_err();
    assert!(matches!(error, GitError::AmbiguousRevision { .. }), "{error}");
    assert!(error.to_string().contains("refs/tags/release"));
}

#[test]
fn ancestry_is_read_from_commits_made_after_the_repository_was_opened() {
    let scratch = Scratch::new();
    let repo = scratch.repository();
    let base = scratch.head();
    let one = scratch.branch("one", "main", &[("one", Some("1"))]);
    let two = scratch.commit("two");
    assert!(repo.is_ancestor(&base, &one).unwrap());
    assert!(!repo.is_ancestor(&one, &two).unwrap());
    assert!(repo.is_ancestor(&one, &one).unwrap());
    assert_eq!(
        repo.ahead_behind(&one, &two).unwrap(),
        AheadBehind { ahead: 1, behind: 1 }
    );
    assert_eq!(repo.merge_base(&one, &two).unwrap(), Some(base));
    assert_eq!(repo.branch_tip("one").unwrap(), Some(one.clone()));
    assert_eq!(repo.branch_tip("none").unwrap(), None);
    assert_eq!(repo.subject(&one).unwrap(), "work on one");
    scratch.git("gc --quiet --prune=now");
    assert_eq!(repo.subject(&two).unwrap(), "two");
}

#[test]
fn pins_are_replaced_listed_and_removed() {
    let scratch = Scratch::new();
    let repo = scratch.repository();
    let (auth, first): (PlanName, _) = ("auth".parse().unwrap(), scratch.head());
    let second = scratch.commit("second");
    git::refs::pin(&repo, &auth, Point::Task(TaskId::new(2, 3)), &first).unwrap();
    git::refs::pin(&repo, &auth, Point::Plan, &first).unwrap();
    git::refs::pin(&repo, &auth, Point::Plan, &second).unwrap();
    git::refs::pin(&repo, &auth, orch::git::PinPoint::Landed, &second).unwrap();
    assert_eq!(
        git::refs::pinned(&repo, &auth, Point::Plan).unwrap(),
        Some(second.clone())
    );
    assert_eq!(scratch.rev("refs/orch/pins/auth/2.3"), first);
    let listed: Vec<String> = git::refs::pins(&repo)
        .unwrap()
        .iter()
        .map(|pin| pin.point.to_string())
        .collect();
    assert_eq!(listed, ["plan", "2.3", "landed"]);
    git::refs::unpin(&repo, &auth, Point::Plan).unwrap();
    git::refs::unpin(&repo, &auth, Point::Plan).unwrap();
    assert_eq!(git::refs::pinned(&repo, &auth, Point::Plan).unwrap(), None);
    let name = git::keep::backup(&repo, &auth, &first, "20260102T030405Z").unwrap();
    assert_eq!(name, "refs/orch/backup/auth/20260102T030405Z");
    assert_eq!(scratch.rev(&name), first);
    assert_eq!(
        git::keep::backup(&repo, &auth, &first, "20260102T030405Z").unwrap(),
        name
    );
    let second = scratch.commit("in the same second");
    let other = git::keep::backup(&repo, &auth, &second, "20260102T030405Z").unwrap();
    assert_eq!(other, format!("{name}-2"));
    assert_eq!((scratch.rev(&name), scratch.rev(&other)), (first, second));
    assert_eq!(git::keep::backups(&repo, &auth).unwrap().len(), 2);
}

#[test]
fn branch_names_are_judged_as_git_judges_them() {
    for name in [
        "main",
        "orch/auth",
        "ünï",
        "a b",
        "a..b",
        "-a",
        "a.lock",
        "HEAD",
        "",
        "a/",
        "@",
    ] {
        let git = Command::new("git")
            .args(["check-ref-format", "--branch", name])
            .output()
            .unwrap();
        assert_eq!(
            is_branch_name(name),
            git.status.success() && name != "HEAD",
            "{name:?}"
        );
    }
}

#[test]
fn a_diff_command_shows_what_the_branch_changed() {
    let scratch = Scratch::new();
    scratch.branch("side", "main", &[("new.txt", Some("new\n"))]);
    scratch.commit_file("other.txt", "other\n");
    let out = git::repo::diff_command(&scratch.repository(), "main", "side", &["--name-only"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(out.stdout).unwrap(), "new.txt\n");
}

#[test]
fn a_repository_that_lies_apart_from_its_checkout_is_found_from_there_and_from_its_worktrees() {
    let scratch = Scratch::named("shop");
    let apart = scratch.beside("books/shop.git");
    std::fs::create_dir(apart.parent().unwrap()).unwrap();
    scratch.git_args(["init", "-q", "--separate-git-dir", apart.to_str().unwrap()]);
    let linked = scratch.beside("linked");
    scratch.git_args(["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let repo = Repository::discover(scratch.path()).unwrap();
    assert_eq!((repo.top(), repo.common_dir()), (scratch.path(), apart.as_path()));
    assert!(!repo.is_bare());
    assert_eq!(repo.name(), "shop");
    // Git does not know the way back.
    let error = Repository::discover(&linked).unwrap_err();
    assert!(matches!(error, GitError::Apart { .. }), "{error}");
    scratch.git_args([
        "--git-dir",
        apart.to_str().unwrap(),
        "config",
        "core.worktree",
        scratch.path().to_str().unwrap(),
    ]);
    assert_eq!(Repository::discover(&linked).unwrap().top(), scratch.path());
}

#[test]
fn a_repository_of_a_format_that_cannot_be_read_is_refused_with_what_can_be() {
    isolate();
    for (option, says) in [
        ("--object-format=sha256", "SHA-256"),
        ("--ref-format=reftable", "reftable"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new("git")
            .args(["init", "-q", option])
            .arg(dir.path())
            .output()
            .unwrap();
        if !made.status.success() {
            println!("skipped: this git does not know {option}");
            continue;
        }
        let error = Repository::discover(dir.path()).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("git init"), "{error}");
    }
}
