//! Moving a branch beside uncommitted changes: as `git merge --ff-only` leaves a checkout, and never a change lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use orch::git::{self, CheckoutOutcome, LandRefusal, LandingPlan};

use crate::support::{Dice, Said, Sandbox, Scratch, campaign, document, steps};

/// Everything in a checkout: files with their bytes and modes, and what git says of each.
#[derive(Debug, PartialEq)]
struct Seen {
    files: BTreeMap<PathBuf, (bool, Vec<u8>)>,
    status: String,
    staged: String,
}

fn see(top: &Path) -> Seen {
    use std::os::unix::fs::PermissionsExt;
    let mut files = BTreeMap::new();
    let mut open = vec![top.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if entry.file_name() == ".git" {
                continue;
            }
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let mode = path.metadata().unwrap().permissions().mode();
            let name = path.strip_prefix(top).unwrap().to_owned();
            files.insert(name, (mode & 0o100 != 0, fs::read(path).unwrap()));
        }
    }
    let git = |args: &[&str]| {
        let said = Command::new("git")
            .arg("-C")
            .arg(top)
            .args(args)
            .output()
            .unwrap();
        String::from_utf8_lossy(&said.stdout).into_owned()
    };
    Seen {
        files,
        status: git(&["status", "--porcelain=v1", "--no-renames", "-uall"]),
        staged: git(&["ls-files", "--stage"]),
    }
}

const NAMES: [&str; 10] = ["a", "b", "c/d", "c/e", "f", "g/h/i", "g/j", "k", "l", "m n"];

/// A commit that changes, adds and removes some files.
fn change(scratch: &Scratch, dice: &mut Dice) -> orch::plan::CommitId {
    let mut files: Vec<(String, Option<String>)> = Vec::new();
    for name in NAMES {
        match dice.below(5) {
            0 => files.push((
                name.to_owned(),
                Some(format!("{name} moved {}\n", dice.below(100))),
            )),
            1 if files.iter().any(|(_, text)| text.is_some()) => files.push((name.to_owned(), None)),
            2 => files.push((format!("new/{name}"), Some("new\n".to_owned()))),
            _ => {}
        }
    }
    files.push(("always".to_owned(), Some("new\n".to_owned())));
    let files: Vec<(&str, Option<&str>)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_deref()))
        .collect();
    scratch.branch("side", "main", &files)
}

/// Somebody works in the checkout.
fn disturb(scratch: &Scratch, dice: &mut Dice) {
    for _ in 0..1 + dice.below(3) {
        let name = *dice.pick(&NAMES);
        let file = scratch.join(name);
        match dice.below(8) {
            0 => drop(fs::write(file, "edited\n")),
            1 => {
                let _ = fs::write(file, "staged\n");
                scratch.git_args(["add", "-A", "--", name]);
            }
            2 => {
                let _ = fs::write(&file, "staged\n");
                scratch.git_args(["add", "-A", "--", name]);
                let _ = fs::write(file, "and edited\n");
            }
            3 => drop(fs::remove_file(file)),
            4 => {
                let _ = fs::remove_file(file);
                scratch.git_args(["add", "-A", "--", name]);
            }
            5 => {
                scratch.write(format!("own-{name}"), "mine\n");
                scratch.git_args(["add", "--", &format!("own-{name}")]);
            }
            6 => {
                scratch.write(format!("meant-{name}"), "mine\n");
                scratch.git_args(["add", "-N", "--", &format!("meant-{name}")]);
            }
            _ => drop(scratch.write(format!("new/{name}"), "in the way?\n")),
        }
    }
}

fn world(seed: u64) -> (Scratch, Dice, orch::plan::CommitId, orch::plan::CommitId) {
    let mut dice = Dice::new(seed);
    let scratch = Scratch::new();
    for name in NAMES {
        scratch.write(name, format!("{name}\n"));
    }
    let old = scratch.commit("files");
    let new = change(&scratch, &mut dice);
    disturb(&scratch, &mut dice);
    (scratch, dice, old, new)
}

