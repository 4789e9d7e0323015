//! Killed at every step: a run in which some process dies at its k-th fault point, and is then continued with, ends as the
//! undisturbed run does.
//!
//! A spread of the points is tried by default; `ORCH_SWEEP=all` tries each, `ORCH_SWEEP=K` the K-th alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::disturbed::{Outcome, check, world};
use crate::support::{Said, Sandbox, campaign};

/// How many points are tried where nothing else is asked for.
const SPREAD: usize = 100;

/// One after the other, so that runs pass the same points.
const SETTINGS: &str = "max_agents = 1\nretries = 3";

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

/// How a point came out: the name of the point, and whether it was the supervisor that died.
fn die_at(k: usize, undisturbed: &Outcome, starts: &BTreeSet<String>) -> Option<(String, bool)> {
    let sandbox = world(SETTINGS);
    let said = up(&sandbox, k);
    let passed = points(&sandbox);
    // Which points a run passes depends a little on who comes first; the last ones may not be reached.
    let (name, _) = passed.get(k - 1)?.clone();
    let what = format!("point {k} ({name})");
    let supervisor_died = said.code == -1;
    // The host, a runner or a child died: the run continued. It is continued with in any case.
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
    let sandbox = world(SETTINGS);
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
        Err(_) => {
            let spread = campaign("ORCH_SWEEP_POINTS", SPREAD);
            (0..spread).map(|n| 1 + n * count / spread).collect()
        }
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
