//! Killed at every step: a run in which some process dies at its k-th fault point, and is then gone on with, ends as the
//! undisturbed run does.
//!
//! A spread of the points is tried by default; `ORCH_SWEEP=all` tries each, `ORCH_SWEEP=K` the K-th alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::{Said, Sandbox, document};

/// How many points are tried where nothing else is asked for.
const SPREAD: usize = 150;

/// Work that can be done twice with the same outcome, by an agent that notes when it is not alone in its worktree.
const AGENT: &str = r#"
exec 9>> "$MARKS/in-$(basename "$ORCH_WORKTREE")"
flock -n 9 || echo "$ORCH_ATTEMPT" >> "$MARKS/not-alone"
step() {
    for id in "$@"; do
        file="$ORCH_PLAN-$id.txt"
        echo "$ORCH_PLAN $id" > "$file"
        git add -A -- "$file"
        git diff --cached --quiet || git commit -q -m "$file"
        orch task done -q "$id"
    done
}
"#;

/// A plan in two legs that waits in the middle for another, which waits for its first leg, and one in task dispatch. All
/// start from a tag, so that what has landed meanwhile is not in them.
fn world() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("base = \"start\"\ntarget = \"main\"\nmax_agents = 1\nretries = 3\nbackoff = \"1ms\"\nparallel_tasks = 2");
    sandbox.git("tag start");
    let agent = |steps: &str| format!("{AGENT}{steps}");
    sandbox.plan(
        "a",
        "verify = \"test -e a-1.1.txt\"\n[plans.a.phases.2]\ndepends = [\"b\"]",
        &document(&[1, 1]),
        &agent("test $ORCH_PHASE = 1 || test -e b-1.1.txt; step \"$ORCH_PHASE.1\""),
    );
    sandbox.plan(
        "b",
        "depends = [\"a.1\"]",
        &document(&[1]),
        &agent("test -e a-1.1.txt; step 1.1"),
    );
    sandbox.plan(
        "c",
        "dispatch = \"task\"",
        &document(&[2]),
        &agent("step \"$ORCH_TASK\""),
    );
    sandbox.tables("[merge]\nverify = \"git rev-parse HEAD^{tree} >> $MARKS/verified\"");
    sandbox
}

/// Runs `orch up --merge` with fault points counted, and the one of this number fatal; 0 for none.
fn up(sandbox: &Sandbox, fatal: usize) -> Said {
    let points = sandbox.beside("points");
    let _ = fs::remove_file(&points);
    let mut command = sandbox.command(["up", "--merge"]);
    command.env("FAULT_POINTS", format!("{}:{fatal}", points.display()));
    Said::of(&mut command)
}

/// The points that were passed, with the process that did.
fn points(sandbox: &Sandbox) -> Vec<(String, u32)> {
    let text = fs::read_to_string(sandbox.beside("points")).unwrap();
    let line = |line: &str| {
        let (name, process) = line.trim_end().split_once(' ').unwrap();
        (name.to_owned(), process.parse().unwrap())
    };
    text.lines().map(line).collect()
}

/// Everything that has to come out the same.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// Every ref but backups, with the files that it leads to.
    refs: BTreeMap<String, String>,
    /// What was landed.
    landed: BTreeSet<String>,
    /// Every plan and task with its state.
    states: BTreeMap<String, String>,
}

impl Outcome {
    fn of(sandbox: &Sandbox) -> Self {
        let refs = sandbox.git("for-each-ref --format=%(refname)");
        let refs = refs.lines().filter(|name| !name.starts_with("refs/orch/backup/"));
        let tree = |name: &str| sandbox.git(&format!("rev-parse {name}^{{tree}}"));
        let status = sandbox.orch("status --json").code(0).json();
        let mut states = BTreeMap::new();
        let name = |value: &Value| value.as_str().unwrap().to_owned();
        for plan in status["plans"].as_array().unwrap() {
            let of = name(&plan["name"]);
            for phase in plan["phases"].as_array().unwrap() {
                for task in phase["tasks"].as_array().unwrap() {
                    states.insert(format!("{of}.{}", name(&task["id"])), name(&task["state"]));
                }
            }
            states.insert(of, name(&plan["state"]));
        }
        Self {
            refs: refs.map(|name| (name.to_owned(), tree(name))).collect(),
            landed: sandbox
                .git("log --first-parent --format=%s main")
                .lines()
                .map(str::to_owned)
                .collect(),
            states,
        }
    }
}

