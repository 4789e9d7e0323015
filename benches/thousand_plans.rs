//! What a supervisor of 1,000 plans needs while two agents work: memory, threads, processor time when nothing happens,
//! and the time until both run. Beside it, the same with ten plans.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use support::{Options, Samples, Sandbox, Usage, entries, milliseconds, orch, run};

const AGENTS: usize = 2;

/// How long the idle supervisor is watched.
const WATCHED: Duration = Duration::from_secs(10);

/// Longest wait for agents to start, and for the supervisor to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let Some(options) = Options::read() else { return };
    let sizes = [1000, 10];
    let mut measured = sizes.map(|_| Measured::default());
    for _ in 0..options.rounds(3) {
        for (size, measured) in sizes.into_iter().zip(&mut measured) {
            measure(size, measured);
        }
    }
    println!("\na supervisor whose {AGENTS} agents sleep: median (min–max)");
    for (size, measured) in sizes.iter().zip(&measured) {
        println!("  {size} plans");
        println!("    until both agents run, ms         {}", measured.until_running);
        println!("    resident memory, MiB              {}", measured.resident);
        println!("    most resident memory ever, MiB    {}", measured.peak);
        println!("    threads                           {}", measured.threads);
        println!(
            "    processor time in {} s idle, ms   {}",
            WATCHED.as_secs(),
            measured.idle
        );
    }
}

#[derive(Debug, Default)]
struct Measured {
    until_running: Samples,
    resident: Samples,
    peak: Samples,
    threads: Samples,
    idle: Samples,
}

fn measure(plans: usize, measured: &mut Measured) {
    let sandbox = Sandbox::with_files(20, 1000);
    let marks = sandbox.beside("marks");
    fs::create_dir(&marks).unwrap();
    let script = format!("touch '{}/'$ORCH_PLAN; exec sleep 600", marks.display());
    let script = serde_json::to_string(&script).unwrap();
    let mut manifest = format!(
        "schema = 1\n[run]\nmax_agents = {AGENTS}\n[agents.sleeper]\ncommand = [\"sh\", \"-c\", {script}]\n"
    );
    for n in 0..plans {
        sandbox.write(
            &format!("plans/p{n:04}.md"),
            &format!("# Plan {n}\n\n## Phase 1: Do\n\n- [ ] 1.1 One\n- [ ] 1.2 Two\n\n## Phase 2: End\n\n- [ ] 2.1 Three\n"),
        );
        writeln!(manifest, "[plans.p{n:04}]\nfile = \"plans/p{n:04}.md\"").unwrap();
    }
    sandbox.write("plans.toml", &manifest);

    let start = Instant::now();
    let mut command = orch(&sandbox.repo());
    command.arg("up").stdout(Stdio::null()).stderr(Stdio::null());
    let mut supervisor = Supervisor(command.spawn().unwrap(), &sandbox);
    let running = || fs::read_dir(&marks).unwrap().count() >= AGENTS;
    if !until(Duration::from_millis(1), running) {
        println!("the agents of {plans} plans did not start: left out");
        return;
    }
    measured.until_running.push(milliseconds(start.elapsed()));
    // Worktrees are still made ahead for a moment; then nothing is written any more.
    let mut seen = 0;
    until(Duration::from_secs(1), || {
        let now = entries(&sandbox.repo()).len();
        let rests = now == seen;
        seen = now;
        rests
    });
    let pid = supervisor.0.id();
    let before = Usage::of(pid).unwrap();
    std::thread::sleep(WATCHED);
    let after = Usage::of(pid).unwrap();
    let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
    measured.resident.push(mebibytes(after.resident));
    measured.peak.push(mebibytes(after.peak));
    measured.threads.push(after.threads as f64);
    measured
        .idle
        .push(milliseconds(after.processor.saturating_sub(before.processor)));
    supervisor.stop();
}

/// Looks again and again whether something is so; false when it never was.
fn until(pause: Duration, mut so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if so() {
            return true;
        }
        std::thread::sleep(pause);
    }
    false
}

/// A supervisor that does not outlive the measurement, nor do its agents.
struct Supervisor<'s>(Child, &'s Sandbox);

impl Supervisor<'_> {
    fn stop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            run(orch(&self.1.repo()).args(["down", "--now"]));
        }
        let _ = self.0.wait();
    }
}

impl Drop for Supervisor<'_> {
    fn drop(&mut self) {
        self.stop();
    }
}
