//! A zoo of children: whatever an agent starts, and however the agent ends, nothing of it is left, and nothing else is
//! touched.
//!
//! `ORCH_ZOO` sets how many children of each kind there are.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Running, Sandbox, campaign, document, kill, wait_for};

/// How many of each kind there are where nothing else is asked for: the same number for each way of ending.
const EACH: usize = 20;

/// Plans of each kind in one run.
const IN_ONE_RUN: usize = 5;

/// What keeps a child alive that is sent TERM; each child says on the pipe `$BORN` that it is there.
const LIVE: &str = "while :; do sleep 1000; done";

/// Every kind with the line of a shell that starts one. `$BORN` is told by each when it is what it is to be.
fn kinds() -> Vec<(&'static str, String)> {
    vec![
        ("deaf", format!("sh -c 'trap \"\" TERM HUP INT; echo > \"$BORN\"; {LIVE}' &")),
        (
            "daemon",
            "sh -c 'sh -c \"echo > \\\"\\$BORN\\\"; exec sleep 1000\" & exit 0' & wait $!".to_owned(),
        ),
        (
            "session",
            format!("setsid sh -c 'trap \"\" TERM HUP; echo > \"$BORN\"; {LIVE}' &"),
        ),
        ("stopped", "sh -c 'echo > \"$BORN\"; kill -STOP $$; exec sleep 1000' &".to_owned()),
        (
            "pipe",
            "sh -c 'trap \"\" TERM HUP PIPE; echo > \"$BORN\"; while :; do echo still here; sleep 0.2; done' &"
                .to_owned(),
        ),
        (
            "forks",
            "sh -c 'trap \"\" TERM; n=0; while [ $n -lt 40 ]; do n=$((n+1)); sleep 1000 & \
             if [ $n = 5 ]; then echo > \"$BORN\"; fi; done; wait' &"
                .to_owned(),
        ),
        (
            "shed",
            "setsid env -i PATH=\"$PATH\" BORN=\"$BORN\" bash -c 'exec env -i PATH=\"$PATH\" bash -c \
             \"echo > \\\"$BORN\\\"; exec -a worker sleep 1000\"' &"
                .to_owned(),
        ),
    ]
}

/// The ways for an agent to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Own,
    TimeOut,
    Cancel,
    DownNow,
}

const WAYS: [Way; 4] = [Way::Own, Way::TimeOut, Way::Cancel, Way::DownNow];

/// Processes that are in the sandbox, hold a file of it open or name it in their arguments: nothing of the environment is looked
/// at, which a child can shed.
fn survivors(sandbox: &Sandbox) -> Vec<(i32, String)> {
    let within = sandbox.beside("");
    let is_within = |link: &Path| fs::read_link(link).is_ok_and(|target| target.starts_with(&within));
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let open = fs::read_dir(entry.path().join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let holds = open.map(|entry| entry.path()).any(|fd| is_within(&fd));
        if holds || is_within(&entry.path().join("cwd")) || line.contains(within.to_str().unwrap()) {
            found.push((pid, line));
        }
    }
    found
}

/// Processes like those of agents, of somebody else.
struct Bystanders(Vec<Child>);

impl Bystanders {
    fn new() -> Self {
        let sleeper = || {
            let mut command = Command::new("sleep");
            command
                .arg("1000")
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            command
        };
        let mut alike = sleeper();
        let mut elsewhere = sleeper();
        elsewhere
            .env("ORCH_JOB", "/elsewhere/.git/orch/attempts/deaf0-1")
            .env("ORCH_ATTEMPT", "deaf0-1")
            .env("ORCH_PLAN", "deaf0");
        let mut titled = sleeper();
        titled.arg0("worker");
        Self(
            [alike.spawn(), elsewhere.spawn(), titled.spawn()]
                .map(Result::unwrap)
                .into(),
        )
    }

    fn living(&mut self) -> usize {
        let alive = |child: &mut Child| child.try_wait().unwrap().is_none();
        self.0
            .iter_mut()
            .filter_map(|child| alive(child).then_some(()))
            .count()
    }
}

