//! Killed at random: any process of a run dies at any instant, again and again, and the run ends as the undisturbed one.
//!
//! `ORCH_KILLS` sets how many are killed in all, `ORCH_KILLS_SEED` replays the draws of an earlier time (what is alive at
//! the instant drawn may still differ).

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::disturbed::{Outcome, check, world};
use crate::support::{Dice, Running, Sandbox, campaign, kill};

/// How many are killed where nothing else is asked for.
const KILLS: usize = 60;

/// As many retries as a worker that is killed all the time may need.
const SETTINGS: &str = "max_agents = 2\nretries = 1000";

/// Most fault points between one kill and the next. A run passes several times as many.
const STRIDE: usize = 80;

/// Bytes of a line in the file of fault points.
const LINE: usize = 64;

/// How many are killed in one run before it is left in peace: nobody gets anywhere who always dies.
const IN_ONE_RUN: usize = 10;

/// How often a person may have to say in one run that it continues.
const MOST_RETRIES: usize = 10;

/// Lives of one run before it counts as one that gets nowhere.
const LIVES: usize = 50;

fn start(sandbox: &Sandbox) -> Running {
    let mut command = sandbox.command(["up", "--merge"]);
    command.env(
        "FAULT_POINTS",
        format!("{}:0", sandbox.beside("points").display()),
    );
    Running::spawn(command)
}

fn passed(sandbox: &Sandbox) -> usize {
    let file = fs::metadata(sandbox.beside("points"));
    file.map_or(0, |file| file.len() as usize / LINE)
}

/// Every living process of the run, by what it is. The kinds are drawn first, so that the many do not hide the few.
fn living(sandbox: &Sandbox) -> BTreeMap<&'static str, Vec<i32>> {
    let mut found: BTreeMap<_, Vec<i32>> = BTreeMap::new();
    let processes = sandbox.processes();
    let drives = |line: &str| line.contains("orch up --merge");
    for (pid, line) in &processes {
        let kind = if drives(line) {
            "supervisor"
        } else if line.contains("__runner") {
            "runner"
        } else if line.contains("/agents/") {
            "agent"
        } else if line.starts_with("git") || line.contains("/git") {
            "git"
        } else {
            "other"
        };
        found.entry(kind).or_default().push(*pid);
    }
    found
}

/// What one run saw.
#[derive(Debug, Default)]
struct Tally {
    kills: BTreeMap<&'static str, usize>,
    lives: usize,
    retried: usize,
    /// Runs that left a lock of `packed-refs`.
    packed: usize,
}

/// One run, killed until it is over.
fn run(seed: u64, undisturbed: &Outcome) -> Tally {
    let mut dice = Dice::new(seed);
    let mut tally = Tally::default();
    let sandbox = world(SETTINGS);
    let mut history = Vec::new();
    loop {
        tally.lives += 1;
        assert!(tally.lives < LIVES, "seed {seed}: no end: {history:?}");
        let mut up = start(&sandbox);
        while up.is_alive() && tally.kills.values().sum::<usize>() < IN_ONE_RUN {
            let due = passed(&sandbox) + 1 + dice.below(STRIDE);
            while up.is_alive() && passed(&sandbox) < due {
                std::thread::sleep(Duration::from_micros(300));
            }
            if !up.is_alive() {
                break;
            }
            let found = living(&sandbox);
            let kinds: Vec<&str> = found.keys().copied().collect();
            let Some(kind) = (!kinds.is_empty()).then(|| *dice.pick(&kinds)) else {
                continue;
            };
            kill(*dice.pick(&found[kind]), Signal::KILL);
            history.push(format!("{kind}@{due}"));
            *tally.kills.entry(kind).or_default() += 1;
        }
        let said = up.end();
        history.push(format!("={}", said.code));
        match said.code {
            // It is over when nobody died in it unseen: what a killed runner leaves is ended by the supervisor.
            0 => break,
            -1 => {}
            // An agent that was killed three times in the same way, or a verification: a person says continue.
            1 => {
                tally.retried += 1;
                assert!(
                    tally.retried < MOST_RETRIES,
                    "seed {seed}: held for good after {history:?}: {} {}",
                    said.out,
                    said.err
                );
                for plan in ["a", "b", "c"] {
                    if ["failed", "held"].contains(&sandbox.state(plan).as_str()) {
                        history.push(format!("retry {plan}: {}", sandbox.why(plan)));
                        history.push(format!("{:?}", sandbox.orch(&format!("retry {plan}"))));
                    }
                }
            }
            _ => panic!("seed {seed}: {said:?} after {history:?}"),
        }
    }
    let what = format!("seed {seed}, {history:?}");
    // Counted and told, not judged: nobody can tell whether its owner is gone, as docs/testing.md says.
    let packed = fs::remove_file(sandbox.join(".git/packed-refs.lock"));
    tally.packed += usize::from(packed.is_ok());
    check(&sandbox, &what);
    assert_eq!(&Outcome::of(&sandbox), undisturbed, "{what}");
    tally
}

#[test]
fn whoever_dies_whenever_the_run_ends_as_the_undisturbed_one() {
    let seed = Dice::seed("ORCH_KILLS_SEED");
    println!("random kills: seed {seed}; replay with ORCH_KILLS_SEED={seed}");
    let sandbox = world(SETTINGS);
    start(&sandbox).end().code(0).ok();
    check(&sandbox, "undisturbed");
    let undisturbed = Outcome::of(&sandbox);
    let wanted = campaign("ORCH_KILLS", KILLS);
    let (next, killed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let all = Mutex::new((Tally::default(), 0, Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while killed.load(Ordering::Relaxed) < wanted {
                    let one = seed.wrapping_add(next.fetch_add(1, Ordering::Relaxed) as u64);
                    // Each failure is told; none hides those behind it.
                    let tried = std::panic::catch_unwind(|| run(one, &undisturbed));
                    let mut all = all.lock().unwrap();
                    let Ok(tally) = tried else {
                        all.2.push(one);
                        killed.fetch_add(1, Ordering::Relaxed);
                        continue;
                    };
                    killed.fetch_add(tally.kills.values().sum(), Ordering::Relaxed);
                    for (kind, count) in tally.kills {
                        *all.0.kills.entry(kind).or_default() += count;
                    }
                    all.0.lives += tally.lives;
                    all.0.retried += tally.retried;
                    all.0.packed += tally.packed;
                    all.1 += 1;
                }
            });
        }
    });
    let (tally, runs, failed) = all.into_inner().unwrap();
    println!(
        "random kills: {} processes killed in {runs} runs of {} lives, by kind {:?}; {} times a person said go on; packed-refs.lock left {} times",
        tally.kills.values().sum::<usize>(),
        tally.lives,
        tally.kills,
        tally.retried,
        tally.packed
    );
    assert!(
        failed.is_empty(),
        "failed with the seeds {failed:?}: each alone with ORCH_KILLS=1 ORCH_KILLS_SEED=N"
    );
    assert!(tally.kills.contains_key("supervisor"), "{:?}", tally.kills);
}
