//! One attempt on a node, from its claim to its end.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::payload::Payload;
use super::report;
use super::reporter::{self, ReporterState};
use crate::agent::{ExitRecord, JobFolder, JobState, Launcher, ProcessId, Runner};
use crate::failpoint;
use crate::git::GitError;
use crate::git::hub::{Channel, Swap, random_word, write_record};
use crate::schedule::Exit;

/// The hidden argument that runs this program on a node.
pub const NODE_ARGUMENT: &str = "__node";

/// The exit code of a job whose attempt runs in another job or was given up.
const NOT_MINE: u8 = 78;

/// How long to retry a hub that does not answer before anything has begun.
const BEFORE: Duration = Duration::from_secs(5 * 60);
/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(60);
/// How long before the job's time limit an engine may ask for an end.
const NOTICE: Duration = Duration::from_secs(4 * 60);
/// The pause between two checks for signals.
const LOOK: Duration = Duration::from_millis(100);

/// The number of ports for one attempt.
const PORTS: u16 = 10;

/// Why nothing was run.
enum Idle {
    /// The attempt belongs to another job, or is over.
    NotMine(String),
    Failed(String),
}

/// Runs the attempt that standard input describes.
pub fn run_node() -> ExitCode {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    match read
        .map_err(|error| error.to_string())
        .and_then(|_| Payload::read(&text))
    {
        Ok(payload) => run_claimed(payload),
        Err(why) => {
            eprintln!("orch: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Claims an attempt and runs it.
pub(super) fn run_claimed(payload: Payload) -> ExitCode {
    match ClaimedAttempt::begin(payload) {
        Ok(node) => node.run(),
        Err(Idle::NotMine(why)) => {
            eprintln!("orch: {why}");
            ExitCode::from(NOT_MINE)
        }
        Err(Idle::Failed(why)) => {
            eprintln!("orch: {why}");
            ExitCode::FAILURE
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Idle {
    Idle::Failed(error.to_string())
}

/// An attempt that this process has claimed.
struct ClaimedAttempt {
    payload: Arc<Payload>,
    name: String,
    began: Instant,
    asked: Arc<AtomicBool>,
}

impl ClaimedAttempt {
    /// Claims the attempt. Nothing has begun before.
    fn begin(payload: Payload) -> Result<Self, Idle> {
        let (began, asked) = (Instant::now(), Arc::new(AtomicBool::new(false)));
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            signal_hook::flag::register(signal, asked.clone()).map_err(failed)?;
        }
        let workplace = payload.site.workplace();
        let mirror = payload.channel(workplace.mirror.clone());
        sweep(&payload.site.home);
        let over = || mirror.look(&payload.key).is_ok_and(|refs| refs.fate.is_some());
        let filled = patiently(|| match workplace.fill_mirror(&mirror, &payload.key) {
            Ok(()) => Ok(true),
            Err(_) if over() => Ok(false),
            Err(error) => Err(error),
        })?;
        if !filled {
            return Err(Idle::NotMine(format!("{} is over", payload.key)));
        }
        let name = host_name();
        let claim = serde_json::json!({
            "node": name, "job": std::env::var("SLURM_JOB_ID").ok(), "pid": std::process::id(), "word": random_word().ok(),
        });
        let file = ("claim.json", claim.to_string().into_bytes());
        let claim =
            write_record(&workplace.mirror, &[&payload.head], &[file], "orch: the claim").map_err(failed)?;
        failpoint::point("node.claim");
        if patiently(|| mirror.swap(&payload.key, "claim", &claim))? == Swap::Lost {
            return Err(Idle::NotMine(format!("another job runs {}", payload.key)));
        }
        failpoint::point("node.claimed");
        // This job left the queue too late.
        if patiently(|| mirror.look(&payload.key))?.fate.is_some() {
            return Err(Idle::NotMine(format!("{} is over", payload.key)));
        }
        Ok(Self {
            payload: Arc::new(payload),
            name,
            began,
            asked,
        })
    }

    fn run(self) -> ExitCode {
        let heard = Arc::new(ReporterState::default());
        let (exit, why) = match self.start() {
            Ok((folder, runner)) => self.supervise(&folder, runner, &heard),
            Err(why) => {
                // The record of the end has the attempt's work as a parent, so it needs a clone.
                let exit = Exit::NotStarted {
                    why: format!("on {}: {why}", self.name),
                };
                (self.record(exit), None)
            }
        };
        if heard.given_up.load(Ordering::SeqCst) {
            eprintln!("orch: {} was given up", self.payload.key);
        }
        self.report(exit, why)
    }

    /// Clones the repository, and starts the agent's runner.
    fn start(&self) -> Result<(JobFolder, Runner), String> {
        fn words(error: impl std::fmt::Display) -> String {
            error.to_string()
        }
        let (payload, site) = (&self.payload, &self.payload.site);
        let bin = site.program();
        let bin = bin.parent().unwrap_or(&site.place);
        let mut folders = fs::DirBuilder::new();
        folders.recursive(true).mode(0o700).create(bin).map_err(words)?;
        let program = std::env::current_exe().map_err(words)?;
        symlink(&program, site.program()).map_err(words)?;
        let workplace = site.workplace();
        let cloned = workplace.clone_at(&payload.branch, &payload.head, &payload.identity, &payload.litter);
        cloned.map_err(words)?;
        let reports = payload.reports.iter();
        report::put_reports(
            &site.tree(),
            reports.map(|(name, text)| (name.as_str(), text.clone().into_bytes())),
        );
        let mut job = payload.job.clone();
        let path = std::env::var("PATH").unwrap_or_default();
        job.env
            .insert("PATH".to_owned(), format!("{}:{path}", bin.display()));
        job.env.insert("ORCH_NODE".to_owned(), self.name.clone());
        job.env
            .extend(free_ports().map(|port| ("ORCH_PORT".to_owned(), port.to_string())));
        job.ends_with = ProcessId::own();
        let folder = JobFolder::new(site.job());
        let lock = folder.prepare(&job, Some(&payload.prompt)).map_err(words)?;
        for (name, text) in &payload.files {
            folder.write_back(name, text.as_bytes()).map_err(words)?;
        }
        let runner = Launcher::new(&program)
            .launch(folder.clone(), lock)
            .map_err(words)?;
        Ok((folder, runner))
    }

    /// Waits for the runner's job, pushes news meanwhile, and reacts to requests for an end.
    fn supervise(
        &self,
        folder: &JobFolder,
        runner: Runner,
        heard: &Arc<ReporterState>,
    ) -> (ExitRecord, Option<String>) {
        let hold = runner.hold();
        let reporter = reporter::start(
            self.payload.clone(),
            self.name.clone(),
            runner.hold(),
            heard.clone(),
        );
        let (send, ended) = mpsc::channel();
        thread::spawn(move || send.send(runner.wait()));
        let mut by_engine = false;
        let state = loop {
            match ended.recv_timeout(LOOK) {
                Ok(state) => break state.ok(),
                Err(RecvTimeoutError::Disconnected) => break folder.state().ok(),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.asked.swap(false, Ordering::SeqCst) {
                by_engine = true;
                hold.stop(false);
            }
        };
        heard.over.store(true, Ordering::SeqCst);
        reporter.thread().unpark();
        let _ = reporter.join();
        let record = match state {
            Some(JobState::Ended(record)) => record,
            _ => self.record(Exit::Lost),
        };
        // An engine may signal all processes of a job at once. The agent has then died before anybody asked it to end.
        by_engine |= self.asked.swap(false, Ordering::SeqCst);
        let by_itself = !by_engine && record.exit != Exit::Stopped;
        if by_itself || heard.stop.load(Ordering::SeqCst) {
            return (record, None);
        }
        // A person's request may have reached the engine first.
        if by_engine && reporter::is_stop(&self.channel(), &self.payload.key) {
            return (record, None);
        }
        let (exit, why) = match self.began.elapsed() + NOTICE >= self.limit() {
            true => (
                Exit::TimedOut,
                format!("the time limit of its job on {} was reached", self.name),
            ),
            false => (Exit::Lost, format!("the engine ended its job on {}", self.name)),
        };
        (ExitRecord { exit, ..record }, Some(why))
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(self.payload.minutes.saturating_mul(60))
    }

    fn channel(&self) -> Channel {
        self.payload.channel(self.payload.site.workplace().git_dir())
    }

    /// The exit record of an end for which no runner wrote one.
    fn record(&self, exit: Exit) -> ExitRecord {
        let now = Timestamp::now();
        ExitRecord {
            schema: 1,
            exit,
            started_at: now,
            ended_at: now,
            output_bytes: 0,
            left_behind: 0,
        }
    }

    /// Reports the end until the end was accepted, or decided otherwise.
    fn report(self, exit: ExitRecord, why: Option<String>) -> ExitCode {
        let (payload, site) = (&self.payload, &self.payload.site);
        let made =
            report::fate(payload, &self.name, exit.clone(), why.clone()).map(|fate| (fate, self.channel()));
        // Without a clone there is no work to report.
        let made = made.or_else(|_| {
            let mirror = site.workplace().mirror;
            let record = report::NodeRecord {
                node: Some(self.name.clone()),
                exit: Some(exit),
                why,
                ..report::NodeRecord::default()
            };
            let fate = record.write(&mirror, &[&payload.head], Vec::new(), "orch: the end")?;
            Ok::<_, GitError>((fate, payload.channel(mirror)))
        });
        let (fate, channel) = match made {
            Ok(made) => made,
            Err(error) => {
                eprintln!(
                    "orch: the end cannot be told: {error}; the work is in {}",
                    site.place.display()
                );
                return ExitCode::FAILURE;
            }
        };
        failpoint::point("node.fate");
        let mut pause = Duration::from_secs(1);
        loop {
            match channel.swap(&payload.key, "fate", &fate) {
                Ok(Swap::Won) => break,
                // The late work is kept on the hub, but nobody merges it.
                Ok(Swap::Lost) if channel.write(&payload.key, "late", &fate).is_ok() => break,
                Ok(Swap::Lost) | Err(_) => {}
            }
            thread::sleep(jitter(pause));
            pause = (pause * 2).min(PAUSE);
            if self.began.elapsed() >= self.limit() {
                eprintln!(
                    "orch: the hub does not answer; the work is in {}",
                    site.place.display()
                );
                return ExitCode::FAILURE;
            }
        }
        // The hub has everything.
        let _ = fs::remove_dir_all(&site.place);
        ExitCode::SUCCESS
    }
}

/// Ends processes of killed nodes that used the same scratch folder.
fn sweep(home: &Path) {
    for place in fs::read_dir(home).into_iter().flatten().flatten() {
        let folder = JobFolder::new(place.path().join("job"));
        if matches!(folder.state(), Ok(JobState::Lost(_))) {
            Runner::sweep_anyway(&folder, Duration::from_secs(1));
        }
    }
}

/// Retries something that needs the hub until the hub answers, before anything has begun.
fn patiently<T>(work: impl Fn() -> Result<T, GitError>) -> Result<T, Idle> {
    let (began, mut pause) = (Instant::now(), Duration::from_secs(1));
    loop {
        match work() {
            Ok(done) => return Ok(done),
            Err(error) if began.elapsed() >= BEFORE => return Err(failed(error)),
            Err(_) => {
                thread::sleep(jitter(pause));
                pause = (pause * 2).min(PAUSE);
            }
        }
    }
}

/// A random time between half of the pause and all of it, so that many nodes do not come at once.
fn jitter(pause: Duration) -> Duration {
    let chance = random_word()
        .ok()
        .and_then(|word| u64::from_str_radix(&word, 16).ok());
    pause / 2 + (pause / 2).mul_f64(chance.map_or(1.0, |chance| (chance % 1000) as f64 / 1000.0))
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// The first of ten consecutive ports on which nobody listens.
fn free_ports() -> Option<u16> {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let start = random_word()
        .ok()
        .and_then(|word| u64::from_str_radix(&word, 16).ok())?;
    let first = (start % 2000) as u16;
    (0..200)
        .map(|step| 30_000 + (first + step) % 2000 * PORTS)
        .find(|port| (*port..port + PORTS).all(free))
}