impl Drop for Bystanders {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn born(sandbox: &Sandbox, plan: &str) -> bool {
    sandbox.mark(&format!("born-{plan}")).exists()
}

/// One run with so many plans of each kind, all of which end in this way. Gives how many children there were.
fn run(way: Way, each: usize) -> usize {
    let sandbox = Sandbox::new();
    let timeout = if way == Way::TimeOut { "6s" } else { "10m" };
    let kinds = kinds();
    let all = each * kinds.len();
    sandbox.settings(&format!(
        "max_agents = {all}\nretries = 0\ngrace = \"300ms\"\ntimeout = \"{timeout}\""
    ));
    sandbox.gate("never");
    let mut plans = Vec::new();
    for (kind, child) in &kinds {
        for n in 0..each {
            let plan = format!("{kind}{n}");
            let gate = format!("birth-{plan}");
            sandbox.gate(&gate);
            let deaf = if *kind == "deaf" { "trap '' TERM\n" } else { "" };
            let end = if way == Way::Own { "" } else { "\ngate never" };
            let script = format!(
                "{deaf}exec 7>> \"$MARKS/lair\"\nexport BORN=\"$GATES/{gate}\"\n{child}\nread -r _ < \"$BORN\" || \
                 true\nmark born-{plan}\nwork 1.1{end}"
            );
            sandbox.plan(&plan, "", &document(&[1]), &script);
            plans.push(plan);
        }
    }
    let up: Running = sandbox.start("up");
    let everybody = || plans.iter().all(|plan| born(&sandbox, plan));
    let mut cancelled = String::from("cancel");
    match way {
        Way::Own | Way::TimeOut => {}
        Way::Cancel => {
            wait_for("every child", everybody);
            for plan in &plans {
                cancelled += &format!(" {plan}");
            }
            sandbox.orch(&cancelled).code(0).ok();
        }
        Way::DownNow => {
            wait_for("every child", everybody);
            // What cleared its environment and changed its title is seen while it lives.
            let worker = |(_, line): &&(i32, String)| line.starts_with("worker");
            assert_eq!(survivors(&sandbox).iter().filter(worker).count(), each);
            sandbox.orch("down --now").code(0).ok();
        }
    }
    let said = up.end();
    let due = match way {
        Way::Own => 0,
        Way::TimeOut | Way::Cancel => 1,
        Way::DownNow => 130,
    };
    assert_eq!(said.code, due, "{way:?}: {}{}", said.out, said.err);
    // Nobody waits for them: what is left when the run has ended has survived.
    let left = survivors(&sandbox);
    for (pid, _) in &left {
        kill(*pid, rustix::process::Signal::KILL);
    }
    assert!(left.is_empty(), "{way:?}: {} survived: {left:?}", left.len());
    // A machine too busy to start everything in time proves less.
    let there = plans.iter().filter(|plan| born(&sandbox, plan)).count();
    assert!(
        there * 10 >= all * 9,
        "{way:?}: only {there} of {all} children were there"
    );
    there
}

#[test]
fn no_child_of_any_kind_survives_any_end_of_its_agent() {
    let each = campaign("ORCH_ZOO", EACH).div_ceil(WAYS.len());
    let mut bystanders = Bystanders::new();
    let among = bystanders.living();
    let began = Instant::now();
    let mut told = Vec::new();
    for way in WAYS {
        let mut children = 0;
        let mut left = each;
        while left > 0 {
            let now = left.min(IN_ONE_RUN);
            children += run(way, now);
            left -= now;
        }
        told.push(format!("{children} by {way:?}"));
    }
    assert_eq!(bystanders.living(), among, "somebody else's process was ended");
    println!(
        "zoo: {} kinds, {} of each, {}; 0 survivors; {among} of {among} bystanders untouched; {:?}",
        kinds().len(),
        each * WAYS.len(),
        told.join(", "),
        Duration::from_secs(began.elapsed().as_secs())
    );
}
