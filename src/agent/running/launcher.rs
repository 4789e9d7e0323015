//! Starting runners: this program again, with a hidden argument.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use crate::failpoint;

use crate::agent::jobs::control_group::ControlGroup;
use crate::agent::jobs::error::AgentError;
use crate::agent::jobs::folder::JobFolder;
use crate::agent::running::runner_handle::Runner;
use crate::agent::running::runner_signals::hold_back;

/// The hidden argument that turns this program into a runner. The job's folder follows; the folder's lock is standard input.
pub const RUNNER_ARGUMENT: &str = "__runner";

/// Starts runners.
#[derive(Debug)]
pub struct Launcher {
    program: PathBuf,
    tidied: Once,
}

impl Launcher {
    /// A launcher whose runners are this program.
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            tidied: Once::new(),
        }
    }

    /// Starts a runner for the job in the prepared folder. The runner inherits the folder's lock, so there is no moment at
    /// which a started job has no lock holder.
    ///
    /// # Errors
    ///
    /// When a runner cannot be started.
    pub fn launch(&self, folder: JobFolder, lock: File) -> Result<Runner, AgentError> {
        self.tidied.call_once(ControlGroup::tidy_all);
        let mut command = Command::new(&self.program);
        command
            .arg(RUNNER_ARGUMENT)
            .arg(folder.unique_path())
            .stdin(Stdio::from(lock))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let begin = || -> io::Result<()> {
            // A Ctrl-C in the supervisor's terminal must not reach runners.
            rustix::process::setsid()?;
            hold_back()
        };
        // SAFETY: between fork and exec the closure only makes system calls, and allocates nothing.
        unsafe { command.pre_exec(begin) };
        let child = failpoint::around("runner.spawn", || command.spawn());
        let child = child.map_err(|source| AgentError::Start {
            program: self.program.clone(),
            source,
        })?;
        Ok(Runner::started(folder, child))
    }
}
