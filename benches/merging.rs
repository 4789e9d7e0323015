//! Merging 1,000 branches of five files each, one on top of the other, into a repository of 3,000 files and one of 50,000:
//! candidates as `orch` builds them, beside a loop of `git merge` in a checkout; then the same with branches of which git has
//! to decide each one. Trees are compared at every step.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use orch::git::{BuildOutcome, CandidateBuilder, Forecast, Repository, require_git};
use orch::plan::CommitId;
use support::{Options, Sandbox, git_in, milliseconds};

const BRANCHES: usize = 1_000;
const FILES_OF_A_BRANCH: usize = 5;
/// Of a branch of each five, this many are new files.
const NEW: usize = 1;
const LINES: usize = 160;

fn main() {
    let Some(options) = Options::read() else { return };
    // Every round would merge the same again: one is a thousand merges.
    let rounds = options.rounds(1);
    // Removed at the end: ext4 looks long for free inodes among those of files that were deleted in the last minutes.
    let mut kept = Vec::new();
    for (files, aim) in [(3_000, 0.012), (50_000, 0.006)] {
        for round in (0..rounds).filter(|_| options.wants("edits")) {
            kept.push(compare(files, Shape::Edits, BRANCHES, Some(aim), round));
        }
        for round in (0..rounds).filter(|_| options.wants("renames")) {
            kept.push(compare(files, Shape::Renames, BRANCHES / 10, Some(0.1), round));
        }
        if options.wants("forecast") {
            kept.push(foresee(files));
        }
    }
}

/// How many branches the forecast looks at.
const LOOKED_AT: usize = 100;

