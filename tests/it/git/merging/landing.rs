//! Moving the target and its checkouts.

use std::path::PathBuf;

use orch::git::{self, CheckoutOutcome, LandRefusal};

use crate::support::{Scratch, Tree};

#[test]
fn the_target_moves_and_every_clean_checkout_with_it() {
    let scratch = Scratch::new();
    scratch.commit_file("old.txt", "old\n");
    let old = scratch.head();
    let new = scratch.branch(
        "side",
        "main",
        &[("new/a b.txt", Some("new\n")), ("old.txt", None)],
    );
    let repo = scratch.repository();
    scratch.write("untracked.txt", "mine");
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    let landed = git::landing::land(&repo, &plan).unwrap();
    assert_eq!(landed.commit, new);
    assert_eq!(landed.checkouts[0].outcome, CheckoutOutcome::FastForwarded);
    assert_eq!((scratch.rev("main"), scratch.head()), (new.clone(), new));
    assert_eq!(scratch.status(), "?? untracked.txt");
    assert_eq!(scratch.read("new/a b.txt"), "new\n");
    assert!(!scratch.join("old.txt").exists());
    assert!(scratch.git("reflog -1 main").contains("orch: land"));
}

#[test]
fn a_target_that_is_checked_out_nowhere_just_moves() {
    let scratch = Scratch::new();
    scratch.git("branch target");
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    let repo = scratch.repository();
    let landed = git::landing::land(
        &repo,
        &git::landing::plan_landing(&repo, "target", Some(&old), &new).unwrap(),
    )
    .unwrap();
    assert!(landed.checkouts.is_empty());
    assert_eq!((scratch.rev("target"), scratch.head()), (new, old));
    assert_eq!(scratch.status(), "");
}

#[test]
fn a_target_that_does_not_exist_is_created() {
    let scratch = Scratch::new();
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "release/1", None, &scratch.head()).unwrap();
    git::landing::land(&repo, &plan).unwrap();
    assert_eq!(scratch.rev("refs/heads/release/1"), scratch.head());
}

#[test]
fn a_checkout_follows_whichever_name_of_the_branch_it_has() {
    for (target, head) in [("master", "main"), ("main", "master")] {
        let scratch = Scratch::new();
        scratch.git("symbolic-ref refs/heads/master refs/heads/main");
        scratch.git(&format!("symbolic-ref HEAD refs/heads/{head}"));
        let (old, new) = (
            scratch.head(),
            scratch.branch("side", "main", &[("new.txt", Some("new"))]),
        );
        let repo = scratch.repository();
        let plan = git::landing::plan_landing_beside(&repo, target, Some(&old), &new).unwrap();
        let landed = git::landing::land(&repo, &plan).unwrap();
        assert_eq!(landed.checkouts.len(), 1, "{target}");
        assert_eq!(
            (scratch.head(), scratch.status().as_str()),
            (new.clone(), ""),
            "{target}"
        );
        assert_eq!(scratch.rev("main"), new);
        assert_eq!(scratch.git("symbolic-ref refs/heads/master"), "refs/heads/main");
    }
}

#[test]
fn a_linked_checkout_and_one_of_a_bare_repository_come_along() {
    let scratch = Scratch::new();
    let new = scratch.branch("side", "main", &[("new.txt", Some("new"))]);
    let bare = scratch.beside("bare.git");
    scratch.git_args(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let (bare, linked) = (Tree::at(bare), Tree::at(scratch.beside("ä linked")));
    bare.git_args(["worktree", "add", "-q", linked.path().to_str().unwrap(), "main"]);
    let repo = bare.repository();
    let landed = git::landing::land(
        &repo,
        &git::landing::plan_landing(&repo, "main", Some(&scratch.head()), &new).unwrap(),
    )
    .unwrap();
    assert_eq!(landed.checkouts[0].path, linked.path());
    assert_eq!(
        (linked.read("new.txt").as_str(), linked.status().as_str()),
        ("new", "")
    );
}

#[test]
fn a_dirty_checkout_refuses_before_anything_moves() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    for staged in [false, true] {
        scratch.write("README.md", "changed\n");
        if staged {
            scratch.git("add README.md");
        }
        let refusal =
            git::landing::plan_landing(&scratch.repository(), "main", Some(&old), &new).unwrap_err();
        let LandRefusal::Dirty { path, files } = &refusal else {
            panic!("{refusal}")
        };
        assert_eq!(
            (path.as_path(), files.as_slice()),
            (scratch.path(), [PathBuf::from("README.md")].as_slice())
        );
    }
    assert_eq!(
        (scratch.rev("main"), scratch.read("README.md").as_str()),
        (old, "changed\n")
    );
}

