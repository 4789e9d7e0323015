//! A program that a person uses in this terminal. The program never outlives this process.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, getppid, kill_process};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// How often to check whether the program still runs.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long the program may take to end after this process was asked to end.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the program in the foreground until it ends. Ctrl-C reaches only the program. When this process is asked to end, or its
/// terminal is closed, the program is ended first. The terminal's settings are restored.
///
/// # Errors
///
/// When the program cannot be started.
pub fn attend(mut command: Command) -> io::Result<ExitStatus> {
    // Handlers are used because, unlike ignored signals, they are not inherited by the program.
    let (keyboard, end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT] {
        signal_hook::flag::register(signal, keyboard.clone())?;
    }
    for signal in [signal_hook::consts::SIGHUP, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, end.clone())?;
    }
    let terminal = tcgetattr(io::stdin()).ok();
    let attach = getpid();
    let begin = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        match getppid() == Some(attach) {
            true => Ok(()),
            false => Err(Errno::SRCH.into()),
        }
    };
    // SAFETY: between fork and exec the closure only makes system calls, and allocates nothing.
    unsafe { command.pre_exec(begin) };
    let mut child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let mut asked: Option<Instant> = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if end.load(Ordering::Relaxed) && asked.is_none() {
            asked = Some(Instant::now());
            for signal in [Signal::HUP, Signal::TERM, Signal::CONT] {
                let _ = pid.map(|pid| kill_process(pid, signal));
            }
        }
        if asked.is_some_and(|asked| asked.elapsed() > GRACE) {
            child.kill()?;
        }
        std::thread::sleep(LOOK_AGAIN);
    };
    if let Some(terminal) = terminal {
        // A killed program may have left the terminal in raw mode.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &terminal);
    }
    Ok(status)
}
