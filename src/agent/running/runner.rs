//! The runner, the small process between the supervisor and a command. The runner leads a session, adopts every orphaned process
//! of the command, writes the log and the exit record, and enforces the time-out even when the supervisor is dead. The job ends
//! only when no process of the command is left.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::agent::{AgentError, ExitRecord, Job, JobFolder, JobInput, ProcessId, Running};
use crate::failpoint;
use crate::schedule::Exit;

use crate::agent::jobs::control_group::ControlGroup;
use crate::agent::jobs::{extinction, job_processes, process};
use crate::agent::running::leader::Leader;
use crate::agent::running::recorder::Recorder;
use crate::agent::running::runner_signals::{Signals, drain};
use crate::agent::running::stopping::Stopping;

/// How long to wait for more output after the command has ended and none of its processes is alive.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs the job of this folder to its end; the folder's lock is standard input. This is the only work of the process. The folder
/// is unlocked when this function returns.
///
/// # Errors
///
/// When the kernel refuses what a runner needs, or the folder cannot be used. A failing command is not an error of the runner.
pub fn run_job(folder: &Path) -> Result<(), AgentError> {
    let refused = |what| move |source| AgentError::System { what, source };
    rustix::process::set_child_subreaper(Pid::from_raw(1))
        .map_err(|source| refused("become a sub-reaper")(source.into()))?;
    let own = ProcessId::own().ok_or(std::io::ErrorKind::NotFound.into());
    let own = own.map_err(refused("read /proc"))?;
    let signals = Signals::register()?;
    let lock = given_lock().map_err(refused("take the lock over"))?;
    run(own, signals, &JobFolder::new(folder), lock)?;
    failpoint::point("runner.ended");
    Ok(())
}

/// Moves the lock away from standard input, so that no child keeps the lock open.
fn given_lock() -> std::io::Result<OwnedFd> {
    let lock = std::io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(lock)
}

fn run(own: ProcessId, signals: Signals, folder: &JobFolder, lock: OwnedFd) -> Result<(), AgentError> {
    let lock = held(folder, lock)?;
    let job = folder.job()?;
    if let Some(starter) = job.ends_with {
        end_with(starter).map_err(|source| AgentError::System {
            what: "be bound to what started it",
            source,
        })?;
    }
    let mut record = Recorder::open(folder, &job)?;
    let started_at = Timestamp::now();
    folder.reserve_exit()?;
    let running = Running {
        runner: own,
        started_at,
    };
    folder.write("running.json", &running)?;
    let group = ControlGroup::make(own, folder);
    let (exit, left_behind) = match start(&job, folder, group.as_ref()) {
        Ok((leader, output)) => Supervision::new(&job, leader, output, signals).run(&mut record),
        Err(error) => {
            // No process should be left. Nobody else would know of one that is.
            extinction::kill_descendants();
            extinction::reap();
            let why = not_started(&job, &error);
            record.take(format!("orch: cannot start {why}\n").as_bytes());
            (Exit::NotStarted { why }, 0)
        }
    };
    // The group is empty by now; the kernel confirms it here.
    if let Some(group) = group {
        group.end();
    }
    let output_bytes = record.total();
    // Written before the exit record: whoever reads the exit record finds all facts.
    record.finish(&exit);
    folder.write_exit(&ExitRecord {
        schema: 1,
        exit,
        started_at,
        ended_at: Timestamp::now(),
        output_bytes,
        left_behind,
    })?;
    // Unlocked, not only closed: a child that is being started may hold a copy of the descriptor for a moment.
    let _ = rustix::fs::flock(&lock, rustix::fs::FlockOperation::Unlock);
    Ok(())
}

/// Arranges for an end with grace when the starter of this process ends. The starter may have ended already.
fn end_with(starter: ProcessId) -> std::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
    if !starter.is_alive() {
        kill_process(getpid(), Signal::TERM)?;
    }
    Ok(())
}

/// Returns the lock when it is this folder's lock and is held.
fn held(folder: &JobFolder, lock: OwnedFd) -> Result<OwnedFd, AgentError> {
    let taken = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    match taken {
        Ok(()) if is_lock_of(folder, &lock) => Ok(lock),
        _ => Err(AgentError::Busy(folder.path().to_owned())),
    }
}

