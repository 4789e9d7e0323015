//! Lanes, and entering and leaving units in them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use orch::git::{
    self, EnsureError, KeepReason, LaneSpec, RemoveError, UnitRefusal, UnitStart, WorktreeRefusal, inspect,
};
use orch::plan::CommitId;

use crate::support::{HOME, LANE, Lanes, PLAN, Scratch, Tree, refused};

impl Lanes {
    fn note(&self, key: &str) -> std::path::PathBuf {
        self.scratch.join(format!(".git/orch/worktrees/{key}.json"))
    }

    fn books(&self, tree: &Tree) -> std::path::PathBuf {
        tree.git("rev-parse --absolute-git-dir").into()
    }

    fn removal(&self, key: &str, target: &CommitId) -> Result<(), RemoveError> {
        let proof = git::worktree::removable(&self.admin, key, target)?;
        git::worktree::remove(&self.admin, &self.admin.lock().unwrap(), &proof).map(drop)
    }

    #[track_caller]
    fn kept(&self, key: &str, target: &str) -> Vec<KeepReason> {
        match git::worktree::removable(&self.admin, key, &self.scratch.rev(target)) {
            Err(RemoveError::Keep(reasons)) => reasons,
            other => panic!("expected reasons to keep it, got {other:?}"),
        }
    }
}

#[test]
fn a_lane_is_made_once_detached_and_hidden_from_git() {
    let lanes = Lanes::new();
    assert_eq!(inspect(lanes.lane.path()).unwrap().branch, None);
    assert_eq!(lanes.lane.head(), lanes.scratch.rev("main"));
    assert_eq!(lanes.home.git("branch --show-current"), PLAN);
    let again = git::worktree::ensure_lane(&lanes.admin, &lanes.spec(LANE)).unwrap();
    assert!(!again.created_worktree);
    lanes.lane.write(".orch/status.json", "{}");
    assert_eq!(lanes.lane.status(), "");
    assert_eq!(lanes.admin.keys().unwrap(), [HOME, LANE]);
}

#[test]
fn a_lane_in_use_is_found_again_as_it_is() {
    let lanes = Lanes::new();
    for (key, tree) in [(HOME, &lanes.home), (LANE, &lanes.lane)] {
        lanes.enter(key, &format!("1.{}", key.len()), UnitStart::Continue);
        let head = lanes.work(tree, "a.txt", "a");
        tree.write("b.txt", "uncommitted");
        let ready = git::worktree::ensure_lane(&lanes.admin, &lanes.spec(key)).unwrap();
        assert_eq!((ready.head, ready.created_worktree), (head, false));
        assert_eq!(tree.read("b.txt"), "uncommitted");
        tree.git("switch -q --detach");
        git::worktree::ensure_lane(&lanes.admin, &lanes.spec(key)).unwrap();
    }
}

#[test]
fn a_half_made_lane_is_finished() {
    let lanes = Lanes::new();
    let note = fs::read_to_string(lanes.note(LANE)).unwrap();
    let making = note.replace("\"made\"", "\"making\"");
    assert_ne!(note, making);
    let books = lanes.books(&lanes.lane);
    let is_made_anew = || {
        let ready = git::worktree::ensure_lane(&lanes.admin, &lanes.spec(LANE)).unwrap();
        assert!(ready.created_worktree);
        assert_eq!(lanes.lane.read("src/ä b.txt").lines().count(), 9);
        assert!(inspect(lanes.lane.path()).unwrap().is_clean());
        assert!(
            !git::worktree::ensure_lane(&lanes.admin, &lanes.spec(LANE))
                .unwrap()
                .created_worktree
        );
    };
    // Only the note was written.
    lanes
        .scratch
        .git_args(["worktree", "remove", lanes.lane.path().to_str().unwrap()]);
    fs::write(lanes.note(LANE), &making).unwrap();
    is_made_anew();
    // Git's books are whole, locked, and there are no files.
    fs::remove_dir_all(lanes.lane.join("src")).unwrap();
    fs::remove_file(books.join("index")).unwrap();
    fs::write(books.join("locked"), "initializing").unwrap();
    fs::write(books.join("index.lock"), "").unwrap();
    fs::write(lanes.note(LANE), &making).unwrap();
    is_made_anew();
    // Git was killed while it wrote its books.
    fs::remove_dir_all(lanes.lane.path()).unwrap();
    fs::create_dir(lanes.lane.path()).unwrap();
    fs::write(books.join("HEAD"), "0".repeat(40)).unwrap();
    fs::remove_file(books.join("commondir")).unwrap();
    fs::write(lanes.note(LANE), &making).unwrap();
    is_made_anew();
}