#[test]
fn a_checkout_with_changes_is_left_as_a_fast_forward_by_git_leaves_it_or_not_touched_at_all() {
    let (mut moved, mut refused) = (0, 0);
    for seed in 0..campaign("ORCH_BESIDE_RUNS", 48).max(12) as u64 {
        let (scratch, _, old, new) = world(seed);
        let copy = scratch.beside("copy");
        let copied = Command::new("cp")
            .arg("-a")
            .arg(scratch.path())
            .arg(&copy)
            .status();
        assert!(copied.unwrap().success());
        let before = see(scratch.path());
        let git = Command::new("git")
            .arg("-C")
            .arg(&copy)
            .args(["merge", "-q", "--ff-only", new.as_str()])
            .output()
            .unwrap();
        let repo = scratch.repository();
        let landed = git::landing::plan_landing_beside(&repo, "main", Some(&old), &new)
            .and_then(|plan| git::landing::land(&repo, &plan));
        match landed {
            Ok(landed) => {
                assert!(
                    git.status.success(),
                    "seed {seed}: git refuses: {git:?}\n{before:?}"
                );
                assert_eq!(
                    landed.checkouts[0].outcome,
                    CheckoutOutcome::FastForwarded,
                    "seed {seed}"
                );
                assert_eq!(see(scratch.path()), see(&copy), "seed {seed}");
                moved += 1;
            }
            Err(refusal) => {
                assert!(refusal.may_pass(), "seed {seed}: {refusal}");
                assert_eq!(see(scratch.path()), before, "seed {seed}");
                assert_eq!(scratch.rev("main"), old, "seed {seed}");
                refused += 1;
            }
        }
    }
    println!("beside changes: {moved} moves as git makes them, {refused} refusals");
    assert!(moved * 8 > refused && refused * 8 > moved, "{moved} {refused}");
}

#[test]
fn a_move_that_was_cut_short_beside_changes_is_ended_and_no_change_is_lost() {
    let mut ended = 0;
    for seed in 0..campaign("ORCH_BESIDE_RUNS", 48).max(12) as u64 {
        let (scratch, mut dice, old, new) = world(seed);
        let repo = scratch.repository();
        let Ok(plan) = git::landing::plan_landing_beside(&repo, "main", Some(&old), &new) else {
            continue;
        };
        let before = see(scratch.path());
        // The ref has moved, and git has written some of the files and not the index.
        scratch.git(&format!("update-ref refs/heads/main {new}"));
        let changed = scratch.git(&format!("diff --name-only --no-renames {old} {new}"));
        for name in changed.lines() {
            if dice.below(2) == 0 {
                continue;
            }
            let name = name.trim_matches('"');
            let shown = Command::new("git")
                .arg("-C")
                .arg(scratch.path())
                .args(["show", &format!("{new}:{name}")])
                .output()
                .unwrap();
            if shown.status.success() {
                let whole = shown.stdout.len();
                let part = if dice.below(3) == 0 { whole / 2 } else { whole };
                scratch.write(name, &shown.stdout[..part]);
            } else {
                let _ = fs::remove_file(scratch.join(name));
            }
        }
        let note = serde_json::to_vec(&plan).unwrap();
        let plan: LandingPlan = serde_json::from_slice(&note).unwrap();
        let done = git::landing::finish_landing_holding(&repo, &plan, None)
            .unwrap()
            .unwrap();
        assert_eq!(
            done.checkouts[0].outcome,
            CheckoutOutcome::FastForwarded,
            "seed {seed}"
        );
        let after = see(scratch.path());
        assert_eq!(after.status, before.status, "seed {seed}: what is uncommitted");
        for (file, content) in &before.files {
            let theirs = before
                .status
                .lines()
                .any(|line| line[3..].trim_matches('"') == file.to_string_lossy());
            assert!(
                !theirs || after.files.get(file) == Some(content),
                "seed {seed}: {file:?}"
            );
        }
        // Once more changes nothing.
        let again = git::landing::finish_landing_holding(&repo, &plan, None)
            .unwrap()
            .unwrap();
        assert_eq!(
            again.checkouts[0].outcome,
            CheckoutOutcome::Current,
            "seed {seed}"
        );
        assert_eq!(see(scratch.path()), after, "seed {seed}");
        ended += 1;
    }
    println!("beside changes: {ended} moves that were cut short ended");
    assert!(ended > 4, "{ended}");
}

