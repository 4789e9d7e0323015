//! What the terminal shows of keys while bars are drawn.

use std::io::IsTerminal;

use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// As long as it is there, the terminal does not show `^C` for the key: bars end at the last column, so it would begin a line of
/// its own, below which they are then drawn again. When the program is killed the terminal continues not showing it, which `stty
/// echoctl` ends.
#[derive(Debug)]
pub struct NoEcho {
    before: Termios,
}

impl NoEcho {
    /// None where there is no terminal, where it shows nothing anyway, or where it is somebody else's at the moment: who
    /// changes it from the background is stopped.
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
