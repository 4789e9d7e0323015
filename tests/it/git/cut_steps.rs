//! A git of orch's that is killed in the middle of a worktree leaves nothing that could pass for somebody's work.

use std::path::Path;

use orch::git::{self, MergedIn, UnitStart, commit_leftovers, inspect, merge_in, undo_cut_step};

use crate::support::{HOME, LANE, Lanes, PLAN, Scratch, Tree, program};

/// Kills the git that calls it, at its call of this number.
fn kill_git(scratch: &Tree, call: usize) {
    let count = scratch.join(".git/calls");
    let _ = std::fs::remove_file(&count);
    let script = format!(
        "#!/bin/sh\necho x >> {count:?}\ntest \"$(wc -l < {count:?})\" = {call} && kill -9 $PPID\nexit 0\n"
    );
    for hook in ["reference-transaction", "post-index-change"] {
        program(&scratch.join(".git/hooks").join(hook), &script);
    }
    // In the middle of the files: the one that is asked for is not there yet, others are.
    let script = script.replace("exit 0", "exec cat");
    program(&scratch.join(".git/smudge"), &script);
    let smudge = scratch.join(".git/smudge");
    scratch.git_args(["config", "filter.step.smudge", &format!("'{}'", smudge.display())]);
    scratch.write(".git/info/attributes", "*.txt filter=step\n");
}

/// Lets git live; gives how often it would have been killed.
fn let_live(scratch: &Tree) -> usize {
    for hook in ["reference-transaction", "post-index-change"] {
        std::fs::remove_file(scratch.join(".git/hooks").join(hook)).unwrap();
    }
    std::fs::remove_file(scratch.join(".git/info/attributes")).unwrap();
    let calls = std::fs::read_to_string(scratch.join(".git/calls")).unwrap_or_default();
    calls.lines().count()
}

/// What a step must not do: leave something to commit.
#[track_caller]
fn nothing_is_left_over(path: &Path, branch: &str, what: &str) {
    undo_cut_step(path).unwrap();
    let state = inspect(path).unwrap();
    assert_eq!(state.dirty, Vec::<std::path::PathBuf>::new(), "{what}");
    assert_eq!(state.in_progress, None, "{what}");
    if state.branch.as_deref() == Some(branch) {
        assert_eq!(
            commit_leftovers(path, branch, "left", &[]).unwrap(),
            None,
            "{what}"
        );
    }
}

/// Files of every kind that come, change and go with the unit.
fn all_kinds(lanes: &Lanes, tree: &Tree) {
    std::fs::remove_file(tree.join("src/ä b.txt")).unwrap();
    std::fs::remove_dir(tree.join("src")).unwrap();
    std::os::unix::fs::symlink("a.txt", tree.join("src")).unwrap();
    lanes.work(tree, "new/deep/a.txt", "a\n");
    lanes.work(tree, "b.txt", "b\n");
}

#[test]
fn a_lane_whose_git_is_killed_as_it_leaves_or_enters_loses_no_file() {
    for (key, home) in [(HOME, true), (LANE, false)] {
        for entering in [false, true] {
            let mut call = 0;
            loop {
                call += 1;
                let what = format!("{key}, entering {entering}, call {call}");
                let lanes = Lanes::new();
                let tree = if home { &lanes.home } else { &lanes.lane };
                lanes.enter(key, "1.1", UnitStart::Continue);
                all_kinds(&lanes, tree);
                let (tip, branch) = (tree.head(), lanes.unit("1.1").branch);
                if entering {
                    git::unit::leave_unit(&lanes.admin, key, PLAN).unwrap();
                }
                kill_git(&lanes.scratch, call);
                // One that is killed when HEAD has moved has arrived.
                let _ = match entering {
                    true => lanes.try_enter(key, "1.1", UnitStart::Continue).map(drop),
                    false => git::unit::leave_unit(&lanes.admin, key, PLAN).map(drop),
                };
                let calls = let_live(&lanes.scratch);
                nothing_is_left_over(tree.path(), &branch, &what);
                // The branch has all, and the step can be done again.
                assert_eq!(lanes.scratch.rev(&branch), tip, "{what}");
                match entering {
                    true => drop(lanes.enter(key, "1.1", UnitStart::Continue)),
                    false => drop(git::unit::leave_unit(&lanes.admin, key, PLAN).unwrap()),
                }
                assert_eq!(tree.status(), "", "{what}");
                assert_eq!(lanes.scratch.git("for-each-ref refs/orch/backup"), "", "{what}");
                if calls < call {
                    break;
                }
            }
            assert!(call > 3, "{key}, entering {entering}: only {call} calls");
        }
    }
}

#[test]
fn a_carry_whose_git_is_killed_is_undone_and_begun_again() {
    // Merged, moved on, and in conflict.
    for own in [Some(("own.txt", "own\n")), None, Some(("auth/a.txt", "mine\n"))] {
        let mut call = 0;
        loop {
            call += 1;
            let what = format!("{own:?}, call {call}");
            let scratch = Scratch::new();
            let pin = scratch.branch(
                "auth",
                "main",
                &[("auth/a.txt", Some("auth\n")), ("auth/b.txt", Some("b\n"))],
            );
            if let Some((file, text)) = own {
                scratch.commit_file(file, text);
            }
            let before = scratch.head();
            kill_git(&scratch, call);
            let cut = merge_in(scratch.path(), &pin, "carry");
            let calls = let_live(&scratch);
            nothing_is_left_over(scratch.path(), "main", &what);
            match merge_in(scratch.path(), &pin, "carry").unwrap() {
                MergedIn::Conflict { files } => {
                    assert_eq!(files, [Path::new("auth/a.txt")], "{what}");
                    assert_eq!(scratch.head(), before, "{what}");
                }
                MergedIn::UpToDate => assert_ne!(scratch.head(), before, "{what}: {cut:?}"),
                MergedIn::Merged(_) | MergedIn::FastForward(_) => {
                    assert_eq!(scratch.read("auth/b.txt"), "b\n", "{what}");
                }
            }
            assert!(inspect(scratch.path()).unwrap().is_clean(), "{what}");
            if calls < call {
                break;
            }
        }
        assert!(call > 3, "{own:?}: only {call} calls");
    }
}

#[test]
fn a_change_of_a_person_beside_a_cut_step_stays() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "1.1", UnitStart::Continue);
    lanes.work(&lanes.lane, "a.txt", "a\n");
    kill_git(&lanes.scratch, 1);
    git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap_err();
    let_live(&lanes.scratch);
    lanes
        .lane
        .write("src/ä b.txt", "mine\n")
        .write("new.txt", "mine\n");
    undo_cut_step(lanes.lane.path()).unwrap();
    assert_eq!(lanes.lane.read("src/ä b.txt"), "mine\n");
    assert_eq!(lanes.lane.read("new.txt"), "mine\n");
    assert_eq!(lanes.lane.read("a.txt"), "a\n");
}
