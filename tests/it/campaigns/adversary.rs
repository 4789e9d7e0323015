//! Somebody else at work in the same repository, with bad manners: branches and the target are moved, files of worktrees
//! edited and deleted, status files and orch's own folders filled with garbage, the disk filled, the clock put forward and
//! back, while plans run and land. No commit is lost, and the target is moved to nothing unverified.
//!
//! `ORCH_ADVERSARY` sets how many runs are disturbed, `ORCH_ADVERSARY_SEED` replays the draws of an earlier time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::{
    Dice, FalseClock, Running, Said, Sandbox, Scratch, SmallDisk, Tree, campaign, document,
};

/// How many runs are disturbed where nothing else is asked for.
const RUNS: usize = 8;

/// Plans of a run.
const PLANS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Answers that a person may get, whatever the repository is like. One of 70 or 101 is a fault of the program's.
const ANSWERS: [i32; 4] = [0, 1, 2, 3];

/// An agent writes down each commit that it makes.
const AGENT: &str = r#"
for id in "$@" 1.1 1.2 2.1; do
    file="$ORCH_PLAN-$id.txt"
    test -e "$file" || { echo "$file" > "$file"; git add -A -- "$file"; git commit -q -m "$file"; }
    git rev-parse HEAD >> "$MARKS/commits"
    orch task done -q "$id" || true
done
"#;

/// A repository, where it may be on a disk of its own.
fn world() -> (Sandbox, Option<SmallDisk>) {
    let root = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(root.path());
    let sandbox = Sandbox::around(Scratch::within(root));
    sandbox.settings("max_agents = 3\nretries = 2\nbackoff = \"1ms\"\ntarget = \"main\"");
    for plan in PLANS {
        let keys = match plan {
            "c" => "depends = [\"a.1\"]",
            "d" => "dispatch = \"task\"",
            "e" => "depends = [\"b\"]\nverify = \"true\"",
            _ => "",
        };
        let script = if plan == "d" {
            AGENT.replace("\"$@\" 1.1 1.2 2.1", "$ORCH_TASK")
        } else {
            AGENT.to_owned()
        };
        sandbox.plan(plan, keys, &document(&[2, 1]), &script);
    }
    sandbox.tables("[merge]\nverify = \"git rev-parse HEAD^{tree} >> $MARKS/verified\"");
    (sandbox, disk)
}

/// Who disturbs a run.
struct Adversary<'a> {
    sandbox: &'a Sandbox,
    disk: Option<&'a SmallDisk>,
    clock: Option<&'a FalseClock>,
    dice: Dice,
    /// What it did, and how often it came to it.
    did: BTreeMap<&'static str, usize>,
    /// Commits of its own, with the branch that each was made on.
    commits: BTreeMap<String, String>,
}