/// Why the command could not be started. Names the missing file where the system only says that a file is missing.
fn not_started(job: &Job, error: &std::io::Error) -> String {
    let program = job.argv.first().map_or("", String::as_str);
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    let path = job.folder.join(program);
    match (missing, program.contains('/'), path.is_file()) {
        (true, true, false) if Path::new(program).is_relative() => format!(
            "{program}: there is no such file in {}: a worktree holds what is committed, so commit it, or name it by its \
             whole path",
            job.folder.display()
        ),
        (true, true, true) => {
            format!("{program}: {error}: its first line names an interpreter that is not there")
        }
        _ => format!("{program}: {error}"),
    }
}

/// True when this is the folder's lock file.
fn is_lock_of(folder: &JobFolder, lock: &OwnedFd) -> bool {
    let ours = rustix::fs::fstat(lock);
    let theirs = rustix::fs::stat(folder.path().join("lock"));
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino),
        _ => false,
    }
}

/// Starts the command in a process group of its own, and in a control group where there is one, with both outputs on one pipe.
/// The folder's path in the environment marks all processes of the command.
fn start(job: &Job, folder: &JobFolder, group: Option<&ControlGroup>) -> std::io::Result<(Leader, OwnedFd)> {
    let (program, arguments) = job
        .argv
        .split_first()
        .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidInput, "the command is empty"))?;
    let (read, write) = std::io::pipe()?;
    let input = match &job.input {
        JobInput::Null => File::open("/dev/null")?,
        JobInput::File(path) => File::open(path)?,
    };
    // A relative program is resolved in the folder in which it starts, as a person standing there would expect.
    let program = if program.contains('/') {
        job.folder.join(program).into_os_string()
    } else {
        program.into()
    };
    let inherited = std::env::vars_os().filter(|(name, _)| {
        !name
            .to_str()
            .is_some_and(crate::agent::jobs::environment::is_scrubbed)
    });
    let mut environment: BTreeMap<OsString, OsString> = inherited.collect();
    let given = job.env.iter().map(|(name, value)| (name.into(), value.into()));
    environment.extend(given);
    environment.remove(OsStr::new("OLDPWD"));
    let mark = folder.unique_path();
    // Some programs trust `PWD` before they ask the kernel, and would work in the supervisor's folder.
    let own = [
        ("PWD", job.folder.as_os_str()),
        ("ORCH_ATTEMPT", OsStr::new(&job.tag)),
        (job_processes::JOB_VARIABLE, mark.as_os_str()),
    ];
    environment.extend(own.map(|(name, value)| (name.into(), value.to_owned())));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(environment)
        .current_dir(&job.folder)
        .stdin(input)
        .stdout(write.try_clone()?)
        .stderr(write);
    let leader = failpoint::around("agent.spawn", || Leader::start(command, group))?;
    Ok((leader, read.into()))
}

/// Why the command is being ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndCause {
    TimedOut,
    Stopped,
}

/// The supervision of the command from its start to its end.
struct Supervision<'a> {
    job: &'a Job,
    leader: Leader,
    output: Option<File>,
    signals: Signals,
    deadline: Option<Instant>,
    ending: Option<EndCause>,
    stopping: Option<Stopping>,
}

impl<'a> Supervision<'a> {
    fn new(job: &'a Job, leader: Leader, output: OwnedFd, signals: Signals) -> Self {
        Self {
            job,
            leader,
            output: Some(File::from(output)),
            signals,
            deadline: job
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            ending: None,
            stopping: None,
        }
    }

    /// Copies output and waits. Returns how the command ended and the number of its orphans.
    fn run(mut self, record: &mut Recorder<'_>) -> (Exit, u32) {
        let mut status = None;
        while status.is_none() {
            self.wait_for_news(record);
            self.act_on_time(record);
            status = self.leader.try_wait();
        }
        failpoint::point("agent.ended");
        let left_behind = self.end_what_is_left(record);
        let exit = match (self.ending, status) {
            (Some(EndCause::TimedOut), _) => Exit::TimedOut,
            (Some(EndCause::Stopped), _) => Exit::Stopped,
            (None, Some(status)) => exit_of(status),
            (None, None) => Exit::Lost,
        };
        (exit, left_behind)
    }

