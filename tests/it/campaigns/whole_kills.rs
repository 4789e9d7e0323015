//! Everything of a run killed in the same instant, as by a power cut: supervisor, host, runners, agents and gits, at the steps of
//! every git that runs. The run is then continued with, and ends as the undisturbed one does.
//!
//! Some of the steps are tried by default; `ORCH_WHOLE=all` tries each, `ORCH_WHOLE=K` the K-th alone.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::disturbed::{Outcome, check, wide_world, world};
use crate::support::{Said, Sandbox, campaign, program};

/// How many steps are tried where nothing else is asked for.
const SPREAD: usize = 16;

/// One after the other, so that runs pass the same steps.
const SETTINGS: &str = "max_agents = 1\nretries = 3";

/// Side by side, where the order of steps does not matter.
const SIDE_BY_SIDE: &str = "max_agents = 3\nretries = 5";

/// Ends all processes of the sandbox when it is called for the time that is asked for.
///
/// Steps are counted one at a time, so that each number is had by one. All processes are stopped before the first is killed, and
/// looked for until none is new: one that is just being started shows no environment, and would live on into the next run.
const STEP: &str = r#"#!/bin/sh
test -n "${KILL_AT-}" || exit 0
{
    flock 9
    echo "$0 $*" >> "$MARKS/steps"
    step=$(wc -l < "$MARKS/steps")
} 9>> "$MARKS/steps.lock"
test "$step" = "$KILL_AT" || exit 0
look() {
    all=
    for process in /proc/[0-9]*; do
        test "$process" != "/proc/$$" && grep -qsz "^SANDBOX_TAG=$SANDBOX_TAG" "$process/environ" && all="$all ${process#/proc/}"
    done
}
look
until test "$all" = "${stopped-}"; do
    kill -STOP $all
    stopped=$all
    look
done
kill -9 $all $$
"#;

/// A run whose gits tell of their steps: of each change of a ref and of an index, and of each file that is checked out.
pub fn watched(sandbox: Sandbox) -> Sandbox {
    for hook in ["reference-transaction", "post-index-change"] {
        program(&sandbox.join(".git/hooks").join(hook), STEP);
    }
    program(
        &sandbox.beside("smudge"),
        &format!("{STEP}exec cat\n").replace("|| exit 0", "|| exec cat"),
    );
    sandbox.git_args([
        "config",
        "filter.step.smudge",
        &sandbox.beside("smudge").to_string_lossy(),
    ]);
    sandbox.write(".git/info/attributes", "*.txt filter=step\n");
    sandbox
}

/// Runs `orch up --merge`; everything dies at the step of this number, none at 0.
pub fn up(sandbox: &Sandbox, fatal: usize) -> Said {
    let _ = fs::remove_file(sandbox.mark("steps"));
    let mut command = sandbox.command(["up", "--merge"]);
    command.env("KILL_AT", fatal.to_string());
    Said::of(&mut command)
}

/// The steps of a run that was watched.
pub fn steps(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(sandbox.mark("steps")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Continues with a run in which all died at one step; false where that was not reached.
fn dies_at(k: usize, made: fn() -> Sandbox, undisturbed: &Outcome) -> bool {
    let sandbox = watched(made());
    let said = up(&sandbox, k);
    if said.code != -1 {
        return false;
    }
    let what = format!("step {k} ({})", steps(&sandbox).last().unwrap());
    let again = up(&sandbox, 0);
    assert_eq!(again.code, 0, "{what}: then {again:?}");
    check(&sandbox, &what);
    assert_eq!(&Outcome::of(&sandbox), undisturbed, "{what}: {again:?}");
    true
}

#[test]
fn all_killed_at_once_at_any_step_of_a_git_ends_as_the_undisturbed_run() {
    sweep(|| world(SETTINGS));
}

#[test]
fn all_killed_at_once_in_a_run_of_everything_ends_as_the_undisturbed_one() {
    sweep(|| wide_world(Sandbox::new(), SIDE_BY_SIDE));
}

fn sweep(made: fn() -> Sandbox) {
    let sandbox = watched(made());
    up(&sandbox, 0).code(0).ok();
    check(&sandbox, "undisturbed");
    let undisturbed = Outcome::of(&sandbox);
    let count = steps(&sandbox).len();
    assert!(count > SPREAD, "{count} steps");

    let asked = std::env::var("ORCH_WHOLE").unwrap_or_default();
    let chosen: BTreeSet<usize> = match asked.parse::<usize>() {
        Ok(one) => [one].into(),
        Err(_) if asked == "all" => (1..=count).collect(),
        Err(_) => {
            let spread = campaign("ORCH_WHOLE_STEPS", SPREAD);
            (0..spread).map(|n| 1 + n * count / spread).collect()
        }
    };
    let chosen: Vec<usize> = chosen.into_iter().collect();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(k) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Each failure is told; none hides those behind it.
                    let tried = std::panic::catch_unwind(|| dies_at(*k, made, &undisturbed));
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
        "failed at {failed:?} of {count}: each alone with ORCH_WHOLE=K"
    );
    let reached = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(true)))
        .count();
    // How many steps a run takes depends a little on who comes first.
    println!(
        "whole kills: {count} steps in a run; all died at {reached} of {} chosen",
        chosen.len()
    );
    assert!(reached * 2 >= chosen.len(), "too few steps were reached");
}
