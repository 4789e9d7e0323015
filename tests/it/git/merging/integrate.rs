//! The commit queue of a plan.

use std::fs;
use std::path::PathBuf;

use orch::git::{self, Integrated, LandRefusal, UnitError, UnitStart};

use crate::support::{HOME, LANE, Lanes, PLAN, Tree};

impl Lanes {
    /// A unit with one commit that writes a file, made in the further lane and left.
    #[track_caller]
    fn done(&self, number: &str, file: &str, content: &str) -> orch::plan::CommitId {
        self.enter(LANE, number, UnitStart::Continue);
        let commit = self.work(&self.lane, file, content);
        git::unit::leave_unit(&self.admin, LANE, PLAN).unwrap();
        commit
    }

    #[track_caller]
    fn home_is_current(&self) {
        assert_eq!(self.home.git("branch --show-current"), PLAN);
        assert_eq!(
            (self.home.status().as_str(), self.home.head()),
            ("", self.scratch.rev(PLAN))
        );
        let moving = self.scratch.git("for-each-ref refs/orch/moving");
        assert_eq!(moving, "");
    }
}

#[test]
fn the_first_moves_the_plan_on_the_second_is_merged_with_the_words() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "1.1", UnitStart::Continue);
    let first = lanes.work(&lanes.lane, "a ü.txt", "a\n");
    git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap();
    let second = {
        lanes.enter(LANE, "1.2", UnitStart::Continue);
        lanes.work(&lanes.lane, "b.txt", "b\n")
    };
    assert_eq!(lanes.integrate("1.1"), Integrated::FastForward(first.clone()));
    assert_eq!(lanes.home.read("a ü.txt"), "a\n");
    let Integrated::Merged(merge) = lanes.integrate("1.2") else {
        panic!()
    };
    assert_eq!(
        lanes.scratch.git(&format!("log -1 --format=%P {merge}")),
        format!("{first} {second}")
    );
    assert_eq!(
        lanes.scratch.git(&format!("log -1 --format=%B {merge}")),
        "auth: merge a task\n\nwith words\n\nOrch-Plan: auth\nOrch-Task: 1.2"
    );
    assert_eq!(
        lanes.scratch.git_args([
            "log",
            "-1",
            "--format=%(trailers:key=Orch-Task,valueonly)",
            merge.as_str()
        ]),
        "1.2"
    );
    assert_eq!(lanes.integrate("1.2"), Integrated::AlreadyIn(merge.clone()));
    assert_eq!(lanes.integrate("1.1"), Integrated::AlreadyIn(merge));
    lanes.home_is_current();
    lanes.nothing_is_lost();
}

#[test]
fn a_conflict_moves_nothing_and_merges_after_it_was_solved_on_the_new_tip() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "1.2", UnitStart::Continue);
    let second = lanes.work(&lanes.lane, "src/ä b.txt", "two\n");
    git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap();
    let first = lanes.done("1.1", "src/ä b.txt", "one\n");
    lanes.integrate("1.1");
    let Integrated::Conflict { files } = lanes.integrate("1.2") else {
        panic!()
    };
    assert_eq!((files.len(), &files[0].path), (1, &PathBuf::from("src/ä b.txt")));
    assert_eq!(
        (lanes.scratch.rev(PLAN), lanes.scratch.rev("orch/auth.1.2")),
        (first.clone(), second)
    );
    lanes.home_is_current();
    // Sent back: what it had is backed up, it starts on the new tip.
    let ready = lanes.enter(LANE, "1.2", UnitStart::Fresh);
    assert_eq!((ready.head, ready.backups.len()), (first, 1));
    let solved = lanes.work(&lanes.lane, "src/ä b.txt", "one\ntwo\n");
    assert_eq!(lanes.integrate("1.2"), Integrated::FastForward(solved));
    lanes.home_is_current();
    lanes.nothing_is_lost();
}