#[test]
fn files_in_the_way_refuse_even_ignored_ones() {
    let scratch = Scratch::new();
    scratch.commit_file(".gitignore", ".env\nbuild\n");
    let old = scratch.head();
    let new = scratch.branch(
        "side",
        "main",
        &[
            ("new.txt", Some("new")),
            ("build/out.txt", Some("out")),
            (".gitignore", Some("")),
            (".env", Some("theirs")),
        ],
    );
    scratch
        .write("new.txt", "mine")
        .write(".env", "secret")
        .write("build", "a file of mine");
    let refusal = git::landing::plan_landing(&scratch.repository(), "main", Some(&old), &new).unwrap_err();
    let LandRefusal::InTheWay { files, .. } = &refusal else {
        panic!("{refusal}")
    };
    let expected: Vec<PathBuf> = [".env", "build", "new.txt"].map(Into::into).into();
    assert_eq!(files, &expected);
    assert_eq!(scratch.rev("main"), old);
    assert_eq!(scratch.read(".env"), "secret");
}

#[test]
fn an_ignored_folder_in_the_way_of_a_file_refuses() {
    let scratch = Scratch::new();
    let old = scratch.commit_file(".gitignore", "build/\n");
    let new = scratch.branch(
        "side",
        "main",
        &[("build", Some("a file")), ("kept/a.txt", Some("a"))],
    );
    scratch.write("build/deep/out.txt", "mine");
    let refusal = git::landing::plan_landing(&scratch.repository(), "main", Some(&old), &new).unwrap_err();
    assert!(
        matches!(&refusal, LandRefusal::InTheWay { files, .. } if files == &[PathBuf::from("build/deep/out.txt")]),
        "{refusal}"
    );
    assert_eq!(scratch.read("build/deep/out.txt"), "mine");
}

#[test]
fn a_checkout_that_became_dirty_after_the_plan_refuses_still() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    scratch.write("README.md", "changed\n");
    assert!(matches!(
        git::landing::land(&repo, &plan),
        Err(LandRefusal::Dirty { .. })
    ));
    assert_eq!(scratch.rev("main"), old);
}

#[test]
fn a_lost_race_is_told_with_both_commits() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    let theirs = scratch.commit("somebody was faster");
    let refusal = git::landing::land(&repo, &plan).unwrap_err();
    let LandRefusal::Moved { expected, found, .. } = &refusal else {
        panic!("{refusal}")
    };
    assert_eq!((expected, found), (&Some(old), &Some(theirs.clone())));
    assert_eq!(scratch.rev("main"), theirs);
    assert_eq!(
        git::landing::finish_landing_holding(&repo, &plan, None).unwrap(),
        None
    );
}

