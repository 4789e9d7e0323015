//! The life of a runner: job after job, and what it has for all of them.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::process::Pid;

use crate::fault;

use super::channel::{Order, Orders, readable};
use super::runner_signals::Signals;
use super::{AgentError, JobFolder, ProcessId, runner};

/// What serves every job of a runner.
#[derive(Debug)]
pub(super) struct Tools {
    /// This process.
    pub(super) own: ProcessId,
    /// Requests by signals.
    pub(super) signals: Signals,
    /// Requests by the supervisor; none once it is gone.
    pub(super) orders: Option<Orders>,
}

impl Tools {
    /// The next order, waiting for it; none when the supervisor is gone.
    pub(super) fn next_order(&mut self) -> Option<Order> {
        let order = self.orders.as_ref().and_then(|orders| orders.next().ok()?);
        if order.is_none() {
            self.orders = None;
        }
        order
    }

    /// Waits for the next job without one at work. What asks for an end meanwhile asks for nothing.
    fn next_job(&mut self) -> Option<(PathBuf, OwnedFd)> {
        loop {
            let orders = self.orders.as_ref()?;
            let signals = [self.signals.graceful.as_fd(), self.signals.at_once.as_fd()];
            let [told, ..] = readable([orders.as_fd(), signals[0], signals[1]]).ok()?;
            if !told {
                self.signals.forget();
                continue;
            }
            match self.next_order()? {
                Order::Run(folder, lock) => return Some((folder, lock)),
                Order::Stop { .. } => {}
            }
        }
    }
}

/// Runs the jobs that come over this channel, one after the other, until the supervisor is gone.
///
/// A process that ran a job is as good as new for the next one: nothing of the last one lives, and all that the runner changes
/// of itself is the same for all. To fork another and have it fault in what it needs would cost several times of what the
/// runner then does for a short job.
///
/// # Errors
///
/// When the kernel refuses what a runner needs, or a job's folder cannot be used.
pub(super) fn serve(orders: Orders) -> Result<(), AgentError> {
    // Fails only where this process leads a session already, which is as good.
    let _ = rustix::process::setsid();
    rustix::process::set_child_subreaper(Pid::from_raw(1)).map_err(|source| AgentError::System {
        what: "become a sub-reaper",
        source: source.into(),
    })?;
    let own = ProcessId::own().ok_or(AgentError::System {
        what: "read /proc",
        source: std::io::ErrorKind::NotFound.into(),
    })?;
    let mut tools = Tools {
        own,
        signals: Signals::register()?,
        orders: Some(orders),
    };
    while let Some((folder, lock)) = tools.next_job() {
        runner::run(&mut tools, &JobFolder::new(folder), lock)?;
        fault::point("runner.ended");
        // What came for this job, or from it, is not for the next one.
        tools.signals.forget();
        if let Some(orders) = &tools.orders {
            orders.say_ended();
        }
    }
    Ok(())
}
