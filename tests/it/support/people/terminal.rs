//! The program in a terminal of its own.

use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// All that a command writes to a terminal with so many columns, up to its end. Colours and what moves the cursor are part
/// of it.
pub fn in_terminal(command: Command, columns: u16) -> String {
    in_terminal_of(command, columns, 40, "xterm-256color")
}

/// The same, of a terminal of this kind with so many rows.
pub fn in_terminal_of(mut command: Command, columns: u16, rows: u16, kind: &str) -> String {
    let (mut ours, mut theirs) = (-1, -1);
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: both places are ours, and neither a name nor settings are asked for.
    let opened = unsafe {
        libc::openpty(
            &raw mut ours,
            &raw mut theirs,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            (&raw const size).cast_mut(),
        )
    };
    assert_eq!(opened, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: they were opened a moment ago and nobody else has them.
    let (mut ours, theirs) = unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
    command
        .env("TERM", kind)
        .env_remove("NO_COLOR")
        .stdin(theirs.try_clone().unwrap())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs);
    // SAFETY: both calls are async-signal-safe. The terminal is that of the new session.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
            Ok(())
        });
    }
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut written = Vec::new();
    let mut piece = [0; 4096];
    // The last who holds the other end lets go of it: that is an error here, not an end.
    while let Ok(length @ 1..) = ours.read(&mut piece) {
        written.extend_from_slice(&piece[..length]);
    }
    child.wait().unwrap();
    String::from_utf8_lossy(&written).into_owned()
}
