//! How soon a waiting plan starts: from the rename of the status file that finishes `auth.phase2` to the first
//! instruction of billing's agent, without and with people who watch, and beside a bare watch on the same file that starts the same program.
//!
//! The agents are this program itself, started with `__agent`.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use notify::{RecursiveMode, Watcher};
use support::{Entry, Options, Samples, Sandbox, Viewers, entries, orch, run, self_program};

/// Event streams and pages that are open in the turns with viewers.
const STREAMS: usize = 200;
const PAGES: usize = 2;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [agent, plan, marks] = arguments.as_slice()
        && agent == "__agent"
    {
        // The very first thing: when this process got to work.
        let now = nanoseconds();
        return play(plan, Path::new(marks), now);
    }
    let Some(options) = Options::read() else { return };
    let (mut ours, mut watched, mut bare) = (Samples::default(), Samples::default(), Samples::default());
    let mut steps: BTreeMap<&'static str, Samples> = BTreeMap::new();
    for _ in 0..options.rounds(60) {
        ours.push(gate(&mut steps, false));
        watched.push(gate(&mut BTreeMap::new(), true));
        bare.push(watch_and_spawn());
    }
    println!("\nfrom the rename that finishes auth.phase2 to the start of billing's agent (ms)");
    row("orch", &ours);
    row("orch, with viewers", &watched);
    row("bare watch and spawn", &bare);
    println!("  orch / bare, medians: {:.2}", ours.median() / bare.median());
    println!(
        "  with {STREAMS} event streams and {PAGES} pages / without: median {:.2}, p99 {:.2}",
        watched.median() / ours.median(),
        watched.quantile(0.99) / ours.quantile(0.99)
    );
    println!("\nwhere it goes, by the journal (ms; it keeps whole ones)");
    for (step, samples) in &steps {
        println!(
            "  {step:<44} mean {:5.2}   max {:3.0}",
            samples.mean(),
            samples.max()
        );
    }
}

fn row(name: &str, samples: &Samples) {
    println!(
        "  {name:<22} median {:7.2}   p90 {:7.2}   p99 {:7.2}   {:.2}–{:.2}   {} samples",
        samples.median(),
        samples.quantile(0.9),
        samples.quantile(0.99),
        samples.min(),
        samples.max(),
        samples.len()
    );
}

/// One run of two plans; the latency in milliseconds.
fn gate(steps: &mut BTreeMap<&'static str, Samples>, watched: bool) -> f64 {
    let sandbox = Sandbox::with_files(20, 1000);
    let marks = sandbox.beside("marks");
    fs::create_dir(&marks).unwrap();
    let document = |title: &str| {
        format!(
            "# {title}\n\n## Phase 1: Begin\n\n- [ ] 1.1 One\n\n## Phase 2: Go on\n\n- [ ] 2.1 Two\n\n## Phase 3: End\n\n- [ ] 3.1 Three\n"
        )
    };
    sandbox.write("plans/auth.md", &document("Auth"));
    sandbox.write("plans/billing.md", &document("Billing"));
    let program = serde_json::to_string(self_program().to_str().unwrap()).unwrap();
    let folder = serde_json::to_string(marks.to_str().unwrap()).unwrap();
    sandbox.write(
        "plans.toml",
        &format!(
            "schema = 1\n[run]\nmax_agents = 2\nretries = 0\n[agents.fake]\n\
             command = [{program}, \"__agent\", \"{{plan}}\", {folder}]\n\
             [plans.auth]\nfile = \"plans/auth.md\"\n\
             [plans.billing]\nfile = \"plans/billing.md\"\ndepends = [\"auth.phase2\"]\nallow_empty = true\n"
        ),
    );
    let viewers = watched.then(|| Viewers::of(&sandbox.repo(), STREAMS, PAGES));
    run(orch(&sandbox.repo()).arg("up"));
    drop(viewers);
    take_steps(&entries(&sandbox.repo()), &marks, steps);
    latency(&marks)
}

/// The floor: the kernel's word about the rename, and the start of a process.
fn watch_and_spawn() -> f64 {
    let marks = tempfile::tempdir().unwrap();
    let (sender, hints) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let _ = sender.send(event);
    })
    .unwrap();
    let status = marks.path().join("status.json");
    watcher.watch(marks.path(), RecursiveMode::NonRecursive).unwrap();
    let (file, folder) = (status.clone(), marks.path().to_owned());
    let writer = std::thread::spawn(move || replace_status(&file, &folder, &["1.1", "2.1"]));
    loop {
        let event = hints.recv_timeout(PATIENCE).unwrap().unwrap();
        if event.paths.contains(&status) {
            break;
        }
    }
    run(Command::new(self_program())
        .args(["__agent", "stranger"])
        .arg(marks.path()));
    writer.join().unwrap();
    latency(marks.path())
}

