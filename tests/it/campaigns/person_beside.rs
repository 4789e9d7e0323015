//! A person at work in the main checkout beside the train: git commands at random while plans land. `ORCH_BESIDE=N` tries so many
//! runs, `ORCH_BESIDE_SEED=N` replays the draws of one.
//!
//! After each run every commit on the target's first-parent line is verified again in a clean clone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::support::{Dice, KEEPS_BOTH, Sandbox, Tree, campaign, document};

/// Runs by default.
const RUNS: usize = 4;

const PLANS: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "bad"];

/// What decides whether a tree is green; nothing that is beside it matters.
const GREEN: &str = "test ! -e bad-1.1.txt && { test ! -e c-1.1.txt || test -e a-1.1.txt; } && ! grep -rqs '^<<<<<<<' shared.txt";

/// What verifications leave behind, each time another.
const LEFT: [&str; 7] = [
    "touch cache",
    "git init -q nested; echo x > nested/x",
    "echo x >> README.md; git update-index --assume-unchanged README.md",
    "git sparse-checkout set --no-cone \"/*\" \"!/bad-1.1.txt\"",
    "rm -f a-1.1.txt; git update-index --skip-worktree a-1.1.txt 2>/dev/null",
    "echo 'exit 0' > left.sh",
    "true",
];

/// What the agent does that resolves the conflict of `a` with `b`: the first is right, and no other may land.
const RESOLVES: [&str; 4] = [
    KEEPS_BOTH,
    "git checkout -q --ours shared.txt; git add shared.txt; git commit -q --no-edit",
    "sed -i '/^<<<<<<<\\|^=======\\|^>>>>>>>/d' shared.txt; git rm -q README.md; git add shared.txt; git commit -q --no-edit",
    "head=$(git rev-parse MERGE_HEAD); git merge --abort; git merge -q -s ours --no-edit $head",
];

/// A person in the main checkout.
struct Person<'a> {
    main: Tree,
    sandbox: &'a Sandbox,
    dice: Dice,
    did: BTreeMap<&'static str, usize>,
    /// What was written last, by file.
    wrote: BTreeMap<String, String>,
    commits: Vec<String>,
    files: usize,
    /// Everything they did, in order, with where HEAD stood after it.
    log: Vec<String>,
}