#[test]
fn one_of_many_landings_at_once_wins() {
    let scratch = Scratch::new();
    scratch.git("switch -q -c elsewhere");
    let old = scratch.head();
    let news: Vec<_> = (0..6)
        .map(|n| scratch.branch(&format!("side{n}"), "main", &[(&format!("{n}.txt"), Some("x"))]))
        .collect();
    let repo = scratch.repository();
    let won: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = news
            .iter()
            .map(|new| {
                scope.spawn(|| {
                    let plan = git::landing::plan_landing(&repo, "main", Some(&old), new).ok()?;
                    git::landing::land(&repo, &plan).ok().map(|landed| landed.commit)
                })
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(won, [scratch.rev("main")]);
}

#[test]
fn only_a_local_branch_can_be_the_target() {
    let scratch = Scratch::new();
    scratch.git("tag v1");
    scratch.git("update-ref refs/remotes/origin/main HEAD");
    let repo = scratch.repository();
    for (target, what) in [
        ("v1", "a tag"),
        ("origin/main", "a branch of a remote"),
        ("refs/heads/main", "the full name of a ref"),
        ("HEAD", "no name for a branch"),
        (scratch.head().as_str(), "a commit"),
    ] {
        let refusal = git::landing::check_target(&repo, target).unwrap_err();
        let LandRefusal::NotABranch { what: found, .. } = &refusal else {
            panic!("{refusal}")
        };
        assert_eq!(*found, what, "{target}");
    }
    git::landing::check_target(&repo, "main").unwrap();
    git::landing::check_target(&repo, "new/branch").unwrap();
}

#[test]
fn commits_of_the_target_are_never_left_behind() {
    let scratch = Scratch::new();
    let new = scratch.branch("side", "main", &[("new.txt", Some("new"))]);
    let old = scratch.commit("not in side");
    let refusal = git::landing::plan_landing(&scratch.repository(), "main", Some(&old), &new).unwrap_err();
    assert!(
        matches!(refusal, LandRefusal::NotAFastForward { .. }),
        "{refusal}"
    );
}

#[test]
fn a_landing_cut_short_after_the_swap_is_ended() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    assert_eq!(
        git::landing::finish_landing_holding(&repo, &plan, None).unwrap(),
        None,
        "it has not begun"
    );
    // Killed here: the branch has moved, the checkout shows the old commit.
    scratch.git_args(["update-ref", "refs/heads/main", new.as_str(), old.as_str()]);
    assert_eq!(scratch.status(), "D  new.txt");
    let landed = git::landing::finish_landing_holding(&repo, &plan, None)
        .unwrap()
        .unwrap();
    assert_eq!(landed.checkouts[0].outcome, CheckoutOutcome::FastForwarded);
    assert_eq!(
        (scratch.status().as_str(), scratch.read("new.txt").as_str()),
        ("", "new")
    );
    let again = git::landing::finish_landing_holding(&repo, &plan, None)
        .unwrap()
        .unwrap();
    assert_eq!(again.checkouts[0].outcome, CheckoutOutcome::Current);
}

#[test]
fn a_checkout_whose_git_was_killed_among_its_files_is_brought_along_to_the_end() {
    let scratch = Scratch::new();
    scratch
        .write("changed.txt", "old\n")
        .write("cut.txt", "old and long\n")
        .write("gone.txt", "old\n");
    scratch.commit("files");
    let (old, new) = (
        scratch.head(),
        scratch.branch(
            "side",
            "main",
            &[
                ("changed.txt", Some("new\n")),
                ("cut.txt", Some("new and longer\n")),
                ("gone.txt", None),
                ("made.txt", Some("new\n")),
                ("later.txt", Some("new\n")),
            ],
        ),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    let half = || {
        scratch.git_args(["update-ref", "refs/heads/main", new.as_str()]);
        scratch.git_args(["read-tree", old.as_str()]);
        scratch
            .write("changed.txt", "new\n")
            .write("cut.txt", "new and l")
            .write("made.txt", "new\n");
        let _ = std::fs::remove_file(scratch.join("gone.txt"));
        let _ = std::fs::remove_file(scratch.join("later.txt"));
        scratch.write(".git/index.lock", "");
    };
    half();
    let landed = git::landing::finish_landing_holding(&repo, &plan, None)
        .unwrap()
        .unwrap();
    assert_eq!(landed.checkouts[0].outcome, CheckoutOutcome::FastForwarded);
    assert_eq!(scratch.status(), "");
    assert_eq!(scratch.read("cut.txt"), "new and longer\n");
    // What a person wrote there meanwhile is no remains.
    half();
    scratch.write("cut.txt", "mine\n");
    let landed = git::landing::finish_landing_holding(&repo, &plan, None)
        .unwrap()
        .unwrap();
    assert!(
        matches!(landed.checkouts[0].outcome, CheckoutOutcome::Left(_)),
        "{landed:?}"
    );
    assert_eq!(scratch.read("cut.txt"), "mine\n");
}

#[test]
fn locks_of_the_branch_and_of_head_that_a_dead_git_left_hinder_no_landing() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    for lock in [".git/HEAD.lock", ".git/refs/heads/main.lock"] {
        scratch.write(lock, "");
    }
    assert_eq!(git::landing::land(&repo, &plan).unwrap().commit, new);
    assert_eq!(scratch.status(), "");
}

#[test]
fn a_lock_of_an_index_is_left_to_a_git_that_lives() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    scratch.git_args(["update-ref", "refs/heads/main", new.as_str(), old.as_str()]);
    // As `git commit -a` does while its editor is open: the lock is there, and nobody has it open.
    let mut editing = std::process::Command::new("git")
        .args(["cat-file", "--batch"])
        .current_dir(scratch.path())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    scratch.write(".git/index.lock", "");
    let finished = git::landing::finish_landing_holding(&repo, &plan, None);
    assert!(scratch.join(".git/index.lock").exists());
    assert!(
        !matches!(&finished, Ok(Some(landed)) if landed.checkouts[0].outcome == CheckoutOutcome::FastForwarded),
        "{finished:?}"
    );
    editing.kill().unwrap();
    editing.wait().unwrap();
    let landed = git::landing::finish_landing_holding(&repo, &plan, None)
        .unwrap()
        .unwrap();
    assert_eq!(landed.checkouts[0].outcome, CheckoutOutcome::FastForwarded);
    assert!(!scratch.join(".git/index.lock").exists());
}