#[test]
fn a_rename_on_one_side_and_a_change_on_the_other_are_merged() {
    let lanes = Lanes::new();
    lanes.enter(LANE, "1.2", UnitStart::Continue);
    lanes.work(&lanes.lane, "src/ä b.txt", "1\n2\n3\n4\n5\n6\n7\n8\nnine\n");
    git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap();
    lanes.enter(LANE, "1.1", UnitStart::Continue);
    lanes.lane.git_args(["mv", "src/ä b.txt", "moved.txt"]);
    lanes.work(&lanes.lane, "c.txt", "c");
    lanes.integrate("1.1");
    assert!(matches!(lanes.integrate("1.2"), Integrated::Merged(_)));
    assert_eq!(lanes.home.read("moved.txt").lines().last(), Some("nine"));
    assert!(!lanes.home.join("src/ä b.txt").exists());
    lanes.home_is_current();
}

#[test]
fn histories_that_cross_are_merged_as_git_merges_them() {
    let lanes = Lanes::new();
    let one = lanes.done("1.1", "src/ä b.txt", "one\n2\n3\n4\n5\n6\n7\n8\n9\n");
    lanes.enter(LANE, "1.2", UnitStart::Continue);
    let two = lanes.work(&lanes.lane, "src/ä b.txt", "1\n2\n3\n4\n5\n6\n7\n8\ntwo\n");
    // Each side has merged the other's start: there are two best common ancestors.
    lanes.lane.git_args(["merge", "-q", "-m", "cross", one.as_str()]);
    lanes.work(&lanes.lane, "own.txt", "own");
    lanes.integrate("1.1");
    lanes
        .home
        .git_args(["merge", "-q", "-m", "cross back", two.as_str()]);
    lanes.work(&lanes.home, "plan.txt", "plan");
    let (plan, unit) = (lanes.scratch.rev(PLAN), lanes.scratch.rev("orch/auth.1.2"));
    let bases = lanes.scratch.git(&format!("merge-base --all {plan} {unit}"));
    assert_eq!(bases.lines().count(), 2);
    let Integrated::Merged(merge) = lanes.integrate("1.2") else {
        panic!()
    };
    assert_eq!(lanes.home.read("src/ä b.txt"), "one\n2\n3\n4\n5\n6\n7\n8\ntwo\n");
    assert_eq!(
        lanes.scratch.git(&format!("log -1 --format=%P {merge}")),
        format!("{plan} {unit}")
    );
    lanes.home_is_current();
    lanes.nothing_is_lost();
}

#[test]
fn a_plan_branch_checked_out_nowhere_just_moves() {
    let lanes = Lanes::new();
    lanes.enter(HOME, "1.2", UnitStart::Continue);
    lanes.work(&lanes.home, "b.txt", "b");
    let first = lanes.done("1.1", "a.txt", "a");
    assert_eq!(lanes.integrate("1.1"), Integrated::FastForward(first));
    assert!(matches!(lanes.integrate("1.2"), Integrated::Merged(_)));
    assert_eq!(lanes.home.git("branch --show-current"), "orch/auth.1.2");
    assert!(!lanes.home.join("a.txt").exists());
    git::unit::leave_unit(&lanes.admin, HOME, PLAN).unwrap();
    assert_eq!(lanes.home.read("a.txt"), "a");
    lanes.home_is_current();
}

#[test]
fn a_dirty_checkout_of_the_plan_refuses_before_anything_moves() {
    let lanes = Lanes::new();
    let before = lanes.scratch.rev(PLAN);
    lanes.done("1.1", "a.txt", "a");
    lanes.home.write("README.md", "changed\n");
    let error = lanes.try_integrate("1.1").unwrap_err();
    assert!(
        matches!(error, UnitError::Land(LandRefusal::Dirty { .. })),
        "{error}"
    );
    assert_eq!(
        (lanes.scratch.rev(PLAN), lanes.home.read("README.md").as_str()),
        (before.clone(), "changed\n")
    );
    lanes.home.git("checkout -q -- README.md");
    lanes.home.write("a.txt", "mine");
    let error = lanes.try_integrate("1.1").unwrap_err();
    assert!(
        matches!(error, UnitError::Land(LandRefusal::InTheWay { .. })),
        "{error}"
    );
    assert_eq!(
        (lanes.scratch.rev(PLAN), lanes.home.read("a.txt").as_str()),
        (before, "mine")
    );
    lanes.home.remove("a.txt");
    lanes.integrate("1.1");
    lanes.home_is_current();
}