/// What has to hold after every run, however it came to its end.
fn check(sandbox: &Sandbox, what: &str) {
    sandbox.nothing_is_left();
    sandbox.nothing_ran_twice();
    let not_alone = fs::read_to_string(sandbox.mark("not-alone")).unwrap_or_default();
    assert_eq!(not_alone, "", "{what}: two agents in one worktree");
    let verified = fs::read_to_string(sandbox.mark("verified")).unwrap();
    let trees = sandbox.git("log --first-parent --format=%T main");
    // The first commit was there before.
    for tree in trees.lines().rev().skip(1) {
        assert!(
            verified.lines().any(|line| line == tree),
            "{what}: {tree} landed unverified"
        );
    }
    assert_eq!(locks(&sandbox.join(".git")), Vec::<String>::new(), "{what}");
    sandbox.git("fsck --strict --no-dangling");
}

/// Lock files of git that are left.
fn locks(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(locks(&path));
        } else if path.extension().is_some_and(|extension| extension == "lock") {
            found.push(path.display().to_string());
        }
    }
    found.retain(|path| !path.contains("/.git/orch/"));
    found
}

/// How a point came out: the name of the point, and whether it was the supervisor that died.
fn die_at(k: usize, undisturbed: &Outcome, starts: &BTreeSet<String>) -> Option<(String, bool)> {
    let sandbox = world();
    let said = up(&sandbox, k);
    let passed = points(&sandbox);
    // Which points a run passes depends a little on who comes first; the last ones may not be reached.
    let (name, _) = passed.get(k - 1)?.clone();
    let what = format!("point {k} ({name})");
    let supervisor_died = said.code == -1;
    // The host, a runner or a child died: the run went on. It is gone on with in any case.
    let again = up(&sandbox, 0);
    assert_eq!(again.code, 0, "{what}: first {said:?}\nthen {again:?}");
    check(&sandbox, &what);
    assert_eq!(&Outcome::of(&sandbox), undisturbed, "{what}: {said:?}\n{again:?}");
    let ran: BTreeSet<String> = sandbox.starts().into_iter().collect();
    if supervisor_died {
        assert_eq!(&ran, starts, "{what}: other attempts than without");
    }
    Some((name, supervisor_died))
}

#[test]
fn whoever_dies_at_any_step_the_run_ends_as_the_undisturbed_one() {
    let sandbox = world();
    up(&sandbox, 0).code(0).ok();
    check(&sandbox, "undisturbed");
    let undisturbed = Outcome::of(&sandbox);
    let starts: BTreeSet<String> = sandbox.starts().into_iter().collect();
    let count = points(&sandbox).len();
    assert!(count > SPREAD, "{count} points");
    assert!(
        undisturbed
            .states
            .values()
            .all(|state| state == "landed" || state == "done")
    );

    let asked = std::env::var("ORCH_SWEEP").unwrap_or_default();
    let chosen: Vec<usize> = match asked.parse::<usize>() {
        Ok(one) => vec![one],
        Err(_) if asked == "all" => (1..=count).collect(),
        Err(_) => (0..SPREAD).map(|n| 1 + n * count / SPREAD).collect(),
    };
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(k) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Each failure is told; none hides those behind it.
                    let tried = std::panic::catch_unwind(|| die_at(*k, &undisturbed, &starts));
                    outcomes.lock().unwrap().push(tried.map_err(|_| *k));
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    let failed: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err())
        .collect();
    assert!(
        failed.is_empty(),
        "failed at {failed:?}: each alone with ORCH_SWEEP=K"
    );
    let reached: Vec<_> = outcomes.iter().flatten().flatten().collect();
    let supervisors = reached.iter().filter(|(_, supervisor)| *supervisor).count();
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in &reached {
        *names.entry(name).or_default() += 1;
    }
    println!(
        "fault sweep: {count} points in a run; died at {} of {} chosen, {supervisors} times the supervisor; {names:?}",
        reached.len(),
        chosen.len()
    );
    assert!(
        reached.len() * 100 >= chosen.len() * 95,
        "too few points were reached"
    );
}