#[test]
fn a_lane_deleted_by_hand_is_a_new_one() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "1.1", UnitStart::Continue);
    lanes.work(&lanes.lane, "a.txt", "a");
    fs::remove_dir_all(lanes.lane.path()).unwrap();
    lanes.scratch.git("worktree prune");
    let ready = git::worktree::ensure_lane(&lanes.admin, &lanes.spec(LANE)).unwrap();
    assert!(ready.created_worktree, "its set-up has to be done");
    lanes.enter(LANE, "1.1", UnitStart::Continue);
    assert_eq!(lanes.lane.read("a.txt"), "a");
}

#[test]
fn a_foreign_folder_and_another_use_of_the_key_are_refused() {
    let lanes = Lanes::new();
    let refusal = |spec: &LaneSpec| match git::worktree::ensure_lane(&lanes.admin, spec) {
        Err(EnsureError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let mut spec = lanes.spec(LANE);
    spec.key = "auth@2".to_owned();
    spec.path = lanes.beside("theirs");
    Tree::at(&spec.path).write("mine.txt", "mine");
    assert!(matches!(refusal(&spec), WorktreeRefusal::ForeignFolder { .. }));
    spec.key = LANE.to_owned();
    assert!(matches!(refusal(&spec), WorktreeRefusal::MadeOtherwise { .. }));
    let head = lanes.scratch.head();
    // A worktree for verifications is reset at each use: a lane must never be taken for one.
    let taken = git::worktree::ensure_detached(&lanes.admin, LANE, lanes.lane.path(), &head);
    assert!(matches!(
        taken,
        Err(EnsureError::Refused(WorktreeRefusal::MadeOtherwise { .. }))
    ));
}

#[test]
fn a_new_unit_starts_on_the_tip_of_the_plan() {
    let lanes = Lanes::new();
    let tip = lanes.work(&lanes.home, "plan.txt", "on the plan's branch");
    let ready = lanes.enter(LANE, "2.3", UnitStart::Continue);
    assert_eq!((ready.head, ready.backups.len()), (tip.clone(), 0));
    let ready = lanes.enter(HOME, "2.4", UnitStart::Fresh);
    assert_eq!((ready.head, ready.backups.len()), (tip.clone(), 0));
    assert_eq!(lanes.lane.read("plan.txt"), "on the plan's branch");
    let repo = lanes.scratch.repository();
    let units = git::refs::units(&repo, &"auth".parse().unwrap()).unwrap();
    assert_eq!(units, ["orch/auth.2.3", "orch/auth.2.4"]);
    let upstream = "for-each-ref --format=%(upstream) refs/heads/orch";
    assert_eq!(lanes.scratch.git(upstream), "");
}

#[test]
fn a_retry_goes_on_with_the_commits_and_a_fresh_one_backs_them_up() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    let own = lanes.work(&lanes.lane, "a.txt", "a");
    let tip = lanes.work(&lanes.home, "plan.txt", "p");
    let ready = lanes.enter(LANE, "2.3", UnitStart::Continue);
    assert_eq!((ready.head, ready.backups.len()), (own.clone(), 0));
    // In another lane, too, once the first has been left.
    assert!(matches!(
        refused(lanes.try_enter(HOME, "2.3", UnitStart::Continue)),
        UnitRefusal::CheckedOutElsewhere { .. }
    ));
    assert_eq!(git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap(), tip);
    assert_eq!(lanes.enter(HOME, "2.3", UnitStart::Continue).head, own);

    let ready = lanes.enter(HOME, "2.3", UnitStart::Fresh);
    assert_eq!(ready.head, tip);
    assert_eq!((ready.backups.len(), &ready.backups[0].commit), (1, &own));
    assert_eq!(lanes.scratch.rev(&ready.backups[0].name), own);
    assert!(!lanes.home.join("a.txt").exists());
    assert!(lanes.enter(HOME, "2.3", UnitStart::Fresh).backups.is_empty());
    lanes.nothing_is_lost();
}

#[test]
fn a_unit_without_commits_of_its_own_follows_the_plan() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    let tip = lanes.work(&lanes.home, "plan.txt", "p");
    assert_eq!(lanes.enter(LANE, "2.3", UnitStart::Continue).head, tip);
}

