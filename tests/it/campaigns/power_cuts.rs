//! Everything of a run killed at once at random instants, again and again; and a disk that is full at random instants. The run is
//! continued with, and ends as the undisturbed one does.
//!
//! `ORCH_CUTS` sets how many times all is killed, `ORCH_CUTS_SEED` replays the draws; `ORCH_FULL` how many times the disk fills
//! up, `ORCH_FULL_SEED` replays those.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::disturbed::{Outcome, check, go_on, wide_world};
use crate::support::{Dice, Running, Sandbox, Scratch, SmallDisk, campaign, kill};

/// How often everything is killed where nothing else is asked for.
const CUTS: usize = 24;

/// How often the disk fills up where nothing else is asked for.
const FILLS: usize = 4;

/// How often in one run, before it is left in peace.
const IN_ONE_RUN: usize = 8;

/// Most fault points between one time and the next.
const STRIDE: usize = 120;

/// Microseconds that are drawn on top, so that instants within a git are met too.
const JITTER: usize = 4000;

/// Bytes of a line in the file of fault points.
const LINE: usize = 64;

/// As many retries as a worker that is killed all the time may need.
const SETTINGS: &str = "max_agents = 3\nretries = 1000";

/// How often a person may have to say in one run that it continues.
const MOST_RETRIES: usize = 10;

/// How long a full disk is left full when the run does not end on its own.
const FULL_FOR: Duration = Duration::from_secs(3);

fn start(sandbox: &Sandbox, points: &str) -> Running {
    let mut command = sandbox.command(["up", "--merge"]);
    command.env("FAULT_POINTS", format!("{points}:0"));
    Running::spawn(command)
}

/// Waits for a random instant of a run; false when the run was over before.
fn instant(up: &mut Running, points: &str, dice: &mut Dice) -> bool {
    let passed = || fs::metadata(points).map_or(0, |file| file.len() as usize / LINE);
    let due = passed() + 1 + dice.below(STRIDE);
    while up.is_alive() && passed() < due {
        std::thread::sleep(Duration::from_micros(200));
    }
    std::thread::sleep(Duration::from_micros(dice.below(JITTER) as u64));
    up.is_alive()
}

/// Kills all that was started in a sandbox, in one instant as far as processes can see: nobody runs between the first death and the
/// last.
fn kill_all(sandbox: &Sandbox) {
    let mut frozen = Vec::new();
    loop {
        let found = sandbox.processes().into_iter().map(|(pid, _)| pid);
        let fresh: Vec<i32> = found.filter(|pid| !frozen.contains(pid)).collect();
        if fresh.is_empty() {
            break;
        }
        fresh.iter().for_each(|pid| kill(*pid, Signal::STOP));
        frozen.extend(fresh);
    }
    frozen.iter().for_each(|pid| kill(*pid, Signal::KILL));
    sandbox.nothing_is_left();
}

/// Runs rounds, two at a time where one may not be enough, until so much was done; each failure is told, and none hides those behind it.
fn rounds(wanted: usize, seed: u64, round: impl Fn(u64) -> usize + Sync + std::panic::RefUnwindSafe) {
    let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..wanted.div_ceil(IN_ONE_RUN).min(2) {
            scope.spawn(|| {
                while done.load(Ordering::Relaxed) < wanted {
                    let one = seed.wrapping_add(next.fetch_add(1, Ordering::Relaxed) as u64);
                    match std::panic::catch_unwind(|| round(one)) {
                        Ok(count) => done.fetch_add(count.max(1), Ordering::Relaxed),
                        Err(_) => {
                            failed.lock().unwrap().push(one);
                            done.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!("{} times in {} runs", done.into_inner(), next.into_inner());
    assert!(failed.is_empty(), "failed with the seeds {failed:?}");
}

fn undisturbed() -> Outcome {
    let sandbox = wide_world(Sandbox::new(), SETTINGS);
    sandbox.orch("up --merge").code(0).ok();
    check(&sandbox, "undisturbed");
    Outcome::of(&sandbox)
}

fn cut(seed: u64, undisturbed: &Outcome) -> usize {
    let mut dice = Dice::new(seed);
    let sandbox = wide_world(Sandbox::new(), SETTINGS);
    let (points, what) = (sandbox.beside("points"), format!("seed {seed}"));
    let points = points.to_string_lossy();
    let mut cuts = 0;
    while cuts < IN_ONE_RUN {
        let mut up = start(&sandbox, &points);
        if !instant(&mut up, &points, &mut dice) {
            up.end().ok();
            break;
        }
        kill_all(&sandbox);
        up.end().ok();
        cuts += 1;
    }
    let _ = fs::remove_file(sandbox.join(".git/packed-refs.lock"));
    let said = go_on(&sandbox, &what, MOST_RETRIES);
    check(&sandbox, &what);
    assert_eq!(&Outcome::of(&sandbox), undisturbed, "{what}: {said:?}");
    cuts
}

#[test]
fn power_cuts_at_any_instant_end_as_the_undisturbed_run() {
    let seed = Dice::seed("ORCH_CUTS_SEED");
    println!("power cuts: seed {seed}; replay with ORCH_CUTS=1 ORCH_CUTS_SEED={seed}");
    let undisturbed = undisturbed();
    rounds(campaign("ORCH_CUTS", CUTS), seed, |one| cut(one, &undisturbed));
}

/// One run on a disk of its own that fills up at random instants. None where no disk may be mounted.
fn filled(seed: u64, undisturbed: &Outcome) -> Option<usize> {
    let mut dice = Dice::new(seed);
    let root = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(root.path())?;
    let sandbox = wide_world(Sandbox::around(Scratch::within(root)), SETTINGS);
    let elsewhere = tempfile::tempdir().unwrap();
    let (points, what) = (elsewhere.path().join("points"), format!("seed {seed}"));
    let points = points.to_string_lossy();
    let mut fills = 0;
    while fills < IN_ONE_RUN {
        let mut up = start(&sandbox, &points);
        if !instant(&mut up, &points, &mut dice) {
            up.end().ok();
            break;
        }
        disk.fill();
        fills += 1;
        let until = Instant::now() + FULL_FOR;
        while up.is_alive() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        disk.free();
        if up.is_alive() {
            up.signal(Signal::INT);
        }
        up.end().ok();
    }
    let said = go_on(&sandbox, &what, MOST_RETRIES);
    check(&sandbox, &what);
    assert_eq!(&Outcome::of(&sandbox), undisturbed, "{what}: {said:?}");
    Some(fills)
}

#[test]
fn a_disk_that_fills_up_at_any_instant_ends_as_the_undisturbed_run() {
    let seed = Dice::seed("ORCH_FULL_SEED");
    println!("full disks: seed {seed}; replay with ORCH_FULL=1 ORCH_FULL_SEED={seed}");
    let undisturbed = undisturbed();
    rounds(campaign("ORCH_FULL", FILLS), seed, |one| {
        filled(one, &undisturbed).unwrap_or_else(|| {
            println!("skipped: no file system may be mounted here");
            FILLS
        })
    });
}
