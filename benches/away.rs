//! Attempts on other machines, with an engine of shell scripts that runs its jobs on this one.
//!
//! - `fifty`: how soon the lead knows what 50 agents report, and its processor time while they are away
//! - `ssh`: the same with `kind = "ssh"` and a hub by ssh, where the server refuses connections when many come at once
//! - `job`: what a job costs beside the same attempt here
//! - `clone`: the clone of 50,000 files that a node makes for each attempt

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use orch::git::hub::{Identity, Workplace};
use orch::plan::CommitId;
use support::{Options, Samples, Sandbox, Sshd, entries, milliseconds, orch, run, tree_processor_time};

/// Attempts that are away at once.
const AWAY: usize = 50;
/// What each of them reports.
const REPORTS: usize = 4;
/// The pause between two reports of one agent, in seconds.
const PAUSE: usize = 10;
/// How long the lead is watched while nothing is reported.
const WATCHED: Duration = Duration::from_secs(20);
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(400);

/// A job is a folder with its payload, its token and its process.
const ENGINE: &str = r#"#!/bin/sh
set -eu
cd "$(dirname "$0")"
call=$1; shift
case $call in
submit)
    mkdir "jobs/$2"; cp "$1" "jobs/$2/payload"
    setsid sh -c 'echo $$ > "$0/pid"; exec "$1" __node < "$0/payload" > "$0/out" 2>&1' "jobs/$2" "$(cat program)" </dev/null >/dev/null 2>&1 &
    echo "$2" ;;
