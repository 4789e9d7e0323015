//! The runner: the small process between the supervisor and a command. A runner leads a session, adopts the command's
//! orphaned processes, writes the log and the exit record, and enforces the time-out even when the supervisor is dead. Its
//! job is over only when nothing of the command is left.

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

use crate::failpoint;
use crate::schedule::Exit;

use super::control_group::ControlGroup;
use super::leader::Leader;
use super::recorder::Recorder;
use super::runner_signals::{Signals, drain};
use super::stopping::Stopping;
use super::{AgentError, ExitRecord, Job, JobFolder, JobInput, ProcessId, Running, extinction, process};

/// How long to wait for the remaining output of a command after its last process has ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Runs the job of this folder to its end. The folder's lock is standard input. The job must be the only work of this
/// process. The folder is free when the function returns.
///
/// # Errors
///
/// When the kernel refuses what a runner needs, or the folder cannot be used; how the command ends is not an error of the runner.
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

/// Standard input, which no process that is started from here may hold open.
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
            // Nothing should be there. Whatever is, nobody would know of.
            extinction::kill_descendants();
            extinction::reap();
            let why = not_started(&job, &error);
            record.take(format!("orch: cannot start {why}\n").as_bytes());
            (Exit::NotStarted { why }, 0)
        }
    };
    // Empty by now; what the kernel calls its own proof.
    if let Some(group) = group {
        group.end();
    }
    let output_bytes = record.total();
    // Facts come before the exit record, so that a reader of the exit record finds all facts.
    record.finish(&exit);
    folder.write_exit(&ExitRecord {
        schema: 1,
        exit,
        started_at,
        ended_at: Timestamp::now(),
        output_bytes,
        left_behind,
    })?;
    // Closing alone is not enough: a child that the supervisor is starting may hold a copy of the descriptor for another
    // moment.
    let _ = rustix::fs::flock(&lock, rustix::fs::FlockOperation::Unlock);
    Ok(())
}

/// Has this process asked for an end, with grace, when the one that started it ends. It may have ended already.
fn end_with(starter: ProcessId) -> std::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
    if !starter.is_alive() {
        kill_process(getpid(), Signal::TERM)?;
    }
    Ok(())
}

/// The lock, when it is this folder's and taken.
fn held(folder: &JobFolder, lock: OwnedFd) -> Result<OwnedFd, AgentError> {
    let taken = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    match taken {
        Ok(()) if is_lock_of(folder, &lock) => Ok(lock),
        _ => Err(AgentError::Busy(folder.path().to_owned())),
    }
}

/// Why the command could not be started. Names the missing file, because the system only says that a file is missing.
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

/// Starts the command in a process group of its own, and in a control group where there is one, both outputs on one pipe. Its
/// folder marks all of its processes.
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
    // A relative program is looked for in the folder it starts in, as a person standing there would expect.
    let program = if program.contains('/') {
        job.folder.join(program).into_os_string()
    } else {
        program.into()
    };
    let inherited = std::env::vars_os().filter(|(name, _)| !name.to_str().is_some_and(super::is_scrubbed));
    let mut environment: BTreeMap<OsString, OsString> = inherited.collect();
    let given = job.env.iter().map(|(name, value)| (name.into(), value.into()));
    environment.extend(given);
    environment.remove(OsStr::new("OLDPWD"));
    let mark = folder.unique_path();
    // Some programs believe the first before they ask the kernel, and would work where their supervisor was started.
    let own = [
        ("PWD", job.folder.as_os_str()),
        ("ORCH_ATTEMPT", OsStr::new(&job.tag)),
        (process::JOB_VARIABLE, mark.as_os_str()),
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

/// The command from its start to its end.
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

    /// Copies output and waits; returns how the command ended and how many processes it left behind.
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

    /// Sleeps until there is output, the command ends, a signal comes or a time is up.
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
        // Only what was seen to be there: the other may come in this very moment.
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

    /// The signals that the job names, one after the other; KILL follows after the grace period.
    fn end_command(&mut self, ending: EndCause) {
        if self.ending.is_none() {
            self.ending = Some(ending);
            self.deadline = None;
            let mut stopping = Stopping::new(&self.job.stop, self.job.grace, Instant::now());
            stopping.go_on(Instant::now(), self.leader.id());
            self.stopping = Some(stopping);
        }
    }

    /// One read of the pipe.
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

    /// Called when the command's leader has ended. Ends the leftover processes, and reads the remaining output.
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
    // Rounded up to a millisecond, so that a timer never fires just before its time and spins.
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