fn latency(marks: &Path) -> f64 {
    (moment(marks, "started") - moment(marks, "renamed")) / 1e6
}

/// A moment of the wall clock that was noted, in nanoseconds.
fn moment(marks: &Path, name: &str) -> f64 {
    fs::read_to_string(marks.join(name)).unwrap().parse().unwrap()
}

/// What the agents do.
fn play(plan: &str, marks: &Path, started: u64) {
    match plan {
        "auth" => {
            let worktree = PathBuf::from(std::env::var_os("ORCH_WORKTREE").unwrap());
            let status = PathBuf::from(std::env::var_os("ORCH_STATUS_FILE").unwrap());
            fs::write(worktree.join("sign-in.txt"), "done\n").unwrap();
            for args in [
                ["add", "sign-in.txt"].as_slice(),
                &["commit", "--quiet", "-m", "Sign in"],
            ] {
                run(Command::new("git").arg("-C").arg(&worktree).args(args));
            }
            // The waiting plan's worktree is to be there, and nothing else under way.
            let billing = worktree.parent().unwrap().join("billing/.orch/status.json");
            wait_for(&billing);
            std::thread::sleep(Duration::from_millis(50));
            replace_status(&status, marks, &["1.1", "2.1"]);
            wait_for(&marks.join("started"));
            replace_status(&status, &worktree.join(".orch"), &["1.1", "2.1", "3.1"]);
        }
        _ => {
            fs::write(marks.join("started.new"), started.to_string()).unwrap();
            fs::rename(marks.join("started.new"), marks.join("started")).unwrap();
            if let Some(status) = std::env::var_os("ORCH_STATUS_FILE").map(PathBuf::from) {
                let folder = status.parent().unwrap().to_owned();
                replace_status(&status, &folder, &["1.1", "2.1", "3.1"]);
            }
        }
    }
}

/// Replaces a status file in one step and notes in `marks` when that was.
fn replace_status(file: &Path, marks: &Path, done: &[&str]) {
    let tasks: BTreeMap<&str, serde_json::Value> = done
        .iter()
        .map(|id| (*id, serde_json::json!({"state": "done"})))
        .collect();
    let plan = std::env::var("ORCH_PLAN").unwrap_or_else(|_| "auth".to_owned());
    let text = serde_json::json!({"schema": 1, "plan": plan, "version": done.len(), "tasks": tasks});
    let new = file.with_extension("json.mine");
    fs::write(&new, text.to_string()).unwrap();
    let now = nanoseconds();
    fs::rename(&new, file).unwrap();
    fs::write(marks.join("renamed"), now.to_string()).unwrap();
}

fn wait_for(path: &Path) {
    let deadline = Instant::now() + PATIENCE;
    while !path.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn nanoseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

/// The steps between the report and the start.
fn take_steps(entries: &[Entry], marks: &Path, steps: &mut BTreeMap<&'static str, Samples>) {
    let at = |event: &str, plan: &str| {
        let mut found = entries
            .iter()
            .filter(|entry| entry.event == event && entry.plan == plan);
        found.next().map(|entry| entry.at)
    };
    let reported = entries
        .iter()
        .filter(|entry| entry.event == "phase.done" && entry.plan == "auth")
        .nth(1)
        .map(|entry| entry.at);
    let pinned = at("plan.pinned", "auth");
    let assigned = at("attempt.assigned", "billing");
    let started = at("agent.started", "billing");
    let mark = |name: &str| Some(moment(marks, name) / 1e6);
    for (step, from, to) in [
        ("0 rename → phase.done", mark("renamed"), reported),
        ("1 phase.done → plan.pinned", reported, pinned),
        ("2 plan.pinned → billing attempt.assigned", pinned, assigned),
        ("3 attempt.assigned → agent.started", assigned, started),
        (
            "4 agent.started → its first instruction",
            started,
            mark("started"),
        ),
    ] {
        if let (Some(from), Some(to)) = (from, to) {
            steps.entry(step).or_default().push(to - from);
        }
    }
}