list)
    echo >> lists
    for job in jobs/*; do
        test -e "$job/pid" || continue
        state=running; kill -0 "$(cat "$job/pid")" 2>/dev/null || state=over
        echo "${job#jobs/} ${job#jobs/} $state"
    done ;;
cancel) case $2 in ask) kill "$(cat "jobs/$1/pid")" ;; kill) kill -9 "$(cat "jobs/$1/pid")" ;; esac ;;
esac
"#;

fn main() {
    let Some(options) = Options::read() else { return };
    if options.wants("fifty") {
        for _ in 0..options.rounds(1) {
            let (sandbox, executor) = site(200);
            fifty(&sandbox, &executor, None, REPORTS);
        }
    }
    if options.wants("ssh") {
        ssh();
    }
    if options.wants("clone") {
        clone(options.rounds(5));
    }
    if options.wants("job") {
        job(options.rounds(10));
    }
}

/// A repository with an executor `cluster`, and the part of its manifest that every measurement needs.
fn site(files: usize) -> (Sandbox, String) {
    let sandbox = Sandbox::with_files(files, 1000);
    let engine = sandbox.beside("engine");
    for folder in ["engine/jobs", "marks", "scratch"] {
        fs::create_dir_all(sandbox.beside(folder)).unwrap();
    }
    fs::write(engine.join("program"), env!("CARGO_BIN_EXE_orch")).unwrap();
    fs::write(engine.join("call"), ENGINE).unwrap();
    fs::set_permissions(engine.join("call"), fs::Permissions::from_mode(0o700)).unwrap();
    let hub = sandbox.beside("hub.git");
    sandbox.git(["init", "--quiet", "--bare", hub.to_str().unwrap()]);
    let (call, scratch) = (engine.join("call"), sandbox.beside("scratch"));
    let manifest = format!(
        "[executors.cluster]\nkind = \"command\"\nhub = {hub:?}\nscratch = {scratch:?}\nsubmit_rate = \"1000/s\"\n\
         submit = [{call:?}, \"submit\", \"{{payload_file}}\", \"{{token}}\"]\nlist = [{call:?}, \"list\"]\n\
         cancel = [{call:?}, \"cancel\", \"{{job}}\", \"{{how}}\"]\n"
    );
    (sandbox, manifest)
}

/// The supervisor. What it has started ends with it.
struct Lead {
    up: Child,
    down: Command,
}

/// `orch`, with a way to the hub.
fn program(sandbox: &Sandbox, sshd: Option<&Sshd>) -> Command {
    let mut program = orch(&sandbox.repo());
    if let Some(sshd) = sshd {
        program.env("GIT_SSH_COMMAND", format!("ssh -F {}", sshd.client().display()));
    }
    program
}

impl Lead {
    fn start(sandbox: &Sandbox, sshd: Option<&Sshd>) -> Self {
        let mut up = program(sandbox, sshd);
        let out = fs::File::create(sandbox.beside("up.out")).unwrap();
        up.arg("up").stdout(out).stderr(Stdio::null());
        let mut down = program(sandbox, sshd);
        down.args(["down", "--now"]);
        Self {
            up: up.spawn().unwrap(),
            down,
        }
    }

    /// The share of one processor that it and its children use meanwhile.
    fn share(&self, meanwhile: impl FnOnce()) -> f64 {
        let spent = || tree_processor_time(self.up.id()).unwrap_or_default();
        let (start, before) = (Instant::now(), spent());
        meanwhile();
        let used = spent().saturating_sub(before);
        100.0 * used.as_secs_f64() / start.elapsed().as_secs_f64()
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let _ = self.down.output();
        let _ = self.up.wait();
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "no {what}");
        sleep(Duration::from_millis(100));
    }
}

fn files(folder: &Path, ending: &str) -> usize {
    let names = fs::read_dir(folder).unwrap().flatten();
    names
        .filter(|name| name.file_name().to_string_lossy().ends_with(ending))
        .count()
}

fn fifty(sandbox: &Sandbox, executor: &str, sshd: Option<&Sshd>, reports: usize) {
    let marks = sandbox.beside("marks");
    let script = format!(
        r#"cd "$(git rev-parse --show-toplevel)"; m='{}'; touch "$m/$ORCH_PLAN.here"
until test -e "$m/go"; do echo at work; sleep 1; done
sleep "$(awk "BEGIN {{ print ${{ORCH_PLAN#p}} * {PAUSE} / {AWAY} }}")"
for n in $(seq {reports}); do
    echo "$n" > "$ORCH_PLAN-$n.txt"; git add .; git commit -qm "task $n"
    date +%s%N > "$m/$ORCH_PLAN-$n.new"; mv "$m/$ORCH_PLAN-$n.new" "$m/$ORCH_PLAN-$n.at"; orch task done -q "1.$n"
    sleep {PAUSE}
done
until test -e "$m/end"; do sleep 1; done
"#,
        marks.display()
    );
    fs::write(sandbox.beside("agent.sh"), script).unwrap();
    let mut manifest = format!(
        "schema = 1\n[run]\nexecutor = \"cluster\"\nretries = 0\n[agents.a]\ncommand = [\"sh\", {:?}]\n{executor}",
        sandbox.beside("agent.sh")
    );
    for n in 0..AWAY {
        let tasks: String = (1..=reports).map(|n| format!("- [ ] 1.{n} Task {n}\n")).collect();
        sandbox.write(
            &format!("plans/p{n}.md"),
            &format!("# Plan {n}\n\n## Phase 1: Do\n\n{tasks}"),
        );
        writeln!(manifest, "[plans.p{n}]\nfile = \"plans/p{n}.md\"").unwrap();
    }
    sandbox.write("plans.toml", &manifest);
    let start = Instant::now();
    let lead = Lead::start(sandbox, sshd);
    until("agents", || files(&marks, ".here") == AWAY);
    println!("\n{AWAY} away after {:.1} s", start.elapsed().as_secs_f64());
    // The news of the beginning are taken in.
    sleep(Duration::from_secs(15));
    let lists = || fs::metadata(sandbox.beside("engine/lists")).map_or(0, |file| file.len());
    let before = lists();
    let quiet = lead.share(|| sleep(WATCHED));
    println!(
        "  lead while agents only write their logs: {quiet:.1} % of a core, {} lists",
        lists() - before
    );
    fs::write(marks.join("go"), "").unwrap();
    let all = AWAY * reports;
    let busy = lead.share(|| {
        until("reports", || files(&marks, ".at") == all);
        sleep(Duration::from_secs(5));
    });
    let rate = AWAY as f64 / PAUSE as f64;
    println!("  lead while {rate:.0} commits and reports a second arrive: {busy:.1} % of a core");
    fs::write(marks.join("end"), "").unwrap();
    until("plans", || {
        entries(&sandbox.repo())
            .iter()
            .filter(|entry| entry.event == "plan.finished")
            .count()
            == AWAY
    });
    let mut delays = Samples::default();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries(&sandbox.repo())
        .iter()
        .filter(|entry| entry.event == "task.done")
    {
        // Reports of one plan come in order.
        let n = seen.entry(entry.plan.clone()).or_default();
        *n += 1;
        let text = fs::read_to_string(marks.join(format!("{}-{n}.at", entry.plan))).unwrap();
        delays.push(entry.at - text.trim().parse::<f64>().unwrap() / 1e6);
    }
    println!(
        "  from a report to the lead, ms: median {:.0}, p95 {:.0}, max {:.0}, {} of {all}",
        delays.median(),
        delays.quantile(0.95),
        delays.max(),
        delays.len()
    );
}

/// 300 reports, and as many commits, through a server that takes ten connections at once before it begins to refuse.
fn ssh() {
    let (sandbox, _) = site(200);
    let Some(sshd) = Sshd::start(&sandbox.beside("sshd")) else {
        return;
    };
    let executor = format!(
        "[executors.cluster]\nkind = \"ssh\"\nhub = \"ssh://here{}\"\nscratch = {:?}\nsubmit_rate = \"1000/s\"\n\
         program = {:?}\nargs = [\"-F\", {:?}]\nhosts = [{{ name = \"here\", slots = {AWAY} }}]\n",
        sandbox.beside("hub.git").display(),
        sandbox.beside("scratch"),
        env!("CARGO_BIN_EXE_orch"),
        sshd.client(),
    );
    fifty(&sandbox, &executor, Some(&sshd), 6);
    println!("  connections that the server refused: {}", sshd.refusals());
}

/// What a node does for each attempt once its mirror is there.
fn clone(rounds: usize) {
    let sandbox = Sandbox::with_files(50_000, 100);
    let (hub, mirror) = (sandbox.beside("hub.git"), sandbox.beside("mirror.git"));
    sandbox.git(["init", "--quiet", "--bare", hub.to_str().unwrap()]);
    let head: CommitId = sandbox.git(["rev-parse", "HEAD"]).trim().parse().unwrap();
    let who = Identity {
        name: "Bench".to_owned(),
        email: "bench@example.org".to_owned(),
    };
    let (mut filled, mut cloned) = (Samples::default(), Samples::default());
    for n in 0..=rounds {
        let workplace = Workplace {
            mirror: mirror.clone(),
            tree: sandbox.beside(&format!("tree{n}")),
        };
        let mut lead = workplace.channel(hub.to_str().unwrap(), "bench");
        lead.git_dir = sandbox.repo().join(".git");
        lead.write("p-1.t", "from", &head).unwrap();
        sandbox.settle_disk();
        let start = Instant::now();
        workplace
            .fill_mirror(&workplace.channel(hub.to_str().unwrap(), "bench"), "p-1.t")
            .unwrap();
        let fill = milliseconds(start.elapsed());
        let start = Instant::now();
        workplace.clone_at("orch/p", &head, &who, &[]).unwrap();
        // The first fills the mirror.
        if n == 0 {
            println!("\nthe mirror of 50,000 files, made: {fill:.0} ms");
        } else {
            filled.push(fill);
            cloned.push(milliseconds(start.elapsed()));
        }
    }
    println!("  nothing new {filled} ms\n  a clone of it with its files {cloned} ms");
}

/// One attempt of one trivial task, here and as a job.
fn job(rounds: usize) {
    let (mut here, mut away) = (Samples::default(), Samples::default());
    for _ in 0..rounds {
        for (executor, samples) in [("local", &mut here), ("cluster", &mut away)] {
            let (sandbox, cluster) = site(200);
            let manifest = format!(
                "schema = 1\n[run]\nexecutor = \"{executor}\"\n[agents.a]\ncommand = [\"true\"]\n{cluster}\
                 [plans.p]\nprompt = \"Nothing.\"\nallow_empty = true\n"
            );
            sandbox.write("plans.toml", &manifest);
            let start = Instant::now();
            run(orch(&sandbox.repo()).arg("up"));
            samples.push(milliseconds(start.elapsed()));
        }
    }
    println!("\n`orch up` of one trivial attempt, ms: median (min–max)");
    println!("  here      {here}\n  as a job  {away}");
    println!("  the job costs {:.0} ms", away.median() - here.median());
}