#[test]
fn what_an_attempt_left_is_backed_up_whole_before_it_is_cleaned() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    let own = lanes.work(&lanes.lane, "own.txt", "own");
    let lane = &lanes.lane;
    lane.write("own.txt", "staged").git("add own.txt");
    lane.write("own.txt", "changed again")
        .write("neu/ü x.txt", "untracked")
        .write("target/cache", "ignored")
        .write(".orch/status.json", "{}")
        .remove(".gitignore");
    lane.git("checkout -q -- .gitignore");
    lane.remove("src/ä b.txt");
    let ready = lanes.enter(LANE, "2.4", UnitStart::Continue);
    assert_eq!(ready.backups.len(), 1);
    let kept = &ready.backups[0].name;
    assert!(
        kept.starts_with("refs/orch/backup/auth/20260102T030405Z"),
        "{kept}"
    );
    let show = |file: &str| lanes.scratch.git_args(["show", &format!("{kept}{file}")]);
    assert_eq!(show(":own.txt"), "changed again");
    assert_eq!(show("^2:own.txt"), "staged");
    assert_eq!(show(":neu/ü x.txt"), "untracked");
    let listed = lanes
        .scratch
        .git_args(["-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", kept]);
    assert_eq!(listed, ".gitignore\nREADME.md\nneu/ü x.txt\nown.txt");
    assert_eq!(lanes.scratch.rev(&format!("{kept}^1")), own);
    assert_eq!(lane.read("target/cache"), "ignored");
    assert_eq!(lane.read(".orch/status.json"), "{}");
    assert!(!lane.join("neu").exists() && !lane.join("own.txt").exists());
    assert_eq!(lanes.scratch.rev("orch/auth.2.3"), own);
    lanes.nothing_is_lost();
}

#[test]
fn leftovers_of_a_retry_in_the_same_lane_are_backed_up_once() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    lanes.work(&lanes.lane, "own.txt", "own");
    let dirty = || lanes.lane.write("own.txt", "left").write("new.txt", "left");
    dirty();
    let first = lanes.enter(LANE, "2.3", UnitStart::Fresh);
    assert_eq!(first.backups.len(), 2, "the commits, and the changes");
    assert_ne!(first.backups[0].name, first.backups[1].name);

    // Killed after the backup was written and before the worktree was cleaned.
    lanes
        .lane
        .git(&format!("reset -q --hard {}", first.backups[0].commit));
    dirty();
    let again = lanes.enter(LANE, "2.3", UnitStart::Fresh);
    assert_eq!(again.backups, first.backups);
    lanes.nothing_is_lost();
}

