//! The gate: nothing that exists only in one place is taken away there.

use orch::git::{
    self, KeepReason, MergeInError, PinPoint, RemoveError, WorktreeAdmin, WorktreeSpec, merge_in,
};
use orch::plan::{LandedBy, PlanName, Point};

use crate::support::{Scratch, Tree};

fn auth() -> PlanName {
    "auth".parse().unwrap()
}

fn made(scratch: &Scratch) -> (WorktreeAdmin, Tree) {
    let admin = WorktreeAdmin::new(&scratch.repository());
    let path = scratch.beside("trees/auth");
    let spec = WorktreeSpec {
        key: "auth".to_owned(),
        path: path.clone(),
        branch: "orch/auth".to_owned(),
        base: scratch.head(),
    };
    git::worktree::ensure(&admin, &spec).unwrap();
    (admin, Tree::at(path))
}

#[track_caller]
fn holders(scratch: &Scratch, commit: &orch::plan::CommitId) -> Vec<String> {
    let out = scratch.git(&format!("for-each-ref --format=%(refname) --contains {commit}"));
    out.lines().map(str::to_owned).collect()
}

#[test]
fn a_squashed_branch_goes_and_its_commits_are_kept() {
    let scratch = Scratch::new();
    let (admin, tree) = made(&scratch);
    tree.commit_file("a.txt", "a");
    let tip = tree.commit_file("b.txt", "b");
    scratch.git("merge -q --squash orch/auth");
    scratch.commit("squashed");
    let proof = git::worktree::removable(&admin, "auth", &scratch.rev("main")).unwrap();
    assert!(matches!(proof.landed(), Some(LandedBy::EqualTree { .. })));
    let backups = git::worktree::remove(&admin, &admin.lock().unwrap(), &proof).unwrap();
    assert!(!tree.path().exists());
    assert_eq!(scratch.git("branch --list orch/auth"), "");
    assert_eq!(backups[0].commit, tip);
    assert_eq!(holders(&scratch, &tip), [backups[0].name.clone()]);
}

#[test]
fn ignored_files_are_named_with_their_size_and_a_repository_among_them_is_kept() {
    let scratch = Scratch::new();
    scratch.commit_file(".gitignore", "target/\n.env\nvendor/\n");
    let (admin, tree) = made(&scratch);
    tree.write("target/deep/cache", "12345")
        .write("target/x", "678")
        .write(".env", "K=1");
    let proof = git::worktree::removable(&admin, "auth", &scratch.head()).unwrap();
    let found: Vec<(String, u64)> = proof
        .ignored()
        .iter()
        .map(|found| (found.path.display().to_string(), found.bytes))
        .collect();
    assert_eq!(found, [(".env".to_owned(), 3), ("target/".to_owned(), 8)]);

    tree.write("vendor/lib/README", "a clone");
    Tree::at(tree.join("vendor/lib")).git("init -q");
    let Err(RemoveError::Keep(reasons)) = git::worktree::removable(&admin, "auth", &scratch.head()) else {
        panic!("a repository would be removed with its commits");
    };
    assert!(
        matches!(&reasons[..], [KeepReason::IgnoredRepositories { .. }]),
        "{reasons:?}"
    );
    assert!(reasons[0].to_string().contains("`vendor/lib`"));
}

#[test]
fn a_pin_that_is_moved_off_a_commit_which_nothing_else_holds_leaves_a_backup() {
    let scratch = Scratch::new();
    let repo = scratch.repository();
    let first = scratch.commit_file("a.txt", "first try");
    git::refs::pin(&repo, &auth(), Point::Plan, &first).unwrap();
    scratch.git("reset -q --hard HEAD~1");
    let second = scratch.commit_file("a.txt", "second try");
    git::refs::pin(&repo, &auth(), Point::Plan, &second).unwrap();
    assert!(holders(&scratch, &first)[0].starts_with("refs/orch/backup/auth/"));
    // What the branch holds needs none.
    let third = scratch.commit_file("b.txt", "on top");
    git::refs::pin(&repo, &auth(), Point::Plan, &third).unwrap();
    assert_eq!(git::refs::unpin(&repo, &auth(), Point::Plan).unwrap(), None);
    assert_eq!(git::keep::backups(&repo, &auth()).unwrap().len(), 1);
    assert_eq!(git::refs::unpin(&repo, &auth(), PinPoint::Landed).unwrap(), None);
}

