//! The forecast names exactly the pairs that git finds in conflict, and the same files. `ORCH_MERGES=N` tries more histories,
//! `ORCH_MERGES_SEED=N` replays one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use orch::git::{Forecast, require_git};
use orch::plan::CommitId;

use crate::support::histories::{Files, History, settle};
use crate::support::{Dice, Scratch, campaign};

type Pairs = BTreeMap<(usize, usize), BTreeSet<PathBuf>>;

/// What git says of every pair, on a checkout of the first.
fn by_git(scratch: &Scratch, heads: &[CommitId]) -> Pairs {
    let mut found = Pairs::new();
    for one in 0..heads.len() {
        scratch.git("reset -q --hard");
        scratch.git("clean -ffdxq");
        scratch.git_args(["checkout", "-q", "-f", "--detach", heads[one].as_str()]);
        for two in one + 1..heads.len() {
            let (a, b) = (heads[one].as_str(), heads[two].as_str());
            let merge = [
                "merge-tree",
                "--write-tree",
                "--name-only",
                "--no-messages",
                "-z",
                a,
                b,
            ];
            let output = scratch.try_git(merge);
            if output.status.success() {
                continue;
            }
            let text = String::from_utf8(output.stdout).unwrap();
            let files = text.split_terminator('\0').skip(1).map(|file| {
                let aside = [a, b].iter().find_map(|side| file.find(&format!("~{side}")));
                PathBuf::from(aside.map_or(file, |at| &file[..at]))
            });
            found.insert((one, two), files.collect());
        }
    }
    found
}

fn compare(seed: u64, scratch: &Scratch, forecast: &mut Forecast, heads: &[CommitId]) -> usize {
    let found = forecast.look(heads).unwrap();
    let expected = by_git(scratch, heads);
    let pairs: BTreeSet<_> = found.iter().map(|clash| (clash.one, clash.two)).collect();
    let named: BTreeSet<_> = expected.keys().copied().collect();
    assert_eq!(pairs, named, "ORCH_MERGES_SEED={seed}: {expected:?}");
    for clash in &found {
        let files: BTreeSet<PathBuf> = clash.files.iter().map(|file| file.path.clone()).collect();
        let of_git = &expected[&(clash.one, clash.two)];
        assert!(
            of_git.is_subset(&files),
            "ORCH_MERGES_SEED={seed}: {files:?}, git {of_git:?}"
        );
    }
    found.len()
}