#[test]
fn ignored_files_stay_and_are_backed_up_where_the_branch_has_its_own() {
    let lanes = Lanes::new();
    lanes.lane.write("secret.env", "mine").write("target/x", "cache");
    lanes
        .home
        .write("secret.env", "theirs")
        .git("add --force secret.env");
    lanes.work(&lanes.home, "plan.txt", "p");
    let found = refused(git::unit::leave_unit(&lanes.admin, LANE, PLAN));
    assert!(
        matches!(&found, UnitRefusal::InTheWay { files, .. } if files.len() == 1),
        "{found}"
    );
    let ready = lanes.enter(LANE, "2.3", UnitStart::Continue);
    assert_eq!(lanes.lane.read("secret.env"), "theirs");
    assert_eq!(lanes.lane.read("target/x"), "cache");
    let kept = &ready.backups[0].name;
    assert_eq!(lanes.scratch.git(&format!("show {kept}:secret.env")), "mine");
}

#[test]
fn an_ignored_folder_where_the_branch_has_a_file_is_backed_up() {
    let lanes = Lanes::new();
    lanes.lane.write("target/deep/cache", "mine");
    lanes.home.write("target", "a file").git("add --force target");
    lanes.work(&lanes.home, "plan.txt", "p");
    let ready = lanes.enter(LANE, "2.3", UnitStart::Continue);
    assert_eq!(lanes.lane.read("target"), "a file");
    let kept = &ready.backups[0].name;
    assert_eq!(
        lanes.scratch.git(&format!("show {kept}:target/deep/cache")),
        "mine"
    );
}

#[test]
fn commits_of_a_detached_head_and_of_branches_of_the_agents_are_kept() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    lanes.lane.git("switch -q --detach");
    let loose = lanes.work(&lanes.lane, "a.txt", "a");
    assert!(matches!(
        refused(git::unit::leave_unit(&lanes.admin, LANE, PLAN)),
        UnitRefusal::Loose { .. }
    ));
    let ready = lanes.enter(LANE, "2.3", UnitStart::Continue);
    assert_eq!(ready.backups[0].commit, loose);
    lanes.lane.git("switch -q -c idea");
    lanes.work(&lanes.lane, "b.txt", "b");
    assert!(lanes.enter(LANE, "2.3", UnitStart::Continue).backups.is_empty());
    lanes.nothing_is_lost();
}

#[test]
fn a_merge_in_progress_a_nested_repository_and_a_foreign_branch_are_refused() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    lanes.work(&lanes.lane, "README.md", "mine\n");
    lanes.work(&lanes.home, "README.md", "other\n");
    assert!(!lanes.lane.try_git(["merge", PLAN]).status.success());
    for found in [
        refused(lanes.try_enter(LANE, "2.3", UnitStart::Fresh)),
        refused(git::unit::leave_unit(&lanes.admin, LANE, PLAN)),
    ] {
        assert!(matches!(found, UnitRefusal::InProgress { .. }), "{found}");
    }
    lanes.lane.git("merge --abort");
    lanes.lane.git("init -q vendor");
    lanes.lane.write("vendor/a.txt", "a");
    let found = refused(lanes.try_enter(LANE, "2.3", UnitStart::Fresh));
    assert!(matches!(found, UnitRefusal::NestedRepositories { .. }), "{found}");
    assert_eq!(lanes.lane.read("vendor/a.txt"), "a");
    fs::remove_dir_all(lanes.lane.join("vendor")).unwrap();

    lanes.scratch.git("branch orch/auth.9 main");
    let found = refused(lanes.try_enter(LANE, "9", UnitStart::Fresh));
    assert!(matches!(found, UnitRefusal::ForeignBranch { .. }), "{found}");
    let found = refused(git::unit::enter_unit(
        &lanes.admin,
        "auth@7",
        &lanes.unit("2.3"),
        UnitStart::Fresh,
        "s",
    ));
    assert!(matches!(found, UnitRefusal::NotOurs { .. }), "{found}");
    lanes.nothing_is_lost();
}