/// Every pair of a hundred branches, beside one `git merge-tree --stdin` for all pairs; then one branch moves.
fn foresee(files: usize) -> Sandbox {
    let sandbox = Sandbox::new([]);
    let mut heads = history(&sandbox, files, Shape::Odds, LOOKED_AT + 1, 7);
    let moved = heads.pop().unwrap();
    sandbox.git(["symbolic-ref", "HEAD", "refs/heads/main"]);
    sandbox.settle_disk();
    let repo = Repository::discover(&sandbox.repo()).unwrap();
    heads.insert(0, repo.resolve("main").unwrap());

    let started = Instant::now();
    let mut forecast = Forecast::new(&repo, require_git().unwrap()).unwrap();
    let found = forecast.look(&heads).unwrap();
    let ours = started.elapsed();

    let mut lines = String::new();
    for two in 1..heads.len() {
        for one in 0..two {
            writeln!(lines, "{} {}", heads[one], heads[two]).unwrap();
        }
    }
    let started = Instant::now();
    let mut git = Command::new("git")
        .arg("-C")
        .arg(sandbox.repo())
        .args(["merge-tree", "--stdin", "--name-only"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = git.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = git.wait_with_output().unwrap();
    let theirs = started.elapsed();
    writer.join().unwrap();
    let theirs_found = conflicts_told(&output.stdout);

    *heads.last_mut().unwrap() = moved;
    let started = Instant::now();
    forecast.look(&heads).unwrap();
    let again = started.elapsed();
    let decided = forecast.decided();
    println!(
        "{files} files, forecast of {LOOKED_AT} branches and the target: {:.1} ms ({} pairs by changes, {} by merging), \
         `git merge-tree --stdin` {:.0} ms, ratio {:.4} (aim 0.02); in conflict: {} and {theirs_found}; after one moved \
         {:.2} ms (aim 5)",
        milliseconds(ours),
        decided.by_changes,
        decided.by_merging,
        milliseconds(theirs),
        milliseconds(ours) / milliseconds(theirs),
        found.len(),
        milliseconds(again),
    );
    sandbox
}

/// How many answers of `merge-tree --stdin --name-only` tell of a conflict.
fn conflicts_told(answers: &[u8]) -> usize {
    let mut fields = answers.split(|byte| *byte == 0);
    let mut conflicts = 0;
    while let Some(clean) = fields.next().filter(|clean| !clean.is_empty()) {
        fields.next();
        if clean == b"1" {
            fields.next();
            continue;
        }
        conflicts += 1;
        while fields.next().is_some_and(|file| !file.is_empty()) {}
        while let Some(count) = fields.next().filter(|count| !count.is_empty()) {
            let paths: usize = std::str::from_utf8(count).unwrap().parse().unwrap();
            for _ in 0..paths + 2 {
                fields.next();
            }
        }
    }
    conflicts
}

/// What branches do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Edit files and add some.
    Edits,
    /// Move a file that the target has changed meanwhile: git has to find where it went.
    Renames,
    /// Edit files, now and then the same lines.
    Odds,
}

fn compare(files: usize, shape: Shape, branches: usize, aim: Option<f64>, round: usize) -> Sandbox {
    let sandbox = Sandbox::new([]);
    let heads = history(&sandbox, files, shape, branches, round as u64);
    sandbox.git(["checkout", "-q", "-f", "main"]);
    sandbox.settle_disk();
    let repo = Repository::discover(&sandbox.repo()).unwrap();
    let main = repo.resolve("main").unwrap();

    let started = Instant::now();
    let builder = CandidateBuilder::new(&repo, require_git().unwrap());
    builder.expect(&main, &heads).unwrap();
    let mut tip = main;
    let mut trees = Vec::new();
    for head in &heads {
        match builder.draft(&tip, head, "Merge a branch").unwrap() {
            BuildOutcome::Candidate(candidate) => {
                tip = candidate.commit;
                trees.push(candidate.tree);
            }
            other => panic!("{other:?}"),
        }
    }
    builder.save().unwrap();
    sandbox.git(["update-ref", "refs/heads/landed", tip.as_str()]);
    let ours = started.elapsed();
    let tally = builder.tally().unwrap();

    // A share of the merges tells what each takes.
    let share = heads.len().min(if files > 10_000 { 60 } else { 200 });
    let mut theirs = Duration::ZERO;
    let mut different = 0;
    for (nth, head) in heads.iter().enumerate() {
        if nth >= share {
            break;
        }
        let started = Instant::now();
        git_in(
            &sandbox.repo(),
            ["merge", "-q", "--no-ff", "-m", "Merge a branch", head.as_str()],
        );
        theirs += started.elapsed();
        let tree = git_in(&sandbox.repo(), ["rev-parse", "HEAD^{tree}"]);
        different += usize::from(tree.trim() != trees[nth]);
    }
    // The others are compared where git needs no checkout.
    let lines: Vec<String> = trees.iter().map(|tree| format!("{tree}\n")).collect();
    different += differences(&sandbox, share, &heads, &lines);
    let (ours, theirs) = (
        milliseconds(ours) / heads.len() as f64,
        milliseconds(theirs) / share as f64,
    );
    println!(
        "{files} files, {} branches, {shape:?}: {ours:.3} ms a merge ({} by ids, {} by git), `git merge` in a checkout \
         {theirs:.1} ms, ratio {:.4}{}; {different} differences",
        heads.len(),
        tally.by_ids,
        tally.by_git,
        ours / theirs,
        aim.map(|aim| format!(" (aim {aim})")).unwrap_or_default(),
    );
    sandbox
}

/// Merges the rest through `git merge-tree`, and counts trees that differ.
fn differences(sandbox: &Sandbox, share: usize, heads: &[CommitId], trees: &[String]) -> usize {
    let mut tip = git_in(&sandbox.repo(), ["rev-parse", "HEAD"]).trim().to_owned();
    let mut different = 0;
    for (head, tree) in heads.iter().zip(trees).skip(share).step_by(1) {
        let merged = git_in(
            &sandbox.repo(),
            ["merge-tree", "--write-tree", tip.as_str(), head.as_str()],
        );
        different += usize::from(&merged != tree);
        let commit = [
            "commit-tree",
            merged.trim(),
            "-p",
            &tip,
            "-p",
            head.as_str(),
            "-m",
            "x",
        ];
        tip = git_in(&sandbox.repo(), commit).trim().to_owned();
    }
    different
}

/// Writes `main` with so many files, and branches that start there.
fn history(sandbox: &Sandbox, files: usize, shape: Shape, branches: usize, seed: u64) -> Vec<CommitId> {
    let mut dice = Dice(seed);
    let mut import = Command::new("git")
        .arg("-C")
        .arg(sandbox.repo())
        .args(["fast-import", "--quiet", "--force"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = import.stdin.take().unwrap();
    let mut texts: HashMap<usize, Vec<String>> = HashMap::new();
    write!(stream, "commit refs/heads/main\nmark :1\n{}", head(1)).unwrap();
    for file in 0..files {
        put(&mut stream, &path(file), &text(file).concat());
    }
    if shape == Shape::Renames {
        // The target continues after the branches have begun.
        write!(stream, "commit refs/heads/main\nmark :2\n{}from :1\n", head(2)).unwrap();
        for branch in 0..branches {
            let mut lines = text(branch);
            lines[2] = "the target changed this\n".to_owned();
            put(&mut stream, &path(branch), &lines.concat());
        }
    }
    for branch in 0..branches {
        write!(
            stream,
            "commit refs/heads/b{branch}\nmark :{}\n{}from :1\n",
            branch + 10,
            head(branch + 10)
        )
        .unwrap();
        match shape {
            Shape::Edits => {
                for _ in 0..FILES_OF_A_BRANCH - NEW {
                    let file = dice.below(files);
                    // Each edit of a file is at a place of its own, in any order.
                    let free = texts.entry(file).or_insert_with(|| places(&mut dice));
                    let Some(place) = free.pop() else { continue };
                    let mut lines = text(file);
                    let at: usize = place.parse().unwrap();
                    lines[at] = format!("    branch {branch} wrote this\n");
                    put(&mut stream, &path(file), &lines.concat());
                }
                for new in 0..NEW {
                    let folder = dice.below(files);
                    let folder = path(folder);
                    let folder = folder.rsplit_once('/').unwrap().0;
                    put(&mut stream, &format!("{folder}/new_{branch}_{new}.rs"), "new\n");
                }
            }
            Shape::Odds => {
                for nth in 0..FILES_OF_A_BRANCH {
                    // Some files are everybody's.
                    let file = if nth == 0 {
                        dice.below(20)
                    } else {
                        dice.below(files)
                    };
                    let mut lines = text(file);
                    lines[1 + dice.below(30) * 5] = format!("    branch {branch} wrote this\n");
                    put(&mut stream, &path(file), &lines.concat());
                }
            }
            Shape::Renames => {
                let mut lines = text(branch);
                lines[LINES - 4] = format!("    branch {branch} moved this\n");
                writeln!(stream, "D {}", path(branch)).unwrap();
                put(&mut stream, &format!("moved/{branch:05}.rs"), &lines.concat());
                for _ in 1..FILES_OF_A_BRANCH {
                    let file = branches + branch * FILES_OF_A_BRANCH + dice.below(FILES_OF_A_BRANCH);
                    let mut lines = text(file);
                    lines[9] = format!("    branch {branch} wrote this\n");
                    put(&mut stream, &path(file), &lines.concat());
                }
            }
        }
    }
    drop(stream);
    assert!(import.wait().unwrap().success());
    let names: Vec<String> = (0..branches)
        .map(|branch| format!("refs/heads/b{branch}"))
        .collect();
    let ids = sandbox.git(["rev-parse"].into_iter().chain(names.iter().map(String::as_str)));
    ids.lines().map(|id| id.parse().unwrap()).collect()
}

/// Lines of a file at which branches may write, five apart, shuffled.
fn places(dice: &mut Dice) -> Vec<String> {
    let mut places: Vec<String> = (1..LINES / 5).map(|place| (place * 5).to_string()).collect();
    for at in (1..places.len()).rev() {
        places.swap(at, dice.below(at + 1));
    }
    places
}

fn head(time: usize) -> String {
    format!(
        "committer Bench <bench@example.org> {} +0000\ndata 1\nx\n",
        1_700_000_000 + time
    )
}

fn put(stream: &mut impl std::io::Write, path: &str, text: &str) {
    writeln!(stream, "M 644 inline {path}\ndata {}\n{text}", text.len()).unwrap();
}

fn path(file: usize) -> String {
    format!(
        "src/part{:03}/area{:02}/file{file:05}.rs",
        file / 500,
        file / 25 % 20
    )
}

/// Something like source: lines of its own, and braces and blank lines between them.
fn text(file: usize) -> Vec<String> {
    (0..LINES)
        .map(|line| {
            let mut text = String::new();
            match line % 8 {
                0 => writeln!(text, "fn item_{file}_{line}() {{"),
                6 => writeln!(text, "}}"),
                7 => writeln!(text),
                _ => writeln!(text, "    let value_{line} = compute({file}, {line});"),
            }
            .unwrap();
            text
        })
        .collect()
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }
}