#[test]
fn a_missing_branch_is_named() {
    let lanes = Lanes::new();
    let error = lanes.try_integrate("7").unwrap_err();
    assert!(error.to_string().contains("orch/auth.7"), "{error}");
}

/// Each state that a move can be interrupted in, made by hand; then a unit is integrated again.
#[test]
fn a_move_that_was_cut_short_is_ended() {
    for cut in 0..7 {
        let lanes = Lanes::new();
        lanes.home.write("keep me.txt", "untracked, of somebody's");
        let old = lanes.scratch.rev(PLAN);
        lanes.enter(LANE, "1.1", UnitStart::Continue);
        lanes.lane.remove("README.md");
        lanes.lane.write("src/ä b.txt", "changed\n");
        let new = lanes.work(&lanes.lane, "new.txt", "new\n");
        lanes
            .scratch
            .git(&format!("update-ref refs/orch/moving/auth {old}"));
        if cut > 0 {
            lanes
                .scratch
                .git(&format!("update-ref refs/heads/{PLAN} {new} {old}"));
            assert_ne!(lanes.home.git("status --short --untracked-files=no"), "");
        }
        let books = PathBuf::from(lanes.home.git("rev-parse --absolute-git-dir"));
        match cut {
            2 => {
                // The files were half written, the index was not.
                lanes.home.write("new.txt", "new\n").remove("README.md");
                fs::write(books.join("index.lock"), "half").unwrap();
            }
            3 => {
                lanes
                    .home
                    .write("new.txt", "ne")
                    .write("src/ä b.txt", "somebody's\n");
            }
            4 => {
                lanes
                    .home
                    .git_args(["read-tree", "-m", "-u", old.as_str(), new.as_str()]);
            }
            6 => {
                lanes.home.write("new.txt", "ne").remove("src/ä b.txt");
            }
            5 => fs::write(lanes.scratch.join(format!(".git/refs/heads/{PLAN}.lock")), "").unwrap(),
            _ => {}
        }
        let integration = lanes.try_integrate("1.1").unwrap();
        let expected = match cut {
            0 => Integrated::FastForward(new.clone()),
            _ => Integrated::AlreadyIn(new.clone()),
        };
        assert_eq!(integration.outcome, expected, "cut {cut}");
        let somebodys = cut == 3;
        assert_eq!(integration.backups.len(), usize::from(somebodys), "cut {cut}");
        match integration.backups.first() {
            // What was in the worktree went with the rest.
            Some(backup) => assert_eq!(
                lanes
                    .scratch
                    .git_args(["show", &format!("{}:keep me.txt", backup.name)]),
                "untracked, of somebody's"
            ),
            None => {
                assert_eq!(lanes.home.status(), "?? \"keep me.txt\"");
                lanes.home.remove("keep me.txt");
            }
        }
        lanes.home_is_current();
        assert_eq!(lanes.home.read("new.txt"), "new\n");
        assert!(!lanes.home.join("README.md").exists());
        lanes.nothing_is_lost();
    }
}

#[test]
fn a_foreign_checkout_that_cannot_follow_is_told_of_until_it_can() {
    let lanes = Lanes::new();
    lanes.enter(HOME, "1.2", UnitStart::Continue);
    let old = lanes.scratch.rev(PLAN);
    let new = lanes.done("1.1", "README.md", "new\n");
    let theirs = Tree::at(lanes.beside("theirs"));
    lanes
        .scratch
        .git_args(["worktree", "add", "-q", theirs.path().to_str().unwrap(), PLAN]);
    lanes
        .scratch
        .git(&format!("update-ref refs/orch/moving/auth {old}"));
    lanes
        .scratch
        .git(&format!("update-ref refs/heads/{PLAN} {new} {old}"));
    theirs.write("README.md", "of mine\n");
    for _ in 0..2 {
        let error = lanes.try_integrate("1.1").unwrap_err();
        assert!(
            matches!(&error, UnitError::LeftBehind { path, .. } if path == theirs.path()),
            "{error}"
        );
        assert_eq!(theirs.read("README.md"), "of mine\n");
    }
    theirs.git("checkout -q -- README.md");
    assert_eq!(lanes.integrate("1.1"), Integrated::AlreadyIn(new));
    assert_eq!(
        (theirs.read("README.md").as_str(), theirs.status().as_str()),
        ("new\n", "")
    );
}

