//! Removing what is no longer needed, and keeping everything else.

use orch::git::{self, KeepReason, Removable, RemoveError, WorktreeAdmin, WorktreeSpec};

use crate::support::{Scratch, Tree};

struct Bench {
    scratch: Scratch,
    admin: WorktreeAdmin,
    tree: Tree,
}

impl Bench {
    fn new(scratch: Scratch) -> Self {
        let admin = WorktreeAdmin::new(&scratch.repository());
        let path = scratch.beside("trees/auth");
        let spec = WorktreeSpec {
            key: "auth".to_owned(),
            path: path.clone(),
            branch: "orch/auth".to_owned(),
            base: scratch.head(),
        };
        git::worktree::ensure(&admin, &spec).unwrap();
        Self {
            scratch,
            admin,
            tree: Tree::at(path),
        }
    }

    fn judge(&self) -> Result<Removable, RemoveError> {
        git::worktree::removable(&self.admin, "auth", &self.scratch.rev("main"))
    }

    #[track_caller]
    fn kept(&self) -> Vec<KeepReason> {
        match self.judge() {
            Err(RemoveError::Keep(reasons)) => reasons,
            other => panic!("expected reasons to keep it, got {other:?}"),
        }
    }

    fn remove(&self, proof: &Removable) -> Result<(), RemoveError> {
        let lock = self.admin.lock().unwrap();
        git::worktree::remove(&self.admin, &lock, proof).map(drop)
    }

    #[track_caller]
    fn is_gone(&self) {
        assert!(!self.tree.path().exists());
        assert_eq!(self.scratch.git("branch --list orch/auth"), "");
        assert_eq!(self.scratch.git("worktree list").lines().count(), 1);
        assert!(self.admin.keys().unwrap().is_empty());
    }
}

#[test]
fn landed_and_clean_work_goes_with_its_branch_and_ignored_files() {
    let bench = Bench::new(Scratch::new());
    bench
        .tree
        .write(".gitignore", "target/\n")
        .commit_file("a.txt", "a");
    bench
        .tree
        .write("target/big", "cache")
        .write(".orch/status.json", "{}");
    bench.scratch.git("merge -q orch/auth");
    let proof = bench.judge().unwrap();
    assert_eq!(
        (proof.path(), proof.branch()),
        (bench.tree.path(), Some("orch/auth"))
    );
    bench.remove(&proof).unwrap();
    bench.is_gone();
}

#[test]
fn every_reason_to_keep_it_is_told_at_once() {
    let bench = Bench::new(Scratch::new());
    bench.tree.commit_file("a.txt", "a");
    bench.tree.write("untracked.txt", "u");
    bench.scratch.git_args([
        "worktree",
        "lock",
        "--reason",
        "on a stick",
        bench.tree.path().to_str().unwrap(),
    ]);
    let reasons = bench.kept();
    assert!(
        reasons
            .iter()
            .any(|reason| matches!(reason, KeepReason::NotLanded { .. })),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|reason| matches!(reason, KeepReason::Dirty { .. })),
        "{reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|reason| reason.to_string().contains("on a stick")),
        "{reasons:?}"
    );
    assert_eq!(reasons.len(), 3);
}

#[test]
fn what_orch_did_not_make_is_kept() {
    let bench = Bench::new(Scratch::new());
    let result = git::worktree::removable(&bench.admin, "billing", &bench.scratch.head());
    assert!(
        matches!(result, Err(RemoveError::Keep(reasons)) if matches!(reasons[0], KeepReason::NotOurs { .. }))
    );
}

#[test]
fn commits_on_a_detached_head_or_another_branch_are_kept() {
    let bench = Bench::new(Scratch::new());
    bench.tree.git("checkout -q --detach");
    bench.tree.commit("on no branch");
    assert!(matches!(bench.kept()[0], KeepReason::OtherHead { .. }));
}

