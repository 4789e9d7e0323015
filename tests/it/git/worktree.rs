//! Making worktrees: where they may be, what is refused, several at once.

use std::path::Path;
use std::thread;

use orch::git::{self, EnsureError, WorktreeAdmin, WorktreeReady, WorktreeRefusal, WorktreeSpec, inspect};

use crate::support::{Scratch, Tree};

fn spec(scratch: &Tree, key: &str, path: impl AsRef<Path>) -> WorktreeSpec {
    WorktreeSpec {
        key: key.to_owned(),
        path: path.as_ref().to_owned(),
        branch: format!("orch/{key}"),
        base: scratch.rev("main"),
    }
}

fn admin(tree: &Tree) -> WorktreeAdmin {
    WorktreeAdmin::new(&tree.repository())
}

#[track_caller]
fn refusal(result: Result<WorktreeReady, EnsureError>) -> WorktreeRefusal {
    match result {
        Err(EnsureError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn a_worktree_is_made_once_and_found_again() {
    let scratch = Scratch::new();
    let (admin, spec) = (
        admin(&scratch),
        spec(&scratch, "auth", scratch.beside("trees/deep/auth")),
    );
    let ready = git::worktree::ensure(&admin, &spec).unwrap();
    assert_eq!((ready.created_branch, ready.created_worktree), (true, true));
    assert_eq!((&ready.path, &ready.head), (&spec.path, &spec.base));
    assert!(ready.warnings.is_empty());
    let tree = Tree::at(&ready.path);
    assert_eq!(tree.read("README.md"), "a scratch repository\n");
    assert_eq!(tree.git("branch --show-current"), "orch/auth");
    let head = tree.write("work.txt", "uncommitted").commit_file("a.txt", "a");
    tree.write("more.txt", "uncommitted");

    let again = git::worktree::ensure(&admin, &spec).unwrap();
    assert_eq!((again.created_branch, again.created_worktree), (false, false));
    assert_eq!(again.head, head);
    assert_eq!(tree.read("more.txt"), "uncommitted");
    assert_eq!(admin.keys().unwrap(), ["auth"]);
}

#[test]
fn a_new_worktree_is_clean_and_has_no_upstream() {
    let scratch = Scratch::new();
    scratch.git("config branch.autoSetupMerge always");
    let ready = git::worktree::ensure(&admin(&scratch), &spec(&scratch, "a", scratch.beside("a"))).unwrap();
    assert!(inspect(&ready.path).unwrap().is_clean());
    assert_eq!(
        scratch.git("for-each-ref --format=%(upstream) refs/heads/orch/a"),
        ""
    );
}

#[test]
fn orch_folder_is_hidden_and_the_exclude_file_kept() {
    let scratch = Scratch::new();
    let exclude = scratch.join(".git/info/exclude");
    std::fs::write(&exclude, "# mine\n*.swp").unwrap();
    let admin = admin(&scratch);
    for key in ["a", "b"] {
        let ready = git::worktree::ensure(&admin, &spec(&scratch, key, scratch.beside(key))).unwrap();
        let tree = Tree::at(ready.path);
        tree.write(".orch/status.json", "{}");
        assert_eq!(tree.status(), "");
    }
    assert_eq!(
        std::fs::read_to_string(&exclude).unwrap(),
        "# mine\n*.swp\n.orch/\n"
    );
    std::fs::remove_dir_all(scratch.join(".git/info")).unwrap();
    git::worktree::ensure(&admin, &spec(&scratch, "c", scratch.beside("c"))).unwrap();
    assert_eq!(std::fs::read_to_string(&exclude).unwrap(), ".orch/\n");
}

#[test]
fn a_worktree_inside_the_main_checkout_does_not_dirty_it() {
    let scratch = Scratch::new();
    git::worktree::ensure(
        &admin(&scratch),
        &spec(&scratch, "a", scratch.join("trees/a [1]")),
    )
    .unwrap();
    assert_eq!(scratch.status(), "");
}

#[test]
fn paths_may_hold_spaces_letters_of_all_kinds_and_bytes_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::named("mein Läden");
    scratch.commit_file("ein Ördner/ß \"x\".txt", "ß\n");
    let admin = admin(&scratch);
    let odd = std::ffi::OsStr::from_bytes(b"no text \xff");
    for (key, name) in [("a", "meine Bäume/店 a".as_ref()), ("b", odd)] {
        let spec = spec(&scratch, key, scratch.beside(name));
        assert!(git::worktree::ensure(&admin, &spec).unwrap().created_worktree);
        assert!(!git::worktree::ensure(&admin, &spec).unwrap().created_worktree);
        assert!(inspect(&spec.path).unwrap().is_clean());
    }
}

#[test]
fn the_relative_path_of_a_template_is_understood() {
    let scratch = Scratch::new();
    let path = scratch.join("../repo.worktrees/a");
    let ready = git::worktree::ensure(&admin(&scratch), &spec(&scratch, "a", path)).unwrap();
    assert_eq!(ready.path, scratch.beside("repo.worktrees/a"));
}

#[test]
fn it_works_from_a_linked_worktree_and_from_a_bare_repository() {
    let scratch = Scratch::new();
    let linked = scratch.beside("linked");
    scratch.git_args(["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let linked = Tree::at(linked);
    assert!(
        git::worktree::ensure(&admin(&linked), &spec(&linked, "a", scratch.beside("a")))
            .unwrap()
            .created_worktree
    );
    assert!(
        !git::worktree::ensure(&admin(&scratch), &spec(&scratch, "a", scratch.beside("a")))
            .unwrap()
            .created_worktree
    );

    let bare = scratch.beside("bare.git");
    scratch.git_args(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let bare = Tree::at(bare);
    let ready = git::worktree::ensure(&admin(&bare), &spec(&bare, "b", scratch.beside("b"))).unwrap();
    assert_eq!(Tree::at(&ready.path).read("README.md"), "a scratch repository\n");
    assert!(bare.join("info/exclude").exists());
}

#[test]
fn a_detached_main_checkout_does_not_matter() {
    let scratch = Scratch::new();
    scratch.git("checkout -q --detach");
    let ready = git::worktree::ensure(&admin(&scratch), &spec(&scratch, "a", scratch.beside("a"))).unwrap();
    assert_eq!(ready.head, scratch.head());
}

#[test]
fn a_failing_hook_is_a_warning_and_sees_what_git_would_show_it() {
    let scratch = Scratch::new();
    let hook = scratch.beside("hooks/post-checkout");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(
        &hook,
        "#!/bin/sh\necho \"$1 $2 $3\" > from-hook\necho no luck >&2\nexit 1\n",
    )
    .unwrap();
    std::process::Command::new("chmod")
        .arg("+x")
        .arg(&hook)
        .status()
        .unwrap();
    scratch.git_args([
        "config",
        "core.hooksPath",
        hook.parent().unwrap().to_str().unwrap(),
    ]);
    let admin = admin(&scratch);
    let ready = git::worktree::ensure(&admin, &spec(&scratch, "a", scratch.beside("a"))).unwrap();
    assert!(ready.warnings[0].contains("no luck"), "{:?}", ready.warnings);
    let shown = Tree::at(&ready.path).read("from-hook");
    assert_eq!(shown.trim(), format!("{} {} 1", "0".repeat(40), ready.head));

    let path = scratch.beside("train");
    git::worktree::ensure_detached(&admin, "train", &path, &ready.head).unwrap();
    let second = scratch.commit("second");
    let moved = git::worktree::ensure_detached(&admin, "train", &path, &second).unwrap();
    assert_eq!(moved.head, second);
    assert_eq!(moved.warnings.len(), 1);
}

#[test]
fn submodules_are_checked_out_and_their_failure_is_a_warning() {
    let scratch = Scratch::new();
    let library = Scratch::named("library");
    scratch.git_args([
        "submodule",
        "--quiet",
        "add",
        library.path().to_str().unwrap(),
        "lib",
    ]);
    scratch.commit("add a submodule");
    let admin = admin(&scratch);
    let ready = git::worktree::ensure(&admin, &spec(&scratch, "a", scratch.beside("a"))).unwrap();
    assert_eq!(ready.warnings, [""; 0]);
    assert_eq!(
        Tree::at(ready.path.join("lib")).read("README.md"),
        "a scratch repository\n"
    );
    assert!(inspect(&ready.path).unwrap().is_clean());

    std::fs::rename(library.path(), library.beside("out of reach")).unwrap();
    let ready = git::worktree::ensure(&admin, &spec(&scratch, "b", scratch.beside("b"))).unwrap();
    assert_eq!(ready.warnings.len(), 1);
    assert!(ready.warnings[0].contains("submodule"), "{:?}", ready.warnings);
    assert!(inspect(&ready.path).unwrap().is_clean());
}

#[test]
fn filters_run_as_in_any_checkout() {
    let scratch = Scratch::new();
    scratch.git_args(["config", "filter.shout.smudge", "tr a-z A-Z"]);
    scratch.git_args(["config", "filter.shout.clean", "tr A-Z a-z"]);
    scratch
        .write(".gitattributes", "*.txt filter=shout\n")
        .commit_file("a.txt", "loud\n");
    let ready = git::worktree::ensure(&admin(&scratch), &spec(&scratch, "a", scratch.beside("a"))).unwrap();
    assert_eq!(Tree::at(&ready.path).read("a.txt"), "LOUD\n");
    assert!(inspect(&ready.path).unwrap().is_clean());
}

#[test]
fn what_orch_did_not_make_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let admin = admin(&scratch);
    scratch.git("branch orch/a");
    let found = refusal(git::worktree::ensure(
        &admin,
        &spec(&scratch, "a", scratch.beside("a")),
    ));
    assert_eq!(
        found,
        WorktreeRefusal::ForeignBranch {
            branch: "orch/a".to_owned()
        }
    );
    assert!(!scratch.beside("a").exists());

    let folder = Tree::at(scratch.beside("b"));
    folder.write("mine.txt", "mine");
    let found = refusal(git::worktree::ensure(&admin, &spec(&scratch, "b", folder.path())));
    assert_eq!(
        found,
        WorktreeRefusal::ForeignFolder {
            path: folder.path().to_owned()
        }
    );
    assert_eq!(scratch.git("branch --list orch/b"), "");

    let gone = scratch.beside("c");
    scratch.git_args(["worktree", "add", "-q", "-b", "theirs", gone.to_str().unwrap()]);
    std::fs::remove_dir_all(&gone).unwrap();
    let found = refusal(git::worktree::ensure(&admin, &spec(&scratch, "c", &gone)));
    assert_eq!(found, WorktreeRefusal::ForeignRegistration { path: gone });

    scratch.git("branch orch/d/e");
    let found = refusal(git::worktree::ensure(
        &admin,
        &spec(&scratch, "d", scratch.beside("d")),
    ));
    assert!(matches!(found, WorktreeRefusal::BranchClash { .. }), "{found}");
    let mut outside = spec(&scratch, "x", scratch.beside("x"));
    outside.key = "../x".to_owned();
    let found = refusal(git::worktree::ensure(&admin, &outside));
    assert!(matches!(found, WorktreeRefusal::BadKey { .. }), "{found}");
    assert!(admin.keys().unwrap().is_empty());
}

#[test]
fn an_empty_folder_at_the_path_is_used() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.beside("a")).unwrap();
    assert!(
        git::worktree::ensure(&admin(&scratch), &spec(&scratch, "a", scratch.beside("a")))
            .unwrap()
            .created_worktree
    );
}

#[test]
fn another_path_or_another_head_is_refused_with_both_named() {
    let scratch = Scratch::new();
    let admin = admin(&scratch);
    let first = spec(&scratch, "a", scratch.beside("a"));
    git::worktree::ensure(&admin, &first).unwrap();
    let found = refusal(git::worktree::ensure(
        &admin,
        &spec(&scratch, "a", scratch.beside("b")),
    ));
    assert!(matches!(found, WorktreeRefusal::MadeOtherwise { .. }), "{found}");
    Tree::at(&first.path).git("switch -q -c other");
    let found = refusal(git::worktree::ensure(&admin, &first));
    assert!(
        found.to_string().contains("`orch/a`") && found.to_string().contains("`other`"),
        "{found}"
    );
}

#[test]
fn sixteen_threads_make_sixteen_worktrees() {
    let scratch = Scratch::new();
    for n in 0..40 {
        scratch.write(format!("src/{n}.txt"), format!("{n}\n"));
    }
    scratch.commit("files");
    let admin = admin(&scratch);
    let specs: Vec<_> = (0..16)
        .map(|n| spec(&scratch, &format!("p{n}"), scratch.beside(format!("t/p{n}"))))
        .collect();
    thread::scope(|scope| {
        for spec in &specs {
            scope.spawn(|| assert!(git::worktree::ensure(&admin, spec).unwrap().created_worktree));
        }
    });
    for spec in &specs {
        assert!(inspect(&spec.path).unwrap().is_clean());
    }
    assert_eq!(scratch.git("worktree list").lines().count(), 17);
    scratch.git("fsck --no-dangling");
}

#[test]
fn four_administrations_share_one_lock_and_agree_on_who_made_what() {
    let scratch = Scratch::new();
    let specs: Vec<_> = (0..8)
        .map(|n| spec(&scratch, &format!("p{n}"), scratch.beside(format!("t/p{n}"))))
        .collect();
    let made: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    // Its own handle and locks, as another process would have.
                    let admin = admin(&scratch);
                    specs
                        .iter()
                        .filter(|spec| git::worktree::ensure(&admin, spec).unwrap().created_worktree)
                        .count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!(made, specs.len());
}

#[test]
fn a_detached_worktree_is_used_again_with_its_build_cache() {
    let scratch = Scratch::new();
    scratch.commit_file(".gitignore", "target/\n");
    let admin = admin(&scratch);
    let (path, first) = (scratch.beside("train"), scratch.head());
    assert!(
        git::worktree::ensure_detached(&admin, "train", &path, &first)
            .unwrap()
            .created_worktree
    );
    let tree = Tree::at(&path);
    tree.write("target/cache", "warm")
        .write("litter/x", "x")
        .write("README.md", "changed");
    let second = scratch.commit_file("new.txt", "new");
    let ready = git::worktree::ensure_detached(&admin, "train", &path, &second).unwrap();
    assert!(!ready.created_worktree);
    assert_eq!((ready.head, tree.read("new.txt").as_str()), (second, "new"));
    assert_eq!(tree.read("target/cache"), "warm");
    assert_eq!(tree.status(), "");
    assert_eq!(inspect(&path).unwrap().branch, None);
}
