//! The echo of keys on the terminal while bars are drawn.

use std::io::IsTerminal;

use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// While this value lives, the terminal does not echo `^C`. Bars end at the last column, so the echo would begin a new line, and
/// the bars would be drawn again below it. After the program was killed the echo stays off, until `stty echoctl`.
#[derive(Debug)]
pub struct NoEcho {
    before: Termios,
}

impl NoEcho {
    /// `None` where there is no terminal, where the echo is off anyway, or where the terminal belongs to another process group:
    /// a background process that changes the terminal is stopped.
    pub fn begin() -> Option<Self> {
        if !std::io::stdin().is_terminal() || tcgetpgrp(stdin()).ok()? != getpgrp() {
            return None;
        }
        let before = tcgetattr(stdin()).ok()?;
        let mut quiet = before.clone();
        if !quiet.local_modes.contains(LocalModes::ECHOCTL) {
            return None;
        }
        quiet.local_modes.remove(LocalModes::ECHOCTL);
        tcsetattr(stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Self { before })
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        let foreground = tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp());
        if foreground {
            let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
        }
    }
}