#[test]
fn the_forecast_names_the_pairs_that_git_finds_in_conflict() {
    let count = (campaign("ORCH_MERGES", 320) as u64).div_ceil(20);
    let one = std::env::var("ORCH_MERGES_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds: Vec<u64> = one.map_or_else(|| (0..count).collect(), |seed| vec![seed]);
    let (mut by_changes, mut by_merging, mut conflicts) = (0, 0, 0);
    for seed in seeds {
        let mut dice = Dice::new(seed ^ 0xf0_4eca);
        let scratch = Scratch::new();
        settle(&scratch, seed);
        let mut history = History::default();
        let base = Files::random(&mut dice);
        let mut target = (history.commit(&base, &[]), base);
        let mut made = Vec::new();
        for _ in 0..7 {
            // The target continues now and then; a branch starts from it or from another branch.
            if dice.below(3) == 0 {
                let files = target.1.changed(&mut dice);
                target = (history.commit(&files, &[target.0]), files);
            }
            let from = if dice.below(5) == 0 && !made.is_empty() {
                let made: &Vec<(usize, Files)> = &made;
                made[dice.below(made.len())].clone()
            } else {
                target.clone()
            };
            let mut files = from.1;
            for _ in 0..1 + dice.below(2) {
                files.change(&mut dice);
            }
            made.push((history.commit(&files, &[from.0]), files));
        }
        let last = made.last().unwrap().clone();
        let moved = history.commit(&last.1.changed(&mut dice), &[last.0]);
        let ids = history.write(&scratch);
        let mut forecast = Forecast::new(&scratch.repository(), require_git().unwrap()).unwrap();
        let mut heads = vec![ids[target.0 - 1].clone()];
        heads.extend(made.iter().map(|(number, _)| ids[number - 1].clone()));
        conflicts += compare(seed, &scratch, &mut forecast, &heads);
        // One head moves: only its pairs are looked at again.
        let before = forecast.decided();
        *heads.last_mut().unwrap() = ids[moved - 1].clone();
        conflicts += compare(seed, &scratch, &mut forecast, &heads);
        let after = forecast.decided();
        let again = after.by_changes + after.by_merging - before.by_changes - before.by_merging;
        assert!(again < heads.len(), "{again} pairs were looked at again");
        by_changes += after.by_changes;
        by_merging += after.by_merging;
    }
    println!("{by_changes} pairs by changes, {by_merging} by merging, {conflicts} in conflict");
    assert!(conflicts > 0);
}

/// Commits with these files, the first without a parent, the others on it; none of `NAME` without a text.
fn commits(scratch: &Scratch, all: &[&[(&str, &str)]]) -> Vec<CommitId> {
    let ids = all.iter().enumerate().map(|(number, files)| {
        let name = format!("h{number}");
        match number {
            0 => scratch.git("checkout -q --detach"),
            _ => scratch.git(&format!("checkout -q --detach {}", scratch.rev("h0"))),
        };
        for (file, text) in *files {
            scratch.write(file, text);
        }
        let commit = scratch.commit(&name);
        scratch.git(&format!("branch -f {name} {commit}"));
        commit
    });
    ids.collect()
}

fn numbered(changed: usize) -> String {
    let line = |number| {
        if number == changed {
            "changed\n".to_owned()
        } else {
            format!("{number}\n")
        }
    };
    (1..=20).map(line).collect()
}

#[test]
fn attributes_that_only_the_target_has_by_now_count_in_the_forecast() {
    let (base, top, end) = (numbered(0), numbered(1), numbered(20));
    for attributes in ["f.txt -merge\n", "*.txt -merge\n", "\u{feff}f.txt -merge\n"] {
        for changes_it in [1, 2] {
            let scratch = Scratch::new();
            let (mut one, mut two) = (vec![("f.txt", top.as_str())], vec![("f.txt", end.as_str())]);
            let changes = if changes_it == 1 { &mut one } else { &mut two };
            changes.push((".gitattributes", attributes));
            let heads = commits(&scratch, &[&[("f.txt", &base)], &one, &two]);
            let mut forecast = Forecast::new(&scratch.repository(), require_git().unwrap()).unwrap();
            let found = compare(0, &scratch, &mut forecast, &heads[1..]);
            let expected = by_git(&scratch, &heads[1..]).len();
            assert_eq!(found, expected, "{attributes:?}, head {changes_it}");
        }
    }
}

#[test]
fn attributes_are_read_as_git_reads_them_beside_the_commits() {
    let (base, top, end) = (numbered(0), numbered(1), numbered(20));
    for (attributes, ignorecase) in [
        ("F.TXT -merge\n", true),
        ("*.TXT -merge\n", true),
        ("F.TXT -merge\n", false),
        ("\u{feff}f.txt -merge\n", false),
        ("\u{feff}[attr]mine -merge\nf.txt mine\n", false),
        ("\u{feff}# f.txt -merge\n", false),
    ] {
        let scratch = Scratch::new();
        let heads = commits(
            &scratch,
            &[&[("f.txt", &base)], &[("f.txt", &top)], &[("f.txt", &end)]],
        );
        scratch.git(&format!("config core.ignorecase {ignorecase}"));
        scratch.write(".git/info/attributes", attributes);
        let mut forecast = Forecast::new(&scratch.repository(), require_git().unwrap()).unwrap();
        compare(0, &scratch, &mut forecast, &heads[1..]);
        let builder = orch::git::CandidateBuilder::new(&scratch.repository(), require_git().unwrap());
        let merges = builder.rehearse(&heads[1], &heads[2]).unwrap().is_some();
        assert_eq!(merges, by_git(&scratch, &heads[1..]).is_empty(), "{attributes:?}");
    }
}

#[test]
fn a_head_that_shares_no_history_is_named_and_the_others_are_foreseen_all_the_same() {
    let scratch = Scratch::new();
    let heads = commits(
        &scratch,
        &[&[("f.txt", "a\n")], &[("f.txt", "b\n")], &[("f.txt", "c\n")]],
    );
    scratch.git("checkout -q --orphan alone");
    let alone = scratch.commit("alone");
    let mut forecast = Forecast::new(&scratch.repository(), require_git().unwrap()).unwrap();
    let looked = [heads[1].clone(), alone, heads[2].clone()];
    let found = forecast.look(&looked).unwrap();
    let pairs: Vec<_> = found.iter().map(|clash| (clash.one, clash.two)).collect();
    assert_eq!(pairs, [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(found[0].files[0].kind, "unrelated histories");
    assert_eq!(found[1].files[0].path, PathBuf::from("f.txt"));
}
