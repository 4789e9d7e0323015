//! Runners: one process for each job, and nothing of the job is left when it ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orch::agent::{
    Job, JobFolder, JobInput, JobState, Launcher, OutputReading, ProcessId, Runner, makes_control_groups,
};
use orch::plan::StopSignal;
use orch::schedule::Exit;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::wait_for;

fn launcher() -> Launcher {
    Launcher::new(Path::new(env!("CARGO_BIN_EXE_orch")))
}

/// Starts this command as the job of the folder `name`.
fn start_command(launcher: &Launcher, place: &Path, name: &str, argv: &[&str]) -> Runner {
    let job = Job {
        tag: name.to_owned(),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        folder: place.to_owned(),
        env: BTreeMap::from([("NAME".to_owned(), name.to_owned())]),
        input: JobInput::Null,
        timeout: None,
        grace: Duration::from_secs(5),
        stop: vec![StopSignal::Term],
        reading: OutputReading::default(),
        patience: None,
        head: None,
        ends_with: None,
    };
    let folder = JobFolder::new(place.join(name));
    let lock = folder.prepare(&job, None).unwrap();
    launcher.launch(folder, lock).unwrap()
}

/// Starts a shell with this script as the job of the folder `name`.
fn start(launcher: &Launcher, place: &Path, name: &str, script: &str) -> Runner {
    start_command(launcher, place, name, &["sh", "-c", script])
}

fn end(runner: Runner) -> Exit {
    match runner.wait().unwrap() {
        JobState::Ended(record) => record.exit,
        state => panic!("{state:?}"),
    }
}

fn kill(process: ProcessId) {
    let pid = Pid::from_raw(process.pid.cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// The control group that a job's folder names.
fn group_of(job: &Path) -> Option<PathBuf> {
    let note = fs::read_to_string(job.join("group")).ok()?;
    note.find('/').map(|start| note[start..].into())
}

const FINE: Exit = Exit::Code { code: 0 };

#[test]
fn each_job_has_a_runner_of_its_own_in_a_session_of_its_own_and_nothing_of_it_is_left() {
    let scratch = tempfile::tempdir().unwrap();
    let launcher = launcher();
    let script = "export ONLY=1; sleep 1000 & cd /; ps -o sess= -p $$";
    let first = start(&launcher, scratch.path(), "one", script);
    let process = first.process();
    assert_eq!(end(first), FINE);
    assert!(!process.is_alive());
    let log = |name: &str| fs::read_to_string(scratch.path().join(name).join("log")).unwrap();
    assert_eq!(log("one").trim(), process.pid.to_string());
    for name in ["two", "three"] {
        let script = "echo $NAME ${ONLY-none} $(pwd); wc -w < /proc/$PPID/task/$PPID/children";
        let next = start(&launcher, scratch.path(), name, script);
        let process = next.process();
        assert_eq!(end(next), FINE);
        let place = scratch.path().canonicalize().unwrap();
        assert_eq!(log(name), format!("{name} none {}\n1\n", place.display()));
        assert!(group_of(&scratch.path().join(name)).is_none_or(|group| !group.exists()));
        // Collected, too.
        assert!(!Path::new(&format!("/proc/{}", process.pid)).exists());
    }
}

#[test]
fn a_runner_that_is_asked_to_end_at_once_hears_it() {
    let scratch = tempfile::tempdir().unwrap();
    let launcher = launcher();
    let first = start(&launcher, scratch.path(), "one", "true");
    let hold = first.hold();
    assert_eq!(end(first), FINE);
    // By somebody who does not know yet.
    hold.stop(false);
    hold.stop(true);
    for round in 0..10 {
        for now in [false, true] {
            let next = start(
                &launcher,
                scratch.path(),
                &format!("stopped-{now}-{round}"),
                "sleep 1000",
            );
            next.hold().stop(now);
            assert_eq!(end(next), Exit::Stopped);
        }
    }
}

#[test]
fn what_was_set_in_the_control_group_of_a_job_does_not_hold_for_the_next_one() {
    if !makes_control_groups() {
        println!("not tried: no control group can be made on this machine");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let launcher = launcher();
    let freeze = "group=$(sed 's,^[^/]*,,' one/group)\n\
                  echo $$ > \"$group/../cgroup.procs\"; echo 1 > \"$group/cgroup.freeze\"; cat \"$group/cgroup.freeze\"";
    assert_eq!(end(start(&launcher, scratch.path(), "one", freeze)), FINE);
    assert_eq!(fs::read_to_string(scratch.path().join("one/log")).unwrap(), "1\n");
    assert_eq!(end(start(&launcher, scratch.path(), "two", "true")), FINE);
}

#[test]
fn what_a_runner_that_is_killed_at_work_ran_is_ended() {
    let scratch = tempfile::tempdir().unwrap();
    let launcher = launcher();
    let runner = start(&launcher, scratch.path(), "one", "echo $$ > pid; exec sleep 1000");
    let process = runner.process();
    let written = || fs::read_to_string(scratch.path().join("pid")).unwrap_or_default();
    wait_for("the command to run", || written().ends_with('\n'));
    let command = ProcessId::of(written().trim().parse().unwrap()).unwrap();
    kill(process);
    let state = runner.wait().unwrap();
    assert!(matches!(state, JobState::Lost(_)), "{state:?}");
    assert!(!command.is_alive());
}

#[test]
fn a_command_that_cannot_be_executed_is_told_of() {
    let scratch = tempfile::tempdir().unwrap();
    let launcher = launcher();
    let run = |name: &str, argv: &[&str]| end(start_command(&launcher, scratch.path(), name, argv));
    let not_started = |exit: Exit| match exit {
        Exit::NotStarted { why } => why,
        other => panic!("{other:?}"),
    };
    assert!(not_started(run("none", &["no-such-program"])).contains("No such file"));
    assert!(not_started(run("folder", &["/"])).contains("Permission denied"));
    assert!(not_started(run("nul", &["a\0b"])).contains("nul byte"));
    // As `execvp` has it: a script without an interpreter is the shell's.
    let script = scratch.path().join("script");
    fs::write(&script, "exit 7\n").unwrap();
    rustix::fs::chmod(&script, rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
    assert_eq!(run("plain", &["./script"]), Exit::Code { code: 7 });
    let many: Vec<String> = (0..20_000).map(|word| word.to_string()).collect();
    let many: Vec<&str> = ["./script"]
        .into_iter()
        .chain(many.iter().map(String::as_str))
        .collect();
    assert_eq!(run("many", &many), Exit::Code { code: 7 });
    assert_eq!(
        run("killed", &["sh", "-c", "kill -9 $$"]),
        Exit::Signal { signal: 9 }
    );
    assert_eq!(
        run("pipe", &["sh", "-c", "kill -13 $$"]),
        Exit::Signal { signal: 13 }
    );
}