#[test]
fn an_unpinned_commit_that_only_the_pin_held_goes_to_a_backup() {
    let scratch = Scratch::new();
    let repo = scratch.repository();
    let only = scratch.commit_file("a.txt", "a");
    git::refs::pin(&repo, &auth(), Point::Plan, &only).unwrap();
    scratch.git("reset -q --hard HEAD~1");
    let backup = git::refs::unpin(&repo, &auth(), Point::Plan).unwrap().unwrap();
    assert_eq!((backup.commit, git::refs::pins(&repo).unwrap().len()), (only, 0));
}

#[test]
fn what_checks_left_goes_and_what_somebody_put_there_is_kept() {
    let scratch = Scratch::new();
    let admin = WorktreeAdmin::new(&scratch.repository());
    let path = scratch.beside("trees/train");
    let first = scratch.head();
    git::worktree::ensure_detached(&admin, "train@0", &path, &first).unwrap();
    let tree = Tree::at(&path);
    tree.write("report.xml", "left by a check")
        .write("README.md", "changed by a check");
    admin.record_left("train@0").unwrap();
    let second = scratch.commit_file("new.txt", "new");
    let ready = git::worktree::ensure_detached(&admin, "train@0", &path, &second).unwrap();
    assert_eq!((ready.warnings.len(), tree.status().as_str()), (0, ""));
    let backups = || scratch.git("for-each-ref --format=%(refname) refs/orch/backup");
    assert_eq!(backups(), "");

    tree.write("report.xml", "left by a check");
    admin.record_left("train@0").unwrap();
    tree.write("report.xml", "and then a person wrote here");
    let ready = git::worktree::ensure_detached(&admin, "train@0", &path, &first).unwrap();
    assert!(
        ready.warnings[0].contains("refs/orch/backup/train@0/"),
        "{:?}",
        ready.warnings
    );
    assert_eq!(
        scratch.git(&format!("show {}:report.xml", backups())),
        "and then a person wrote here"
    );
    assert_eq!(tree.status(), "");

    let own = tree.commit_file("own.txt", "committed on no branch");
    git::worktree::ensure_detached(&admin, "train@0", &path, &second).unwrap();
    assert!(holders(&scratch, &own)[0].starts_with("refs/orch/backup/train@0/"));
    // While a check was at work there.
    let own = tree.commit_file("own.txt", "committed beside a check");
    admin.record_left("train@0").unwrap();
    git::worktree::ensure_detached(&admin, "train@0", &path, &first).unwrap();
    assert!(holders(&scratch, &own)[0].starts_with("refs/orch/backup/train@0/"));
}

#[test]
fn carrying_never_replaces_an_ignored_file() {
    let scratch = Scratch::new();
    scratch.commit_file(".gitignore", ".env\n");
    let (_admin, tree) = made(&scratch);
    tree.write(".env", "SECRET=mine");
    scratch.write(".env", "SECRET=theirs");
    scratch.git("add -f .env");
    let pin = scratch.commit("track it");
    let refused = merge_in(tree.path(), &pin, "carry").unwrap_err();
    assert!(matches!(refused, MergeInError::InTheWay { .. }), "{refused}");
    assert_eq!(tree.read(".env"), "SECRET=mine");
}

#[test]
fn a_commit_that_only_a_passing_ref_of_git_holds_gets_a_backup() {
    for name in ["refs/original/refs/heads/main", "refs/bisect/bad", "refs/stash"] {
        let scratch = Scratch::new();
        let lost = scratch.branch("lost", "main", &[("a.txt", Some("a"))]);
        scratch.git(&format!("update-ref {name} {lost}"));
        scratch.git("branch -q -D lost");
        let kept = git::keep::keep_loose(&scratch.repository(), "auth", &lost).unwrap();
        assert_eq!(kept.map(|backup| backup.commit), Some(lost), "{name}");
    }
}
