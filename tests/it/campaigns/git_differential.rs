//! Candidates against git: merges made up at random, and the real merges of repositories. Each has to have the same tree, or
//! the same paths in conflict. `ORCH_MERGES=N` tries so many made-up ones, `ORCH_MERGES_SEED=N` replays one;
//! `ORCH_MERGE_REPOS=PATH:PATH` replays every merge commit that these repositories have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use orch::git::{BuildOutcome, CandidateBuilder, Repository, require_git};
use orch::plan::CommitId;

use crate::support::histories::{Files, History, settle};
use crate::support::{Dice, Scratch, Tree, asked, campaign, isolate};

/// What git makes of a merge.
#[derive(Debug, PartialEq, Eq)]
enum Real {
    Tree(String),
    Conflict(BTreeSet<PathBuf>),
}

/// `git merge` in a checkout. The commit that it makes stays checked out.
fn in_checkout(tree: &Tree, head: &CommitId) -> Real {
    let merge = [
        "-c",
        "merge.ours-own.driver=true",
        "merge",
        "-q",
        "--no-ff",
        "-m",
        "real",
        head.as_str(),
    ];
    let output = tree.try_git(merge);
    if output.status.success() {
        return Real::Tree(tree.git("rev-parse HEAD^{tree}"));
    }
    let unmerged = String::from_utf8(tree.try_git(["ls-files", "-uz"]).stdout).unwrap();
    let files: BTreeSet<PathBuf> = unmerged
        .split_terminator('\0')
        .map(|entry| {
            let file = entry.split_once('\t').unwrap().1;
            // A file pushed aside by a folder: git names it after the side, orch as people know it.
            let aside = file.find("~HEAD").or(file.find(&format!("~{head}")));
            PathBuf::from(aside.map_or(file, |at| &file[..at]))
        })
        .collect();
    let said = String::from_utf8_lossy(&output.stdout);
    if files.is_empty() && !said.contains("CONFLICT (") {
        // A checkout whose line endings are not as its attributes want them passes for changed.
        let (dir, onto) = (tree.join(".git"), tree.head());
        tree.git("reset -q --hard");
        let merged = match alone(&dir, &onto, head) {
            Real::Tree(merged) => merged,
            conflict => return conflict,
        };
        let merge = [
            "commit-tree",
            &merged,
            "-p",
            onto.as_str(),
            "-p",
            head.as_str(),
            "-m",
            "real",
        ];
        checked_out(tree, &tree.git_args(merge).parse().unwrap());
        return Real::Tree(merged);
    }
    tree.git("reset -q --hard");
    tree.git("clean -fdxq");
    Real::Conflict(files)
}

fn checked_out(tree: &Tree, commit: &CommitId) {
    tree.git("reset -q --hard");
    tree.git("clean -ffdxq");
    tree.git_args(["checkout", "-q", "-f", "--detach", commit.as_str()]);
}

/// Compares one; what orch built.
#[track_caller]
fn same(seed: u64, built: BuildOutcome, real: &Real) -> Option<CommitId> {
    match (built, real) {
        (BuildOutcome::Candidate(candidate), Real::Tree(tree)) => {
            assert_eq!(&candidate.tree, tree, "another tree: ORCH_MERGES_SEED={seed}");
            Some(candidate.commit)
        }
        (BuildOutcome::AlreadyContained, Real::Tree(_)) => None,
        (BuildOutcome::Conflict { files }, Real::Conflict(expected)) => {
            let found: BTreeSet<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
            assert!(
                expected.is_subset(&found),
                "ORCH_MERGES_SEED={seed}: git says {expected:?}, orch {found:?}"
            );
            // Git tells of some conflicts under a path that has no stages of its own: renamed ones.
            let more = files.iter().filter(|file| !expected.contains(&file.path));
            for file in more {
                let kind = &file.kind;
                assert!(
                    kind.contains("rename") || kind.contains('/') || kind == "submodule",
                    "ORCH_MERGES_SEED={seed}: {file:?} beside {expected:?}"
                );
            }
            None
        }
        (built, real) => panic!("ORCH_MERGES_SEED={seed}: orch {built:?}, git {real:?}"),
    }
}

fn driver(scratch: &Scratch) {
    scratch.git_args(["config", "merge.ours-own.driver", "true"]);
    scratch.git("config core.autocrlf false");
}

/// Merges that once were not as git makes them: attribute files with a byte-order mark, and two common ancestors.
const FOUND: [u64; 1] = [2004];