/// Each state that leaving can be interrupted in, made by hand; then it is left again.
#[test]
fn leaving_that_was_cut_short_among_files_or_before_head_is_ended() {
    for cut in 0..3 {
        let lanes = Lanes::new();
        let tip = lanes.scratch.rev(PLAN);
        lanes.enter(LANE, "2.3", UnitStart::Continue);
        lanes.work(&lanes.lane, "README.md", "of the task\n");
        let own = lanes.work(&lanes.lane, "made.txt", "of the task\n");
        match cut {
            // Files of the plan were written, the index was not.
            0 => {
                let before = lanes.scratch.git_args(["show", &format!("{tip}:README.md")]);
                lanes
                    .lane
                    .write("README.md", &before[..before.len() / 2])
                    .remove("made.txt");
            }
            // Only HEAD is missing.
            1 => {
                lanes
                    .lane
                    .git_args(["read-tree", "-m", "-u", own.as_str(), tip.as_str()]);
            }
            _ => {
                lanes.lane.write("README.md", "somebody's\n");
            }
        }
        let left = git::unit::leave_unit(&lanes.admin, LANE, PLAN);
        if cut == 2 {
            assert!(matches!(refused(left), UnitRefusal::Dirty { .. }));
            assert_eq!(lanes.lane.read("README.md"), "somebody's\n");
        } else {
            assert_eq!(left.unwrap(), tip, "cut {cut}");
            assert_eq!(lanes.lane.status(), "", "cut {cut}");
            assert_eq!(lanes.lane.rev("HEAD"), tip);
        }
        assert_eq!(lanes.scratch.rev("orch/auth.2.3"), own);
        lanes.nothing_is_lost();
    }
}

/// Each state that entering can be interrupted in, made by hand; then it is entered again.
#[test]
fn entering_that_was_cut_short_is_ended() {
    for cut in 0..7 {
        let lanes = Lanes::new();
        lanes.enter(LANE, "2.3", UnitStart::Continue);
        let own = lanes.work(&lanes.lane, "own.txt", "own");
        let tip = lanes.work(&lanes.home, "src/ä b.txt", "new\n");
        let lane = &lanes.lane;
        let books = lanes.books(lane);
        let back_up = || {
            git::keep::backup(
                &lanes.scratch.repository(),
                &"auth".parse().unwrap(),
                &own,
                "early",
            )
            .unwrap()
        };
        match cut {
            0 => {
                back_up();
            }
            1 => {
                back_up();
                lane.git("checkout -q --detach");
            }
            2..=4 => {
                back_up();
                lane.git("checkout -q --detach");
                lane.git(&format!("update-ref refs/heads/orch/auth.2.3 {tip}"));
                if cut == 3 {
                    // In the middle of the checkout: files are written, index and HEAD are not.
                    lane.write("src/ä b.txt", "new\n").remove("own.txt");
                    fs::write(books.join("index.lock"), "half an index").unwrap();
                }
                if cut == 4 {
                    lane.git("read-tree -u --reset orch/auth.2.3");
                    fs::write(books.join("HEAD.lock"), "").unwrap();
                }
            }
            5 => {
                // Only the mark was written, and the branch's lock.
                lane.git("checkout -q --detach");
                back_up();
                lane.git("update-ref -d refs/heads/orch/auth.2.3");
                fs::write(lanes.scratch.join(".git/refs/heads/orch/auth.2.3.lock"), "").unwrap();
            }
            _ => {
                back_up();
                lane.git(&format!("reset -q --hard {tip}"));
            }
        }
        let ready = lanes.enter(LANE, "2.3", UnitStart::Fresh);
        assert_eq!(ready.head, tip, "cut {cut}");
        assert_eq!(lane.read("src/ä b.txt"), "new\n", "cut {cut}");
        assert!(!lane.join("own.txt").exists(), "cut {cut}");
        let again = lanes.enter(LANE, "2.3", UnitStart::Fresh);
        assert_eq!((again.head, again.backups.len()), (tip, 0), "cut {cut}");
        lanes.nothing_is_lost();
    }
}

#[test]
fn a_failing_hook_is_a_warning() {
    let lanes = Lanes::new();
    let hook = lanes.scratch.join(".git/hooks/post-checkout");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho no luck >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    lanes.work(&lanes.home, "plan.txt", "p");
    let ready = lanes.enter(LANE, "2.3", UnitStart::Continue);
    assert!(ready.warnings[0].contains("no luck"), "{:?}", ready.warnings);
}