impl Person<'_> {
    fn git(&mut self, line: &str) -> Option<String> {
        let output = self.main.try_git(line.split(' '));
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            self.log.push(format!("git {line}: {why} {said}"));
        }
        output.status.success().then_some(said)
    }

    fn write(&mut self) -> Option<()> {
        let again = self.dice.below(2) == 0;
        let known: Vec<String> = self.wrote.keys().cloned().collect();
        let name = match again && !known.is_empty() {
            true => self.dice.pick(&known).clone(),
            false => {
                self.files += 1;
                format!("mine-{}.txt", self.files)
            }
        };
        // One that a stash or another branch holds is not there to be changed.
        if self.wrote.contains_key(&name) && !self.main.join(&name).exists() {
            return None;
        }
        let text = format!("mine {}\n", self.dice.roll());
        fs::write(self.main.join(&name), &text).ok()?;
        self.log.push(format!("write {name}: {text:?}"));
        self.wrote.insert(name, text);
        Some(())
    }

    /// A file in which a stash is in conflict with what was written since holds something of both from then on.
    fn pop(&mut self) -> Option<()> {
        let done = self.git("stash pop -q");
        let main = &self.main;
        self.wrote.retain(|file, _| {
            fs::read_to_string(main.join(file)).is_ok_and(|found| !found.contains("<<<<<<<"))
                || !main.join(file).exists()
        });
        done.map(drop)
    }

    fn act(&mut self) {
        let (what, done) = match self.dice.below(10) {
            0 | 1 => ("write", self.write()),
            2 | 3 => ("status", self.git("status --porcelain").map(drop)),
            4 => ("add", self.git("add -A").map(drop)),
            5 => ("reset", self.git("reset -q").map(drop)),
            // The target is built upon ten times in a row at most.
            6 if self.commits.len() < 6 => {
                let done = self.git("commit -q -m mine");
                (
                    "commit",
                    done.and_then(|_| self.git("rev-parse HEAD"))
                        .map(|id| self.commits.push(id)),
                )
            }
            7 => ("stash", self.git("stash push -q -u").map(drop)),
            8 => ("pop", self.pop()),
            _ => {
                let to = if self.dice.below(3) == 0 { "side" } else { "main" };
                ("switch", self.git(&format!("switch -q {to}")).map(drop))
            }
        };
        let head = fs::read_to_string(self.main.join(".git/HEAD")).unwrap_or_default();
        let how = if done.is_some() { "" } else { "refused: " };
        self.log.push(format!("{how}{what} on {}", head.trim()));
        if done.is_some() {
            *self.did.entry(what).or_default() += 1;
        }
    }

    /// What they did, and what became of it.
    fn story(&self) -> String {
        let reflog = self.sandbox.git("reflog --date=iso HEAD");
        let target = self.sandbox.git("reflog --date=iso main");
        format!("{}\n{reflog}\nmain:\n{target}", self.log.join("\n"))
    }

    /// No command of theirs has taken a plan's file away, or brought one that no landing had.
    #[track_caller]
    fn commits_are_their_own(&self, seed: u64) {
        for commit in &self.commits {
            let changed = self
                .sandbox
                .git(&format!("diff-tree --no-commit-id --name-only -r {commit}"));
            let strange: Vec<&str> = changed
                .lines()
                .filter(|file| !file.starts_with("mine-"))
                .collect();
            assert!(
                strange.is_empty(),
                "seed {seed}: {commit} changes {strange:?}\n{}",
                self.story()
            );
        }
    }

    /// What was written last is in the files, in the index, or in something that a ref or a stash holds.
    #[track_caller]
    fn nothing_is_lost(&self, seed: u64) {
        let stashes = self.sandbox.git("stash list --format=%H");
        let index = self.sandbox.git("ls-files --stage");
        let all = ["rev-list", "--objects", "--all"]
            .into_iter()
            .chain(stashes.lines());
        let held = self.sandbox.git_args(all);
        for (file, text) in &self.wrote {
            let there = fs::read_to_string(self.main.join(file)).is_ok_and(|found| found == *text);
            let id = blob(text);
            assert!(
                there || held.contains(&id) || index.contains(&id),
                "seed {seed}: {file} is lost: {text}\n{}",
                self.story()
            );
        }
    }
}

fn blob(text: &str) -> String {
    git2::Oid::hash_object(git2::ObjectType::Blob, text.as_bytes())
        .unwrap()
        .to_string()
}

fn run(seed: u64) -> BTreeMap<&'static str, usize> {
    let mut dice = Dice::new(seed);
    let sandbox = Sandbox::new();
    sandbox.commit_file(".gitignore", "cache\n/plans\n/plans.toml\n");
    let left: Vec<&str> = (0..3).map(|_| *dice.pick(&LEFT)).collect();
    sandbox.settings("max_agents = 2\ntarget = \"main\"");
    let clean = if dice.below(3) == 0 {
        "ignored"
    } else {
        "untracked"
    };
    let resolves = dice.below(RESOLVES.len());
    let merge = format!(
        "on_conflict = \"agent\"\nresolver = \"fixer\"\nclean = \"{clean}\"\nverify_slots = {}\nverify = '''{GREEN}; r=$?; case $(($$ % 3)) in 0) \
         {};; 1) {};; *) {};; esac; exit $r'''",
        1 + dice.below(2),
        left[0],
        left[1],
        left[2]
    );
    sandbox.fixer(&merge, "", RESOLVES[resolves]);
    sandbox.git("branch side");
    for plan in PLANS {
        let edits = match plan {
            "a" | "b" => format!("sed -i '1a from {plan}' shared.txt; git commit -qam {plan}; "),
            _ => String::new(),
        };
        sandbox.plan(plan, "", &document(&[1]), &format!("{edits}work 1.1"));
    }
    let mut person = Person {
        main: Tree::at(sandbox.path()),
        sandbox: &sandbox,
        dice,
        did: BTreeMap::new(),
        wrote: BTreeMap::new(),
        commits: Vec::new(),
        files: 0,
        log: Vec::new(),
    };
    let began = sandbox.git("rev-parse main");
    let mut up = sandbox.start("up --merge");
    while up.is_alive() {
        person.act();
        std::thread::sleep(Duration::from_millis(person.dice.roll() % 30));
    }
    let said = up.end();
    assert!([0, 1].contains(&said.code), "seed {seed}: {said:?}");
    person.commits_are_their_own(seed);
    person.nothing_is_lost(seed);
    // In peace, what is left lands, and the checkout shows the target and what is theirs.
    person.git("switch -q main");
    let _ = sandbox.orch("up --merge");
    person.nothing_is_lost(seed);
    if person.git("symbolic-ref --short HEAD").as_deref() == Some("main") {
        for line in ["diff --name-only HEAD", "diff --cached --name-only HEAD"] {
            let changed = sandbox.git(line);
            let strange: Vec<&str> = changed
                .lines()
                .filter(|file| !file.starts_with("mine-"))
                .collect();
            assert!(
                strange.is_empty(),
                "seed {seed}: {line}: {strange:?}\n{:?}\n{}",
                person.did,
                said.err
            );
        }
    }
    told_truly(&person, seed);
    let both = ["a", "b"].iter().all(|plan| sandbox.state(plan) == "landed");
    assert!(
        resolves == 0 || !both,
        "seed {seed}: {} has landed",
        RESOLVES[resolves]
    );
    assert!(
        !sandbox.git("ls-tree --name-only main README.md").is_empty(),
        "seed {seed}"
    );
    all_green(&sandbox, &began, seed);
    let mut did = person.did.clone();
    did.insert("landings", sandbox.count("merge.landed", None));
    did
}