impl Adversary<'_> {
    fn worktree(&mut self) -> Option<Tree> {
        let name = self.sandbox.path().file_name()?.to_string_lossy().into_owned();
        let all = fs::read_dir(self.sandbox.beside(format!("{name}.worktrees"))).ok()?;
        let mut all: Vec<PathBuf> = all.flatten().map(|entry| entry.path()).collect();
        // Where candidates are verified nobody keeps work: a commit made there is left behind.
        all.retain(|path| !path.to_string_lossy().contains("/train@"));
        all.sort();
        (!all.is_empty()).then(|| Tree::at(self.dice.pick(&all)))
    }

    /// Runs git, which may refuse: somebody else holds a lock, or a folder is not there yet.
    fn git(&self, at: &Tree, line: &str) -> Option<String> {
        if !at.path().is_dir() {
            return None;
        }
        let output = at.try_git(line.split(' '));
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(said)
    }

    /// A commit is written down when it stood on the branch.
    fn commit(&mut self, at: &Tree) -> Option<()> {
        let file = format!("theirs-{}", self.dice.below(1_000_000));
        fs::write(at.join(&file), "theirs\n").ok()?;
        self.git(at, &format!("add -- {file}"))?;
        // `[BRANCH ID] MESSAGE`, or `[detached HEAD ID] MESSAGE`
        let said = self.git(at, &format!("commit -m {file}"))?;
        let (place, _) = said.strip_prefix('[')?.split_once(']')?;
        let (branch, id) = place.rsplit_once(' ')?;
        let made = self.git(at, &format!("rev-parse --verify -q {id}"))?;
        self.commits
            .insert(made, format!("{branch} in {}", at.path().display()));
        Some(())
    }

    /// Moves a branch back by a commit. What would be on no branch by its doing alone, it keeps.
    fn move_back(&mut self, branch: &str) -> Option<()> {
        let main = Tree::at(self.sandbox.path());
        let old = self.git(&main, &format!("rev-parse --verify -q refs/heads/{branch}"))?;
        let new = self.git(&main, &format!("rev-parse --verify -q {old}^"))?;
        let kept = format!("refs/heads/kept-{}", self.dice.below(1_000_000));
        self.git(&main, &format!("update-ref {kept} {old}"))?;
        self.git(&main, &format!("update-ref refs/heads/{branch} {new} {old}"))
            .map(drop)
    }

    fn act(&mut self) {
        let main = Tree::at(self.sandbox.path());
        let (what, done) = match self.dice.below(12) {
            0 => ("commit to the target", self.commit(&main)),
            1 => ("move the target back", self.move_back("main")),
            2 => {
                let plan = *self.dice.pick(&PLANS);
                (
                    "move a plan's branch back",
                    self.move_back(&format!("orch/{plan}")),
                )
            }
            3 => {
                let tree = self.worktree();
                ("commit in a worktree", tree.and_then(|tree| self.commit(&tree)))
            }
            4 => ("edit files", self.worktree().and_then(|tree| self.edit(&tree))),
            5 => (
                "delete a file",
                self.worktree().and_then(|tree| self.delete(&tree)),
            ),
            6 => (
                "spoil a status file",
                self.worktree().and_then(|tree| self.spoil(&tree)),
            ),
            7 => {
                let folder = self.sandbox.join(".git/orch");
                let file = folder.join(format!("garbage-{}.json", self.dice.below(9)));
                ("litter orch's folder", fs::write(file, "{]").ok())
            }
            8 => ("fill the disk", self.disk.map(SmallDisk::fill)),
            9 => ("make room on the disk", self.disk.map(SmallDisk::free)),
            10 => {
                // Up to half a year back or forth.
                let days = self.dice.below(360) as i64 - 180;
                let put = self.clock.and_then(|clock| clock.put(days * 86_400).ok());
                ("put the clock forward or back", put)
            }
            _ => {
                let reset = self.git(&main, "reset -q --hard");
                ("reset the main checkout", reset.map(drop))
            }
        };
        if done.is_some() {
            *self.did.entry(what).or_default() += 1;
        }
    }

    fn edit(&mut self, at: &Tree) -> Option<()> {
        fs::write(at.join("untracked"), format!("{}\n", self.dice.roll())).ok()?;
        let mut readme = File::options().append(true).open(at.join("README.md")).ok()?;
        readme.write_all(b"edited\n").ok()
    }

    fn delete(&mut self, at: &Tree) -> Option<()> {
        let files = fs::read_dir(at.path()).ok()?.flatten().map(|entry| entry.path());
        // Without `.git` there is no worktree to speak of.
        let mut files: Vec<PathBuf> = files
            .filter(|path| path.is_file() && !path.ends_with(".git"))
            .collect();
        files.sort();
        (!files.is_empty()).then(|| fs::remove_file(self.dice.pick(&files)).ok())?
    }

    fn spoil(&mut self, at: &Tree) -> Option<()> {
        let name = *self
            .dice
            .pick(&["status.json", "plan.md", "inbox.json", "status.json.tmp", "x"]);
        let garbage: &[u8] = match self.dice.below(4) {
            0 => b"",
            1 => b"{\"tasks\": [",
            2 => &[0xff; 4096],
            _ => b"{\"schema\":1,\"plan\":\"z\",\"version\":-1,\"tasks\":{\"1.1\":{\"state\":\"done\"}}}",
        };
        fs::write(at.join(".orch").join(name), garbage).ok()
    }
}

/// An answer within the contract, by a program that did not break down.
#[track_caller]
fn orderly(said: &Said, seed: u64) {
    assert!(
        ANSWERS.contains(&said.code) && !said.err.contains("panicked"),
        "seed {seed}: {said:?}"
    );
}

/// What a run showed.
#[derive(Debug, Default)]
struct Tally {
    did: BTreeMap<&'static str, usize>,
    commits: usize,
    landed: usize,
    codes: BTreeMap<i32, usize>,
}