#[test]
fn files_that_a_filter_never_shows_clean_do_not_hold_a_lane_up() {
    let lanes = Lanes::new();
    // Committed with line endings that the attributes would have evened out: git shows such a file as changed forever.
    lanes.home.write("dos.txt", "a\r\nb\r\n").git("add dos.txt");
    lanes.work(&lanes.home, "plan.txt", "p");
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    let old = lanes.work(&lanes.lane, ".gitattributes", "*.txt text\n");
    lanes.lane.git("rm -q --cached dos.txt");
    lanes.lane.git("reset -q --hard");
    lanes.lane.write("dos.txt", "a\r\nb\r\nc\r\n");
    git::unit::enter_unit(&lanes.admin, LANE, &lanes.unit("2.4"), UnitStart::Continue, "s").unwrap();
    assert_eq!(lanes.lane.git("branch --show-current"), "orch/auth.2.4");
    assert_eq!(lanes.scratch.rev("orch/auth.2.3"), old);
}

#[test]
fn submodules_follow_and_their_changes_are_never_lost() {
    let lanes = Lanes::new();
    let library = Scratch::named("library");
    let first = library.head();
    lanes.home.git_args([
        "submodule",
        "--quiet",
        "add",
        library.path().to_str().unwrap(),
        "lib",
    ]);
    lanes.work(&lanes.home, "plan.txt", "p");
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    let lib = Tree::at(lanes.lane.join("lib"));
    assert_eq!(lib.head(), first);
    lib.write("README.md", "changed inside");
    let found = refused(lanes.try_enter(LANE, "2.4", UnitStart::Continue));
    assert!(matches!(found, UnitRefusal::Submodule { .. }), "{found}");
    lib.git("config user.name T");
    lib.git("config user.email t@example.org");
    let inside = lib.commit("exists only here");
    lanes.enter(LANE, "2.4", UnitStart::Continue);
    assert_eq!(lib.head(), first);
    assert_eq!(lib.rev(&format!("refs/orch/kept/{inside}")), inside);
    git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap();
    let kept = lanes.kept(LANE, PLAN);
    assert!(matches!(kept[0], KeepReason::Submodule { .. }), "{kept:?}");
}

#[test]
fn leaving_puts_each_lane_where_it_rests() {
    let lanes = Lanes::new();
    lanes.enter(HOME, "2.3", UnitStart::Continue);
    lanes.enter(LANE, "2.4", UnitStart::Continue);
    let own = lanes.work(&lanes.lane, "own.txt", "own");
    lanes.lane.write("left.txt", "left");
    let found = refused(git::unit::leave_unit(&lanes.admin, LANE, PLAN));
    assert!(matches!(found, UnitRefusal::Dirty { .. }), "{found}");
    assert_eq!(lanes.lane.head(), own);
    lanes.lane.remove("left.txt");
    let tip = lanes.scratch.rev(PLAN);
    for _ in 0..2 {
        assert_eq!(git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap(), tip);
        assert_eq!(git::unit::leave_unit(&lanes.admin, HOME, PLAN).unwrap(), tip);
        assert_eq!(
            (lanes.lane.head(), lanes.lane.status().as_str()),
            (tip.clone(), "")
        );
        assert_eq!(inspect(lanes.lane.path()).unwrap().branch, None);
        assert_eq!(lanes.home.git("branch --show-current"), PLAN);
    }
    lanes.nothing_is_lost();
}

