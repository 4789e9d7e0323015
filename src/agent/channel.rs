//! The channel between a supervisor and a runner: a pair of sockets that keep messages whole (`SOCK_SEQPACKET`).
//!
//! To the runner go jobs, one after the other, and the wish that the one at work end; back comes that it has ended. What is
//! said here is said in order, so a wish never meets the job behind the one that it was meant for. A signal could.
//!
//! Each side sees by the end of the stream that the other is gone. A runner without a supervisor works to the end of its job.

use std::ffi::OsStr;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use crate::fault;

use super::packets;

/// First byte of a job; the path of its folder follows, and the descriptor of the folder's lock goes beside it.
const JOB: u8 = b'j';

/// The job at work is to end, with grace.
const STOP: u8 = b's';

/// The job at work is to end at once.
const STOP_NOW: u8 = b'n';

/// The job has ended, and its folder is free.
const ENDED: u8 = b'e';

/// Longest message in bytes: the longest path of Linux (`PATH_MAX`), and what stands before it.
const LONGEST: usize = 4096 + 1;

/// The supervisor's end.
#[derive(Debug)]
pub(super) struct Channel(OwnedFd);

impl Channel {
    /// A new channel, and the end of it that a runner is to have.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = packets::pair()?;
        Ok((Self(ours), theirs))
    }

    /// Gives the runner a job, with the lock of its folder. Fails when the runner is gone; then it has nothing of it.
    pub(super) fn hand_over(&self, folder: &Path, lock: BorrowedFd<'_>) -> io::Result<()> {
        let message = [IoSlice::new(&[JOB]), IoSlice::new(folder.as_os_str().as_bytes())];
        fault::around("job.hand-over", || packets::send_with(&self.0, &message, lock))
    }

    /// Asks for the end of the job that was handed over last. True when the runner will hear of it.
    pub(super) fn stop(&self, now: bool) -> bool {
        let wish = if now { STOP_NOW } else { STOP };
        send(&self.0, &[wish], SendFlags::NOSIGNAL | SendFlags::DONTWAIT).is_ok()
    }

    /// Waits for the end of the job. False when the runner itself is gone.
    pub(super) fn wait(&self) -> io::Result<bool> {
        let mut word = [0];
        let (length, _) = packets::receive(&self.0, &mut word)?;
        Ok(length == 1 && word[0] == ENDED)
    }
}

impl AsFd for Channel {
    /// Readable once [`Channel::wait`] would not block.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What a runner is told.
#[derive(Debug)]
pub(super) enum Order {
    /// To run the job in this folder, whose lock this is.
    Run(PathBuf, OwnedFd),
    /// To end the job at work.
    Stop {
        /// Without grace.
        now: bool,
    },
}

/// The runner's end.
#[derive(Debug)]
pub(super) struct Orders(OwnedFd);

impl Orders {
    /// The end of a channel that this runner was given.
    pub(super) fn new(channel: OwnedFd) -> Self {
        Self(channel)
    }

    /// The next order, waiting for it; none when the supervisor is gone.
    pub(super) fn next(&self) -> io::Result<Option<Order>> {
        let mut message = [0; LONGEST];
        let (length, lock) = packets::receive(&self.0, &mut message)?;
        Ok(match (message[..length].split_first(), lock) {
            (Some((&JOB, folder)), Some(lock)) => Some(Order::Run(OsStr::from_bytes(folder).into(), lock)),
            (Some((&STOP, [])), _) => Some(Order::Stop { now: false }),
            (Some((&STOP_NOW, [])), _) => Some(Order::Stop { now: true }),
            _ => None,
        })
    }

    /// Says that the job has ended. False when nobody hears it.
    pub(super) fn say_ended(&self) -> bool {
        send(&self.0, &[ENDED], SendFlags::NOSIGNAL).is_ok()
    }
}

impl AsFd for Orders {
    /// Readable once [`Orders::next`] would not block.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Waits until this is readable or closed, for so long at most; tells whether it is.
pub(super) fn readable_within(fd: BorrowedFd<'_>, most: Duration) -> io::Result<bool> {
    let most = Timespec::try_from(most).map_err(io::Error::other)?;
    match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&most)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits until one of these is readable or closed; tells which are.
pub(super) fn readable<const COUNT: usize>(fds: [BorrowedFd<'_>; COUNT]) -> io::Result<[bool; COUNT]> {
    let mut polled = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    loop {
        match poll(&mut polled, None) {
            Ok(_) => return Ok(polled.map(|fd| !fd.revents().is_empty())),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_arrive_in_order_and_each_side_sees_that_the_other_is_gone() {
        let (channel, theirs) = Channel::pair().unwrap();
        let orders = Orders::new(theirs);
        let lock = tempfile::tempfile().unwrap();
        channel.hand_over(Path::new("/a/job"), lock.as_fd()).unwrap();
        assert!(channel.stop(false) && channel.stop(true));
        let Some(Order::Run(folder, given)) = orders.next().unwrap() else {
            panic!("no job arrived");
        };
        assert_eq!(folder, Path::new("/a/job"));
        let inode = |fd: BorrowedFd<'_>| rustix::fs::fstat(fd).unwrap().st_ino;
        assert_eq!(inode(given.as_fd()), inode(lock.as_fd()));
        assert!(matches!(orders.next().unwrap(), Some(Order::Stop { now: false })));
        assert!(matches!(orders.next().unwrap(), Some(Order::Stop { now: true })));
        assert!(orders.say_ended());
        assert!(channel.wait().unwrap());
        drop(channel);
        assert!(orders.next().unwrap().is_none());
        assert!(!orders.say_ended());

        let (channel, theirs) = Channel::pair().unwrap();
        drop(theirs);
        assert!(!channel.wait().unwrap());
        assert!(!channel.stop(false));
        channel.hand_over(Path::new("/a/job"), lock.as_fd()).unwrap_err();
    }
}