fn lines(sandbox: &Sandbox, mark: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(sandbox.mark(mark)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn disturb(seed: u64) -> Tally {
    let (sandbox, disk) = world();
    // Not on the disk that may be full.
    let beside = tempfile::tempdir().unwrap();
    let clock = FalseClock::new(beside.path());
    let mut adversary = Adversary {
        sandbox: &sandbox,
        disk: disk.as_ref(),
        clock: clock.as_ref(),
        dice: Dice::new(seed),
        did: BTreeMap::new(),
        commits: BTreeMap::new(),
    };
    let mut tally = Tally::default();
    let mut command = sandbox.command(["up", "--merge"]);
    if let Some(clock) = &clock {
        clock.rule(&mut command);
    }
    let mut up = Running::spawn(command);
    while up.is_alive() {
        adversary.act();
        std::thread::sleep(Duration::from_millis(adversary.dice.roll() % 40));
    }
    let said = up.end();
    orderly(&said, seed);
    *tally.codes.entry(said.code).or_default() += 1;
    if let Some(disk) = &disk {
        disk.free();
    }
    sandbox.nothing_is_left();
    // Once more, in peace.
    let said = sandbox.orch("up --merge");
    orderly(&said, seed);
    *tally.codes.entry(said.code).or_default() += 1;
    orderly(&sandbox.orch("status --json"), seed);
    let cleaned = sandbox.orch("clean");
    orderly(&cleaned, seed);
    sandbox.nothing_is_left();

    let made: BTreeSet<String> = lines(&sandbox, "commits")
        .into_iter()
        .chain(adversary.commits.keys().cloned())
        .collect();
    // What a worktree is on is kept by git, and by whoever removes the worktree.
    let worktrees = sandbox.git("worktree list --porcelain");
    let heads = worktrees.lines().filter_map(|line| line.strip_prefix("HEAD "));
    let reachable = sandbox.git_args(["rev-list", "--all"].into_iter().chain(heads));
    let reachable: BTreeSet<String> = reachable.lines().map(str::to_owned).collect();
    let lost: Vec<&String> = made.difference(&reachable).collect();
    assert!(
        lost.is_empty(),
        "seed {seed}: lost {lost:?}\n{:?}\n{:?}\n{cleaned:?}\n{}\n{}",
        adversary.did,
        adversary.commits,
        sandbox.git("reflog show --all"),
        said.err
    );
    let verified = lines(&sandbox, "verified");
    let moves = sandbox.git_args(["reflog", "show", "--format=%T %gs", "refs/heads/main"]);
    for (tree, by) in moves.lines().filter_map(|line| line.split_once(' ')) {
        if by.starts_with("orch") {
            tally.landed += 1;
            assert!(verified.contains(tree), "seed {seed}: {tree} unverified: {moves}");
        }
    }
    tally.commits = made.len();
    tally.did = adversary.did;
    tally
}

#[test]
fn whoever_meddles_no_commit_is_lost_and_nothing_unverified_lands() {
    let seed = Dice::seed("ORCH_ADVERSARY_SEED");
    let runs = campaign("ORCH_ADVERSARY", RUNS);
    println!("adversary: seed {seed}; replay with ORCH_ADVERSARY_SEED={seed}");
    let mut all = Tally::default();
    let mut failed = Vec::new();
    for n in 0..runs {
        let one = seed.wrapping_add(n as u64);
        let Ok(tally) = std::panic::catch_unwind(|| disturb(one)) else {
            failed.push(one);
            continue;
        };
        for (what, times) in tally.did {
            *all.did.entry(what).or_default() += times;
        }
        for (code, times) in tally.codes {
            *all.codes.entry(code).or_default() += times;
        }
        all.commits += tally.commits;
        all.landed += tally.landed;
    }
    println!(
        "adversary: {runs} runs, {:?}; {} commits, all reachable; {} moves of the target, all verified; exit codes {:?}",
        all.did, all.commits, all.landed, all.codes
    );
    assert!(
        failed.is_empty(),
        "failed with the seeds {failed:?}: each alone with ORCH_ADVERSARY=1 ORCH_ADVERSARY_SEED=N"
    );
    assert!(all.landed > 0 && all.commits > 0, "nothing was shown");
}