/// What is said to have landed is on the target, and nothing else is.
#[track_caller]
fn told_truly(person: &Person<'_>, seed: u64) {
    let sandbox = person.sandbox;
    let history: BTreeSet<String> = sandbox.git("rev-list main").lines().map(str::to_owned).collect();
    for event in sandbox
        .events()
        .iter()
        .filter(|event| event["event"] == "merge.landed")
    {
        let commit = event["data"]["commit"].as_str().unwrap();
        assert!(history.contains(commit), "seed {seed}: {event}");
    }
    let files = sandbox.git("ls-tree --name-only main");
    for plan in PLANS {
        let there = files.lines().any(|file| file == format!("{plan}-1.1.txt"));
        let landed = sandbox.state(plan) == "landed";
        assert_eq!(there, landed, "seed {seed}: {plan}: {}", sandbox.why(plan));
    }
    assert_ne!(sandbox.state("bad"), "landed", "seed {seed}");
    let landed = PLANS
        .iter()
        .filter(|plan| sandbox.state(plan) == "landed")
        .count();
    assert!(
        landed >= 3,
        "seed {seed}: only {landed} have landed: {}\n{}\n{}",
        sandbox.orch("status").out,
        sandbox.git("status --porcelain"),
        person.story()
    );
}

/// Every commit on the target's first-parent line is green in a clean clone.
#[track_caller]
fn all_green(sandbox: &Sandbox, began: &str, seed: u64) {
    let clone = sandbox.beside("clone");
    sandbox.git_args(["clone", "-q", "--no-checkout", ".", clone.to_str().unwrap()]);
    let line = sandbox.git(&format!("rev-list --first-parent {began}..main"));
    for commit in line.lines() {
        let clone = Tree::at(&clone);
        clone.git(&format!("checkout -q --detach {commit}"));
        clone.git("clean -ffdxq");
        let status = Command::new("sh")
            .args(["-c", GREEN])
            .current_dir(clone.path())
            .status()
            .unwrap();
        assert!(status.success(), "seed {seed}: {commit} is red");
    }
    fs::remove_dir_all(clone).unwrap();
}

#[test]
fn a_person_at_work_beside_the_train_loses_nothing_and_is_told_the_truth() {
    let seed = Dice::seed("ORCH_BESIDE_SEED");
    let runs = campaign("ORCH_BESIDE", RUNS);
    println!("beside: seed {seed}; replay with ORCH_BESIDE_SEED={seed}");
    let (mut all, mut failed): (BTreeMap<&str, usize>, Vec<u64>) = (BTreeMap::new(), Vec::new());
    for n in 0..runs {
        let one = seed.wrapping_add(n as u64);
        match std::panic::catch_unwind(|| run(one)) {
            Ok(did) => did
                .into_iter()
                .for_each(|(what, times)| *all.entry(what).or_default() += times),
            Err(_) => failed.push(one),
        }
    }
    println!("beside: {runs} runs, {} failed: {all:?}", failed.len());
    assert!(
        failed.is_empty(),
        "failed with the seeds {failed:?}: each alone with ORCH_BESIDE=1 ORCH_BESIDE_SEED=N"
    );
}