#[test]
fn somebody_in_the_middle_of_a_merge_is_not_disturbed() {
    let scratch = Scratch::new();
    let old = scratch.commit_file("mine.txt", "mine\n");
    let new = scratch.branch("side", "main", &[("new.txt", Some("new"))]);
    let other = scratch.branch("other", "main", &[("other.txt", Some("other"))]);
    scratch.git(&format!("merge -q --no-commit --no-ff {other}"));
    let before = see(scratch.path());
    let refusal = git::landing::plan_landing_beside(&scratch.repository(), "main", Some(&old), &new);
    assert!(matches!(refusal, Err(LandRefusal::Dirty { .. })), "{refusal:?}");
    assert_eq!(see(scratch.path()), before);
}

/// A finished plan, and a checkout of the target in which somebody edits the manifest and stages another file.
fn edited() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "a",
        "",
        &document(&[1]),
        "echo by a >> README.md; git commit -qam readme; work 1.1",
    );
    sandbox.commit_file("notes.txt", "notes\n");
    sandbox.git("add plans.toml");
    sandbox.orch("up").code(0).ok();
    sandbox.write("notes.txt", "edited\n");
    sandbox.git("add notes.txt");
    let manifest = sandbox.read("plans.toml") + "# edited\n";
    sandbox.write("plans.toml", manifest);
    sandbox
}

fn dying_at(sandbox: &Sandbox, k: usize) -> Said {
    let mut command = sandbox.command(["merge"]);
    command.env(
        "FAULT_POINTS",
        format!("{}:{k}", sandbox.beside("points").display()),
    );
    Said::of(&mut command)
}

#[test]
fn a_plan_lands_beside_changes_elsewhere_whoever_dies_meanwhile() {
    let sandbox = edited();
    let status = sandbox.git("status --porcelain -uno");
    assert!(
        status.contains("M plans.toml") && status.contains("M  notes.txt"),
        "{status}"
    );
    dying_at(&sandbox, 0).code(0).ok();
    assert_eq!(sandbox.state("a"), "landed");
    assert_eq!(sandbox.git("status --porcelain -uno"), status);
    assert!(sandbox.read("README.md").contains("by a"), "the checkout follows");
    let count = fs::read_to_string(sandbox.beside("points"))
        .unwrap()
        .lines()
        .count();
    let step = (count / 10).max(1);
    let points: Vec<usize> = (1..=count).step_by(step).collect();
    for k in steps(points.len()).map(|n| points[n]) {
        let sandbox = edited();
        let said = dying_at(&sandbox, k);
        sandbox.orch("merge").code(0).ok();
        let now = sandbox.git("status --porcelain -uno");
        assert_eq!(now, status, "point {k}: {said:?}");
        assert_eq!(sandbox.state("a"), "landed", "point {k}");
        assert!(sandbox.read("README.md").contains("by a"), "point {k}");
        assert_eq!(sandbox.read("notes.txt"), "edited\n", "point {k}");
    }
    println!("landing beside changes: {count} points, every {step}th was the last of a process");
}

#[test]
fn a_run_that_lands_by_itself_tries_again_when_what_was_in_the_way_is_gone() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "a",
        "",
        &document(&[1]),
        "echo by a >> README.md; git commit -qam readme; work 1.1",
    );
    sandbox.plan("b", "depends = [\"a\"]", &document(&[1]), "work 1.1");
    sandbox.plan("long", "", &document(&[1]), "gate long; work 1.1");
    sandbox.gate("long");
    let before = sandbox.read("README.md");
    sandbox.write("README.md", "being edited\n");
    let up = sandbox.start("up --merge");
    sandbox.happened("merge.failed", "b");
    let why = sandbox.why("a");
    assert!(
        why.contains("files that would be replaced") && why.contains("README.md"),
        "{why}"
    );
    assert_eq!(sandbox.read("README.md"), "being edited\n");
    assert_eq!(sandbox.state("a"), "finished");
    sandbox.write("README.md", before);
    for plan in ["a", "b"] {
        sandbox.happened("merge.landed", plan);
    }
    assert_eq!(
        sandbox.count("merge.failed", Some("a")),
        1,
        "it was not tried in vain"
    );
    sandbox.open("long");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("long"), "landed");
}