#[test]
fn many_that_find_the_lock_of_a_dead_git_have_the_index_one_after_the_other() {
    let scratch = Scratch::new();
    let old = scratch.head();
    let new = scratch.branch("side", "main", &[("new.txt", Some("new"))]);
    for _ in 0..8 {
        scratch.write(".git/index.lock", "");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let repo = scratch.repository();
                    git::landing::plan_landing_beside(&repo, "main", Some(&old), &new).unwrap();
                });
            }
        });
        assert!(!scratch.join(".git/index.orch").exists());
    }
}

#[test]
fn a_git_that_only_merges_trees_keeps_no_lock_of_a_dead_one_alive() {
    let scratch = Scratch::new();
    let new = scratch.branch("side", "main", &[("new.txt", Some("new"))]);
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&scratch.head()), &new).unwrap();
    // As orch has one itself while it merges many branches.
    let mut merging = std::process::Command::new("git")
        .args(["-c", "gc.auto=0", "merge-tree", "--stdin"])
        .current_dir(scratch.path())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    scratch.write(".git/HEAD.lock", "");
    let landed = git::landing::land(&repo, &plan);
    merging.kill().unwrap();
    merging.wait().unwrap();
    assert_eq!(landed.unwrap().commit, new);
}

#[test]
fn a_checkout_that_was_changed_meanwhile_is_left_alone_and_told() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("README.md", Some("new\n"))]),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    scratch.git_args(["update-ref", "refs/heads/main", new.as_str(), old.as_str()]);
    scratch.write("README.md", "mine\n");
    let landed = git::landing::finish_landing_holding(&repo, &plan, None)
        .unwrap()
        .unwrap();
    assert!(
        matches!(landed.checkouts[0].outcome, CheckoutOutcome::Left(_)),
        "{landed:?}"
    );
    assert_eq!(scratch.read("README.md"), "mine\n");
    scratch
        .write("README.md", "mine and staged\n")
        .git("add README.md");
    let landed = git::landing::finish_landing_holding(&repo, &plan, None)
        .unwrap()
        .unwrap();
    assert!(
        matches!(landed.checkouts[0].outcome, CheckoutOutcome::Left(_)),
        "{landed:?}"
    );
    assert_eq!(scratch.read("README.md"), "mine and staged\n");
}

#[test]
fn a_submodule_left_behind_does_not_block_the_next_landing() {
    let scratch = Scratch::new();
    let library = Scratch::named("library");
    scratch.git_args([
        "submodule",
        "--quiet",
        "add",
        library.path().to_str().unwrap(),
        "lib",
    ]);
    let old = scratch.commit("add a submodule");
    let lib = library.commit_file("more.txt", "more");
    scratch.git("switch -q -c side");
    Tree::at(scratch.join("lib")).git("pull -q");
    let new = scratch.commit("newer submodule");
    let newer = scratch.commit_file("a.txt", "a");
    scratch.git("switch -q main");
    scratch.git("submodule --quiet update");
    let repo = scratch.repository();
    git::landing::land(
        &repo,
        &git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap(),
    )
    .unwrap();
    assert_eq!(scratch.git("rev-parse HEAD:lib"), lib.to_string());
    git::landing::land(
        &repo,
        &git::landing::plan_landing(&repo, "main", Some(&new), &newer).unwrap(),
    )
    .unwrap();
    assert_eq!(scratch.read("a.txt"), "a");
}

#[test]
fn touched_files_with_the_same_content_are_clean() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("README.md", Some("new\n"))]),
    );
    scratch.git("update-index --refresh");
    let file = std::fs::File::options()
        .append(true)
        .open(scratch.join("README.md"))
        .unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let repo = scratch.repository();
    git::landing::land(
        &repo,
        &git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap(),
    )
    .unwrap();
    assert_eq!(scratch.read("README.md"), "new\n");
}