/// Small random numbers that are the same in every run (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014: SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// Changes a few files of a worktree at random: lines, new files, deletions, renames, a file in place of a folder.
fn meddle(tree: &Tree, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let file = format!("d{}/f{}.txt", random.below(3), random.below(3));
        let path = tree.join(&file);
        if !tree.join(path.parent().unwrap()).is_dir() {
            continue;
        }
        match random.below(8) {
            0 if path.exists() => {
                fs::remove_file(&path).unwrap();
            }
            1 if path.exists() => {
                let to = tree.join(format!("moved {}.txt", random.below(4)));
                fs::rename(&path, to).unwrap();
            }
            2 => {
                tree.write(
                    format!("neu {}.txt", random.below(4)),
                    format!("{}\n", random.below(3)),
                );
            }
            _ if path.exists() => {
                let mut lines: Vec<String> = tree.read(&file).lines().map(str::to_owned).collect();
                let at = random.below(lines.len());
                lines[at] = format!("changed {}", random.below(3));
                tree.write(&file, lines.join("\n") + "\n");
            }
            _ => {}
        }
    }
}

#[test]
fn generated_units_merge_as_git_merges_them_in_a_checkout() {
    let lanes = Lanes::new();
    for (folder, file) in (0..9).map(|n| (n / 3, n % 3)) {
        let lines: Vec<String> = (0..12).map(|line| format!("{folder} {file} {line}")).collect();
        lanes
            .home
            .write(format!("d{folder}/f{file}.txt"), lines.join("\n") + "\n");
    }
    lanes.work(&lanes.home, "start.txt", "start");
    let peer = Tree::at(lanes.beside("peer"));
    lanes.scratch.git_args([
        "worktree",
        "add",
        "-q",
        "--detach",
        peer.path().to_str().unwrap(),
        PLAN,
    ]);
    let mut random = Random(20_260_102);
    let (mut merged, mut conflicts, mut fast) = (0, 0, 0);
    for round in 0..20 {
        // Two or three units side by side from the same tip, integrated one after the other.
        let numbers: Vec<String> = (1..=2 + random.below(2))
            .map(|n| format!("{round}.{n}"))
            .collect();
        for number in &numbers {
            lanes.enter(LANE, number, UnitStart::Continue);
            meddle(&lanes.lane, &mut random);
            lanes.work(&lanes.lane, &format!("log/{number}.txt"), number);
            git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap();
        }
        for number in &numbers {
            let unit = lanes.scratch.rev(&format!("{PLAN}.{number}"));
            peer.git(&format!("checkout -q --detach {PLAN}"));
            let theirs = peer.try_git(["merge", "-q", "-m", "peer", unit.as_str()]);
            match lanes.integrate(number) {
                Integrated::FastForward(tip) => {
                    assert_eq!(peer.head(), tip);
                    fast += 1;
                }
                Integrated::Merged(merge) => {
                    assert!(theirs.status.success(), "{number}");
                    let tree = |commit: &str| lanes.scratch.git(&format!("rev-parse {commit}^{{tree}}"));
                    assert_eq!(tree(merge.as_str()), tree(peer.head().as_str()), "{number}");
                    merged += 1;
                }
                Integrated::Conflict { files } => {
                    assert_eq!(theirs.status.code(), Some(1), "{number}");
                    let unmerged = peer.git("-c core.quotePath=false diff --name-only --diff-filter=U");
                    let listed: Vec<String> =
                        files.iter().map(|file| file.path.display().to_string()).collect();
                    for file in unmerged.lines() {
                        assert!(
                            listed.iter().any(|path| path == file),
                            "{number}: {file} in {listed:?}"
                        );
                    }
                    peer.git("merge --abort");
                    conflicts += 1;
                }
                Integrated::AlreadyIn(_) => panic!("{number} has a commit of its own"),
            }
            lanes.home_is_current();
        }
    }
    assert!(
        merged >= 15 && conflicts >= 3 && fast >= 10,
        "{merged} merged, {conflicts} conflicts, {fast} fast"
    );
    assert!(merged + conflicts + fast >= 40);
    lanes.nothing_is_lost();
}