    /// Sleeps until output arrives, the command ends, a signal arrives or a step is due.
    fn wait_for_news(&mut self, record: &mut Recorder<'_>) {
        let stopping = self.stopping.as_ref().and_then(Stopping::due);
        let due = [self.deadline, stopping, record.due()]
            .into_iter()
            .flatten()
            .min();
        let timeout = due.map(|due| timespec(due.saturating_duration_since(Instant::now())));
        let (mut ended, mut graceful, mut at_once, mut output) = <(bool, bool, bool, bool)>::default();
        {
            let mut fds = vec![
                PollFd::new(&self.leader, PollFlags::IN),
                PollFd::new(&self.signals.graceful, PollFlags::IN),
                PollFd::new(&self.signals.at_once, PollFlags::IN),
            ];
            fds.extend(
                self.output
                    .as_ref()
                    .map(|file| PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN)),
            );
            if poll(&mut fds, timeout.as_ref()).is_ok() {
                let ready = |place: usize| fds.get(place).is_some_and(|fd| !fd.revents().is_empty());
                ended = ready(0);
                graceful = ready(1);
                at_once = ready(2);
                output = ready(3);
            }
        }
        if output && !ended {
            self.copy_some(record);
        }
        // Drains only the pipe that was seen ready: the other signal may arrive at this very moment.
        if graceful {
            drain(&mut self.signals.graceful);
        }
        if at_once {
            drain(&mut self.signals.at_once);
        }
        if graceful {
            self.end_command(EndCause::Stopped);
        }
        if at_once {
            self.ending.get_or_insert(EndCause::Stopped);
            extinction::kill_descendants();
        }
    }

    fn act_on_time(&mut self, record: &mut Recorder<'_>) {
        let now = Instant::now();
        record.catch_up();
        if self.ending.is_none() && record.is_blocked() {
            self.end_command(EndCause::Stopped);
        }
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            self.end_command(EndCause::TimedOut);
        }
        if let Some(stopping) = &mut self.stopping {
            stopping.go_on(now, self.leader.id());
        }
    }

    /// Sends the signals that the job names, one after the other. KILL follows after the grace period.
    fn end_command(&mut self, ending: EndCause) {
        if self.ending.is_none() {
            self.ending = Some(ending);
            self.deadline = None;
            let mut stopping = Stopping::new(&self.job.stop, self.job.grace, Instant::now());
            stopping.go_on(Instant::now(), self.leader.id());
            self.stopping = Some(stopping);
        }
    }

    /// Reads the pipe once.
    fn copy_some(&mut self, record: &mut Recorder<'_>) -> bool {
        let mut buffer = [0u8; 64 << 10];
        let Some(file) = &mut self.output else {
            return false;
        };
        match file.read(&mut buffer) {
            Ok(0) => self.output = None,
            Ok(count) => {
                record.take(&buffer[..count]);
                return true;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return true,
            Err(_) => self.output = None,
        }
        false
    }

    /// Ends the orphans of a command whose leader has ended, and reads the remaining output. Returns the number of orphans.
    fn end_what_is_left(&mut self, record: &mut Recorder<'_>) -> u32 {
        let mut left_behind = 0;
        if extinction::reap() {
            let left = process::descendants(std::process::id());
            left_behind = u32::try_from(left.len()).unwrap_or(u32::MAX);
            if !left.is_empty() {
                extinction::terminate_descendants();
                let deadline = Instant::now() + self.job.grace;
                while extinction::reap() && Instant::now() < deadline {
                    self.copy_what_comes(record, Duration::from_millis(5));
                }
                extinction::kill_descendants();
            }
        }
        self.copy_what_comes(record, LAST_WORDS);
        left_behind
    }

    /// Reads output until the pipe closes or stays silent for `patience`.
    fn copy_what_comes(&mut self, record: &mut Recorder<'_>, patience: Duration) {
        loop {
            let Some(file) = &self.output else {
                return;
            };
            let mut fds = [PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN)];
            match poll(&mut fds, Some(&timespec(patience))) {
                Ok(0) => return,
                Ok(_) => {
                    if !self.copy_some(record) {
                        return;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    // Rounded up to a millisecond, so that the timer never fires just before its time and spins.
    let duration = duration + Duration::from_micros(999);
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code { code },
        (None, Some(signal)) => Exit::Signal { signal },
        (None, None) => Exit::Lost,
    }
}