#[test]
fn merges_made_up_at_random_are_as_git_makes_them() {
    let count = campaign("ORCH_MERGES", 320) as u64;
    let one = std::env::var("ORCH_MERGES_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds: Vec<u64> = one.map_or_else(|| (0..count).collect(), |seed| vec![seed]);
    let (mut by_ids, mut by_git, mut conflicts) = (0, 0, 0);
    // A repository for some, so that it does not fill with what the others left.
    for chunk in seeds.chunks(40).chain(FOUND.chunks(1)) {
        let scratch = Scratch::new();
        driver(&scratch);
        settle(&scratch, chunk[0] / 40);
        let mut history = History::default();
        let mut pairs = Vec::new();
        for seed in chunk {
            let mut dice = Dice::new(*seed);
            let base = Files::random(&mut dice);
            let (ours, theirs) = (base.changed(&mut dice), base.changed(&mut dice));
            let root = history.commit(&base, &[]);
            let (mut one, mut two) = (history.commit(&ours, &[root]), history.commit(&theirs, &[root]));
            if dice.below(8) == 0 {
                // Criss-cross: two common ancestors.
                let (three, four) = (ours.changed(&mut dice), theirs.changed(&mut dice));
                (one, two) = (
                    history.commit(&three, &[one, two]),
                    history.commit(&four, &[two, one]),
                );
            }
            pairs.push((*seed, one, two));
        }
        let ids = history.write(&scratch);
        for (seed, one, two) in pairs {
            let (onto, head) = (&ids[one - 1], &ids[two - 1]);
            let builder = CandidateBuilder::new(&scratch.repository(), require_git().unwrap());
            let built = builder.build(onto, head, "land").unwrap();
            checked_out(&scratch, onto);
            let real = in_checkout(&scratch, head);
            conflicts += usize::from(matches!(real, Real::Conflict(_)));
            same(seed, built, &real);
            let tally = builder.tally().unwrap();
            by_ids += tally.by_ids;
            by_git += tally.by_git;
        }
    }
    println!("{by_ids} merged by ids, {by_git} left to git, {conflicts} of these in conflict");
    assert!(
        one.is_some() || by_ids * 4 > by_git,
        "{by_ids} of {by_git}: nearly all was left to git"
    );
}

#[test]
fn a_line_of_merges_is_as_git_makes_it() {
    let count = (campaign("ORCH_MERGES", 320) as u64).div_ceil(16);
    let one = std::env::var("ORCH_MERGES_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds: Vec<u64> = one.map_or_else(|| (0..count).collect(), |seed| vec![seed]);
    let (mut by_ids, mut by_git) = (0, 0);
    for seed in seeds {
        let mut dice = Dice::new(seed ^ 0xa11ce);
        let scratch = Scratch::new();
        driver(&scratch);
        settle(&scratch, seed);
        let mut history = History::default();
        let base = Files::random(&mut dice);
        let mut made = vec![(history.commit(&base, &[]), base)];
        // Most start from the first commit, some from one another's.
        for _ in 0..10 {
            let (from, files) = made[if dice.below(3) == 0 {
                dice.below(made.len())
            } else {
                0
            }]
            .clone();
            let mut files = files;
            for _ in 0..1 + dice.below(2) {
                files.change(&mut dice);
            }
            made.push((history.commit(&files, &[from]), files));
        }
        let ids = history.write(&scratch);
        let builder = CandidateBuilder::new(&scratch.repository(), require_git().unwrap());
        checked_out(&scratch, &ids[0]);
        let mut tip = ids[0].clone();
        // Whether it was told what comes or not.
        if seed % 2 == 0 {
            let heads: Vec<_> = made[1..]
                .iter()
                .map(|(number, _)| ids[number - 1].clone())
                .collect();
            builder.expect(&tip, &heads).unwrap();
        }
        for (number, _) in &made[1..] {
            let head = &ids[number - 1];
            let built = builder.draft(&tip, head, "land").unwrap();
            let real = in_checkout(&scratch, head);
            if let Some(commit) = same(seed, built, &real) {
                tip = commit;
            }
        }
        builder.save().unwrap();
        scratch.git_args(["fsck", "--no-dangling", "--connectivity-only", tip.as_str()]);
        assert_eq!(
            scratch.git_args(["rev-parse", &format!("{tip}^{{tree}}")]),
            scratch.git("rev-parse HEAD^{tree}")
        );
        let tally = builder.tally().unwrap();
        by_ids += tally.by_ids;
        by_git += tally.by_git;
    }
    println!("{by_ids} merged by ids, {by_git} left to git");
}

#[test]
fn submodules_that_both_sides_move_on_are_merged_as_git_merges_them() {
    let library = Scratch::named("library");
    let mut commits = vec![library.head()];
    for number in 0..3 {
        commits.push(library.commit_file("lib.txt", &format!("{number}\n")));
    }
    library.git(&format!("checkout -q -b aside {}", commits[1]));
    commits.push(library.commit_file("aside.txt", "aside\n"));
    let scratch = Scratch::new();
    driver(&scratch);
    scratch.git_args([
        "submodule",
        "--quiet",
        "add",
        library.path().to_str().unwrap(),
        "lib",
    ]);
    scratch.git(&format!("-C lib checkout -q {}", commits[0]));
    scratch.write("f.txt", "f\n");
    let base = scratch.commit("base");
    let mut conflicts = 0;
    for one in 0..commits.len() {
        for two in 0..commits.len() {
            let side = |commit: &CommitId, file: &str| {
                scratch.git(&format!("checkout -q --detach {base}"));
                scratch.git(&format!("-C lib checkout -q {commit}"));
                scratch.write(file, "more\n");
                scratch.commit(file)
            };
            let (onto, head) = (side(&commits[one], "one.txt"), side(&commits[two], "two.txt"));
            let builder = CandidateBuilder::new(&scratch.repository(), require_git().unwrap());
            let built = builder.build(&onto, &head, "land").unwrap();
            scratch.git(&format!("checkout -q -f --detach {onto}"));
            scratch.git("submodule --quiet update --force");
            let real = in_checkout(&scratch, &head);
            conflicts += usize::from(matches!(real, Real::Conflict(_)));
            same((one * 10 + two) as u64, built, &real);
            scratch.git("reset -q --hard");
            scratch.git("submodule --quiet update --force");
        }
    }
    println!("{conflicts} of {} in conflict", commits.len() * commits.len());
}

/// One merge by a `git merge-tree` of its own, with the attributes of the first commit.
fn alone(repo: &Path, onto: &CommitId, head: &CommitId) -> Real {
    let output = Command::new("git")
        .arg(format!("--git-dir={}", repo.display()))
        .arg(format!("--attr-source={onto}"))
        .args(["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z"])
        .args([onto.as_str(), head.as_str()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut fields = text.split_terminator('\0').map(str::to_owned);
    let tree = fields.next().unwrap_or_default();
    if output.status.success() {
        return Real::Tree(tree);
    }
    // A file pushed aside by a folder: git names it after the side, orch as people know it.
    let plain = |file: String| {
        let aside = [onto, head]
            .iter()
            .find_map(|side| file.find(&format!("~{side}")));
        PathBuf::from(aside.map_or(file.as_str(), |at| &file[..at]))
    };
    Real::Conflict(fields.map(plain).collect())
}

#[test]
fn real_merges_are_as_git_makes_them() {
    isolate();
    let Ok(repos) = std::env::var("ORCH_MERGE_REPOS") else {
        println!("ORCH_MERGE_REPOS names no repositories: none replayed");
        return;
    };
    for path in repos.split(':') {
        let repo = Repository::discover(Path::new(path)).unwrap();
        let dir = repo.common_dir().to_owned();
        let list = Tree::at(&dir).git("rev-list --all --merges --parents");
        let merges = list.lines().filter_map(|line| {
            let ids: Vec<CommitId> = line.split(' ').map(|id| id.parse().unwrap()).collect();
            <[CommitId; 3]>::try_from(ids).ok()
        });
        let most = asked("ORCH_MERGES", usize::MAX);
        let builder = CandidateBuilder::new(&repo, require_git().unwrap());
        let (mut seen, mut different, mut conflicts, mut skipped) = (0, 0, 0, 0);
        for [_, onto, head] in merges.take(most) {
            let Ok(built) = builder.rehearse(&onto, &head) else {
                skipped += 1;
                continue;
            };
            let built = match built {
                Some(tree) => Real::Tree(tree),
                None => {
                    let files = builder.conflicts(&onto, &head).unwrap();
                    Real::Conflict(files.into_iter().map(|file| file.path).collect())
                }
            };
            conflicts += usize::from(matches!(built, Real::Conflict(_)));
            let real = alone(&dir, &onto, &head);
            let same = match (&built, &real) {
                // Of a conflict of renames orch names the places that git tells of, which have no stages.
                (Real::Conflict(built), Real::Conflict(real)) => real.is_subset(built),
                (built, real) => built == real,
            };
            if !same {
                different += 1;
                println!("{path}: {onto} {head}: orch {built:?}, git {real:?}");
            }
            seen += 1;
            if seen % 500 == 0 {
                println!("{path}: {seen} merges compared, {different} different");
            }
        }
        let tally = builder.tally().unwrap();
        println!(
            "{path}: {seen} merges compared, {} of them made by ids; {conflicts} conflicts; {skipped} that git cannot merge; \
             {different} different",
            tally.by_ids
        );
        assert_eq!(different, 0);
    }
}
