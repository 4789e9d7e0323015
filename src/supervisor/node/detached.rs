//! Jobs that no engine holds: on a host that is reached by ssh, a job is started in the background, listed and ended by short calls.
//!
//! The payload's file in the attempt's folder is the job's standard input and, locked, its sign of life: the lock ends with the
//! process, however that ends. The folder is gone once the hub has the attempt's end.
//!
//! Each call names the host as the lead knows it, because hosts may share the disk.

use std::fs::{self, DirBuilder, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, setsid};

use super::payload::Payload;
use super::work::{NODE_ARGUMENT, run_claimed};

/// The exit code of a call that has started nothing.
const REFUSED: u8 = 64;

/// The files in an attempt's folder: the payload, the name of the host, the process id of the job, and its output.
const PAYLOAD: &str = "payload";
const HOST: &str = "host";
const PID: &str = "pid";
const OUT: &str = "out";

/// How often to try the lock, and the pause between two tries. Whoever lists the jobs holds it for an instant.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// Runs one of the calls, given its words after [`NODE_ARGUMENT`].
pub fn run_call(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--detach", host] => detach(host),
        ["--detached"] => return run_detached(),
        ["--list", host, home] => list(host, Path::new(home)),
        ["--stop", host, home, key] => end(host, Path::new(home), key, Signal::TERM),
        ["--kill", host, home, key] => end(host, Path::new(home), key, Signal::KILL),
        _ => Err(format!(
            "{NODE_ARGUMENT} has no call {words:?}: install the same version on all hosts"
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("orch: {why}");
            ExitCode::from(REFUSED)
        }
    }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Starts the job that standard input describes. A job that is there already is not started again.
fn detach(host: &str) -> Result<(), String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(words)?;
    let place = Payload::read(&text)?.site.place;
    let mut folders = DirBuilder::new();
    folders
        .recursive(true)
        .mode(0o700)
        .create(&place)
        .map_err(words)?;
    let open = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(place.join(PAYLOAD));
    let payload = open.map_err(words)?;
    let free = |_| {
        let free = payload.try_lock().is_ok();
        if !free {
            thread::sleep(PAUSE);
        }
        free
    };
    if !(0..TRIES).any(free) {
        return Ok(());
    }
    fs::write(place.join(HOST), host).map_err(words)?;
    fs::write(place.join(PAYLOAD), text).map_err(words)?;
    let out = File::create(place.join(OUT)).map_err(words)?;
    let program = std::env::current_exe().map_err(words)?;
    let child = Command::new(program)
        .args([NODE_ARGUMENT, "--detached"])
        .current_dir("/")
        .stdin(payload)
        .stdout(out.try_clone().map_err(words)?)
        .stderr(out)
        .spawn();
    let child = child.map_err(words)?;
    fs::write(place.join(PID), child.id().to_string()).map_err(words)
}

/// The job itself. It outlives the connection that started it.
fn run_detached() -> ExitCode {
    let begin = || -> Result<(File, PathBuf, Payload), String> {
        let _ = setsid();
        // No process that this one starts shall keep the lock.
        let payload = File::from(std::io::stdin().as_fd().try_clone_to_owned().map_err(words)?);
        rustix::stdio::dup2_stdin(File::open("/dev/null").map_err(words)?).map_err(words)?;
        let mut text = String::new();
        (&payload).read_to_string(&mut text).map_err(words)?;
        let read = Payload::read(&text)?;
        Ok((payload, read.site.place.clone(), read))
    };
    match begin() {
        Ok((lock, place, payload)) => {
            let tree = payload.site.tree();
            let code = run_claimed(payload);
            // Nothing was begun here, so nothing is to be kept.
            if !tree.exists() {
                for file in [PAYLOAD, HOST, PID, OUT] {
                    let _ = fs::remove_file(place.join(file));
                }
                let _ = fs::remove_dir(place);
            }
            drop(lock);
            code
        }
        Err(why) => {
            eprintln!("orch: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Prints each job with a folder below `home`, and whether it runs.
fn list(host: &str, home: &Path) -> Result<(), String> {
    for (place, running) in jobs(host, home) {
        let state = if running { "running" } else { "over" };
        let key = place.file_name().unwrap_or_default();
        println!("{} {state}", key.to_string_lossy());
    }
    Ok(())
}

/// The folders of all repositories' jobs on this host, and whether each runs.
fn jobs(host: &str, home: &Path) -> Vec<(PathBuf, bool)> {
    let inside = |folder: PathBuf| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path())
    };
    let places = inside(home.to_owned()).flat_map(inside);
    let running = |place: PathBuf| {
        let payload = File::open(place.join(PAYLOAD)).ok()?;
        let here = fs::read_to_string(place.join(HOST)).is_ok_and(|name| name == host);
        here.then(|| (place, payload.try_lock_shared().is_err()))
    };
    places.filter_map(running).collect()
}

/// Signals a job that runs; one that does not is left alone.
fn end(host: &str, home: &Path, key: &str, signal: Signal) -> Result<(), String> {
    let own = |place: &Path| place.file_name().is_some_and(|name| name == key);
    for (place, running) in jobs(host, home) {
        if own(&place) && running {
            let pid = fs::read_to_string(place.join(PID)).map_err(words)?;
            let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
            let pid = pid.ok_or_else(|| format!("{}: no process id", place.display()))?;
            kill_process(pid, signal).map_err(words)?;
        }
    }
    Ok(())
}