#[test]
fn a_unit_branch_goes_once_it_is_merged_and_left() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    let own = lanes.work(&lanes.lane, "own.txt", "own");
    let repo = lanes.scratch.repository();
    let unit = lanes.unit("2.3");
    let found = refused(git::refs::delete_unit(&repo, &unit));
    assert!(matches!(found, UnitRefusal::NotMerged { .. }), "{found}");
    lanes.integrate("2.3");
    let found = refused(git::refs::delete_unit(&repo, &unit));
    assert!(
        matches!(found, UnitRefusal::CheckedOutElsewhere { .. }),
        "{found}"
    );
    git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap();
    assert_eq!(git::refs::delete_unit(&repo, &unit).unwrap(), Some(own));
    assert_eq!(git::refs::delete_unit(&repo, &unit).unwrap(), None);
    assert_eq!(lanes.scratch.git("branch --list orch/auth.2.3"), "");
    assert!(git::refs::units(&repo, &unit.plan).unwrap().is_empty());
    lanes.nothing_is_lost();
}

#[test]
fn a_lane_is_removed_when_the_plan_has_all_of_it() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "2.3", UnitStart::Continue);
    lanes.work(&lanes.lane, "own.txt", "own");
    lanes.lane.write("left.txt", "left");
    let kept = lanes.kept(LANE, PLAN);
    assert!(
        kept.iter().any(|why| matches!(why, KeepReason::Dirty { .. })),
        "{kept:?}"
    );
    assert!(
        kept.iter()
            .any(|why| matches!(why, KeepReason::NotLanded { branch, .. } if branch == "orch/auth.2.3"))
    );
    lanes.lane.remove("left.txt");
    lanes.lane.git("switch -q --detach");
    assert!(
        matches!(lanes.kept(LANE, PLAN)[0], KeepReason::NotLanded { .. }),
        "loose commits"
    );
    lanes.lane.git("switch -q orch/auth.2.3");
    lanes.integrate("2.3");
    lanes.removal(LANE, &lanes.scratch.rev(PLAN)).unwrap();
    assert!(!lanes.lane.path().exists());
    assert_eq!(lanes.scratch.git("branch --list orch/auth.2.3"), "");
    assert_eq!(lanes.admin.keys().unwrap(), [HOME]);
    assert!(
        git::refs::units(&lanes.scratch.repository(), &"auth".parse().unwrap())
            .unwrap()
            .is_empty()
    );
    lanes.nothing_is_lost();
}

#[test]
fn lane_0_is_removed_with_plan_and_unit_once_they_have_landed() {
    let lanes = Lanes::new();
    lanes.enter(HOME, "2.3", UnitStart::Continue);
    lanes.work(&lanes.home, "own.txt", "own");
    lanes.integrate("2.3");
    assert!(!lanes.kept(HOME, "main").is_empty());
    lanes.scratch.git_args(["merge", "-q", PLAN]);
    lanes.removal(HOME, &lanes.scratch.rev("main")).unwrap();
    assert!(!lanes.home.path().exists());
    assert_eq!(lanes.scratch.git("branch --list orch/*"), "");
    lanes.nothing_is_lost();
}

#[test]
fn programs_that_a_worktree_has_set_for_itself_do_not_run_in_orchs_git_and_those_of_the_repository_do() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "1.1", UnitStart::Continue);
    let marks = |name: &str| format!("#!/bin/sh\ntouch '{}'\nexit 0\n", lanes.beside(name).display());
    crate::support::program(&lanes.scratch.join(".git/hooks/post-commit"), &marks("theirs"));
    let own = lanes.beside("own hooks");
    for hook in ["post-commit", "reference-transaction", "monitor"] {
        crate::support::program(&own.join(hook), &marks("own"));
    }
    lanes.scratch.git("config extensions.worktreeConfig true");
    for (key, value) in [
        ("core.hooksPath", own.clone()),
        ("core.fsmonitor", own.join("monitor")),
    ] {
        lanes
            .lane
            .git_args(["config", "--worktree", key, &value.to_string_lossy()]);
    }
    let _ = fs::remove_file(lanes.beside("own"));
    lanes.lane.write("a.txt", "left\n");
    let branch = lanes.unit("1.1").branch;
    let left = orch::git::commit_leftovers(lanes.lane.path(), &branch, "left", &[]).unwrap();
    assert!(left.is_some());
    assert!(lanes.beside("theirs").exists());
    assert!(!lanes.beside("own").exists());
}