/// Not a test: the process that [`a_kill_at_any_instant_loses_nothing`] kills. It enters one unit and integrates another.
#[test]
#[ignore = "run as a child process by another test"]
fn child_that_enters_and_integrates() {
    let Some(top) = std::env::var_os("LANES_TOP") else {
        return;
    };
    let lanes = Lanes::at(Tree::at(top));
    fs::write(lanes.begun(), "").unwrap();
    lanes.try_enter(LANE, "1.2", UnitStart::Fresh).unwrap();
    lanes.try_integrate("1.1").unwrap();
}

#[test]
fn a_kill_at_any_instant_loses_nothing() {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let (mut before, mut after) = (0, 0);
    for round in 0..18_u32 {
        let lanes = Lanes::new();
        for n in 0..30 {
            lanes.home.write(format!("src/{n}.txt"), format!("{n}\n"));
        }
        lanes.work(&lanes.home, "start.txt", "start");
        lanes.enter(LANE, "1.2", UnitStart::Continue);
        lanes.work(&lanes.lane, "first try.txt", "first");
        let done = {
            git::unit::leave_unit(&lanes.admin, LANE, PLAN).unwrap();
            lanes.enter(LANE, "1.1", UnitStart::Continue);
            for n in 0..30 {
                lanes.lane.write(format!("src/{n}.txt"), format!("done {n}\n"));
            }
            lanes.work(&lanes.lane, "done.txt", "done")
        };
        lanes
            .lane
            .write("src/1.txt", "left over")
            .write("left.txt", "left over");

        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "git::merging::integrate::child_that_enters_and_integrates",
            ])
            .env("LANES_TOP", lanes.scratch.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        // The instant is the point here: later each round, counted from the first step, or from the branch's move.
        let patience = Instant::now() + Duration::from_secs(30);
        let moved = lanes.scratch.join(format!(".git/refs/heads/{PLAN}"));
        let reached = || match round {
            0..12 => lanes.begun().exists(),
            _ => fs::read_to_string(&moved).is_ok_and(|tip| tip.trim() == done.as_str()),
        };
        while !reached() && child.try_wait().unwrap().is_none() && Instant::now() < patience {
            std::hint::spin_loop();
        }
        std::thread::sleep(match round {
            0..12 => Duration::from_millis(u64::from(round) * 13),
            _ => Duration::from_millis(u64::from(round - 12)),
        });
        let pid = Pid::from_child(&child);
        // Every other round git outlives the one who started it.
        let _ = if round % 2 == 0 {
            kill_process_group(pid, Signal::KILL)
        } else {
            kill_process(pid, Signal::KILL)
        };
        let ended = child.wait().unwrap();
        if lanes.scratch.rev(PLAN) == done {
            after += 1;
        } else {
            before += usize::from(!ended.success());
        }

        let earlier = lanes.scratch.rev(PLAN);
        let start = lanes.enter(LANE, "1.2", UnitStart::Fresh).head;
        // A git that has outlived its orch may move the branch meanwhile.
        let now = lanes.scratch.rev(PLAN);
        assert!(
            start == now || start == earlier,
            "round {round}: {start} {earlier} {now}"
        );
        let integration = lanes
            .try_integrate("1.1")
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert!(
            !matches!(integration.outcome, Integrated::Conflict { .. }),
            "round {round}"
        );
        assert_eq!(lanes.scratch.rev(PLAN), done, "round {round}");
        assert_eq!(lanes.home.read("src/29.txt"), "done 29\n", "round {round}");
        lanes.home_is_current();
        let kept = lanes
            .scratch
            .git("for-each-ref --format=%(refname) refs/orch/backup/auth");
        let keeps_left = kept.lines().any(|name| {
            lanes
                .scratch
                .try_git(["show", &format!("{name}:left.txt")])
                .stdout
                == b"left over"
                && lanes
                    .scratch
                    .try_git(["show", &format!("{name}:src/1.txt")])
                    .stdout
                    == b"left over"
        });
        assert!(keeps_left, "round {round}: {kept}");
        lanes.nothing_is_lost();
    }
    assert!(
        before >= 3 && after >= 1,
        "{before} killed before the move, {after} after it"
    );
}