#[test]
fn landings_beside_ordinary_git_commands_leave_nothing_staged() {
    let scratch = Scratch::new();
    scratch.commit_file("mine.txt", "mine\n");
    let repo = scratch.repository();
    let tips: Vec<_> = (0..12)
        .scan("main".to_owned(), |base, number| {
            let branch = format!("side{number}");
            let files: Vec<String> = (0..40).map(|file| format!("{number}/{file}")).collect();
            let files: Vec<_> = files.iter().map(|file| (file.as_str(), Some("landed"))).collect();
            let tip = scratch.branch(&branch, base, &files);
            *base = branch;
            Some(tip)
        })
        .collect();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..3 {
            let (done, scratch) = (&done, &scratch);
            scope.spawn(move || {
                let lines: [&[&str]; 3] = [
                    &["update-index", "--refresh"],
                    &["add", "--", "mine.txt"],
                    &["status", "--short"],
                ];
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    // Refused while the lock is held, as beside a `git merge`.
                    let _ = scratch.try_git(lines[number]);
                }
            });
        }
        let mut old = scratch.head();
        for new in &tips {
            let plan = git::landing::plan_landing_beside(&repo, "main", Some(&old), new).unwrap();
            let landed = git::landing::land(&repo, &plan).unwrap();
            assert_eq!(landed.checkouts[0].outcome, CheckoutOutcome::FastForwarded);
            old = new.clone();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(scratch.status(), "");
    assert_eq!(scratch.head(), *tips.last().unwrap());
}

/// A `git commit` that has read HEAD and the index takes the lock, and would write what it read; while there is one, it gives up.
#[test]
fn the_lock_of_a_checkout_that_moved_stays_until_whoever_read_the_old_index_has_ended() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing_beside(&repo, "main", Some(&old), &new).unwrap();
    // To others it is one by its name and its arguments: a shell of the name of git, and a script of that of its command.
    let commit = format!(
        "until [ \"$(cat .git/refs/heads/main)\" = {new} ]; do :; done; tries=0
        while [ -e .git/index.lock ] && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.01; done
        [ -e .git/index.lock ] || touch free"
    );
    scratch.write("commit", &commit);
    scratch.write(".git/info/exclude", "/commit\n/free\n/git\n");
    std::fs::copy("/bin/sh", scratch.join("git")).unwrap();
    let mut committing = std::process::Command::new(scratch.join("git"))
        .arg("commit")
        .current_dir(scratch.path())
        .spawn()
        .unwrap();
    let landed = git::landing::land(&repo, &plan).unwrap();
    committing.wait().unwrap();
    assert_eq!(landed.checkouts[0].outcome, CheckoutOutcome::FastForwarded);
    assert!(!scratch.join("free").exists());
    assert!(!scratch.join(".git/index.lock").exists());
    assert_eq!((scratch.head(), scratch.status().as_str()), (new, ""));
}

#[test]
fn a_lock_of_an_index_that_is_kept_refuses_before_anything_moves() {
    let scratch = Scratch::new();
    let (old, new) = (
        scratch.head(),
        scratch.branch("side", "main", &[("new.txt", Some("new"))]),
    );
    let repo = scratch.repository();
    let plan = git::landing::plan_landing(&repo, "main", Some(&old), &new).unwrap();
    let kept = std::fs::File::create_new(scratch.join(".git/index.lock")).unwrap();
    let refusal = git::landing::land(&repo, &plan).unwrap_err();
    assert!(
        matches!(&refusal, LandRefusal::Locked { lock, .. } if lock.ends_with(".git/index.lock")),
        "{refusal}"
    );
    assert!(refusal.may_pass());
    assert_eq!(scratch.rev("main"), old);
    drop(kept);
    std::fs::remove_file(scratch.join(".git/index.lock")).unwrap();
    git::landing::land(&repo, &plan).unwrap();
    assert_eq!((scratch.head(), scratch.status().as_str()), (new, ""));
}

#[test]
fn a_change_that_only_the_age_of_the_index_gives_away_is_still_seen_after_a_landing() {
    let scratch = Scratch::new();
    scratch.git("config core.trustctime false");
    let old = scratch.commit_file("mine.txt", "one\n");
    let new = scratch.branch("side", "main", &[("new.txt", Some("new"))]);
    // Changed in the instant in which the index was written, to the same size.
    let set = |file: &str, time| {
        let file = std::fs::File::options()
            .append(true)
            .open(scratch.join(file))
            .unwrap();
        file.set_modified(time).unwrap();
    };
    let time = scratch.join("mine.txt").metadata().unwrap().modified().unwrap();
    scratch.write("mine.txt", "two\n");
    set("mine.txt", time);
    set(".git/index", time);
    let changed = || scratch.git("--no-optional-locks diff --name-only");
    assert_eq!(changed(), "mine.txt");
    let repo = scratch.repository();
    let plan = git::landing::plan_landing_beside(&repo, "main", Some(&old), &new).unwrap();
    git::landing::land(&repo, &plan).unwrap();
    assert!(scratch.join("new.txt").exists());
    assert_eq!(changed(), "mine.txt");
    assert_eq!(scratch.read("mine.txt"), "two\n");
}