#[test]
fn changes_that_git_was_told_not_to_look_at_and_refs_of_the_worktree_s_own_are_kept() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let scratch = Scratch::new();
        let bench = Bench::new(scratch);
        bench.tree.git(&format!("update-index {flag} README.md"));
        bench.judge().unwrap();
        bench.tree.write("README.md", "precious\n");
        assert_eq!(bench.tree.status(), "");
        let kept = bench.kept();
        assert!(
            matches!(&kept[0], KeepReason::Hidden { files, .. } if files.len() == 1),
            "{kept:?}"
        );
        bench.tree.remove("README.md");
        bench.judge().unwrap();
    }
    let bench = Bench::new(Scratch::new());
    let commit = bench.tree.git("commit-tree -m precious HEAD^{tree}");
    bench.tree.git(&format!("update-ref refs/worktree/mine {commit}"));
    assert!(
        matches!(&bench.kept()[0], KeepReason::NotLanded { branch, .. } if branch == "refs/worktree/mine")
    );
}

#[test]
fn work_done_after_the_proof_is_kept() {
    let bench = Bench::new(Scratch::new());
    let proof = bench.judge().unwrap();
    bench.tree.write("late.txt", "late");
    bench.remove(&proof).unwrap_err();
    assert_eq!(bench.tree.read("late.txt"), "late");

    let proof_of_landed = {
        bench.tree.remove("late.txt");
        bench.judge().unwrap()
    };
    let late = bench.tree.commit_file("late.txt", "committed late");
    bench.remove(&proof_of_landed).unwrap_err();
    assert_eq!(bench.scratch.rev("orch/auth"), late);
    assert!(matches!(bench.kept()[0], KeepReason::NotLanded { .. }));
}

#[test]
fn a_removal_cut_short_is_ended() {
    let bench = Bench::new(Scratch::new());
    bench
        .scratch
        .git_args(["worktree", "remove", bench.tree.path().to_str().unwrap()]);
    bench.remove(&bench.judge().unwrap()).unwrap();
    bench.is_gone();

    let bench = Bench::new(Scratch::new());
    bench
        .scratch
        .git_args(["worktree", "remove", bench.tree.path().to_str().unwrap()]);
    bench.scratch.git("branch -D orch/auth");
    bench.remove(&bench.judge().unwrap()).unwrap();
    bench.is_gone();

    let bench = Bench::new(Scratch::new());
    std::fs::remove_dir_all(bench.tree.path()).unwrap();
    bench.remove(&bench.judge().unwrap()).unwrap();
    bench.is_gone();
}

#[test]
fn a_branch_somebody_has_checked_out_is_kept() {
    let bench = Bench::new(Scratch::new());
    bench
        .scratch
        .git_args(["worktree", "remove", bench.tree.path().to_str().unwrap()]);
    bench.scratch.git("switch -q orch/auth");
    assert!(matches!(bench.kept()[0], KeepReason::CheckedOutElsewhere { .. }));
}

#[test]
fn submodules_go_unless_they_hold_work() {
    let library = Scratch::named("library");
    let scratch = Scratch::new();
    scratch.git_args([
        "submodule",
        "--quiet",
        "add",
        library.path().to_str().unwrap(),
        "lib",
    ]);
    scratch.commit("add a submodule");
    let bench = Bench::new(scratch);
    let lib = Tree::at(bench.tree.join("lib"));
    lib.git("config user.name T");
    lib.git("config user.email t@example.org");
    let pushed = lib.head();
    lib.commit("exists only here");
    lib.git(&format!("checkout -q --detach {pushed}"));
    lib.git("branch mine HEAD@{1}");
    assert!(
        bench
            .kept()
            .iter()
            .any(|reason| matches!(reason, KeepReason::Submodule { .. }))
    );
    lib.git("branch -D mine");
    bench.remove(&bench.judge().unwrap()).unwrap();
    bench.is_gone();
}

#[test]
fn a_detached_worktree_goes_when_it_is_clean() {
    let scratch = Scratch::new();
    let admin = WorktreeAdmin::new(&scratch.repository());
    let path = scratch.beside("train");
    let candidate = scratch.branch("rejected", "main", &[("a.txt", Some("a"))]);
    git::worktree::ensure_detached(&admin, "train", &path, &candidate).unwrap();
    let proof = git::worktree::removable(&admin, "train", &scratch.head()).unwrap();
    git::worktree::remove(&admin, &admin.lock().unwrap(), &proof).unwrap();
    assert!(!path.exists());
}
