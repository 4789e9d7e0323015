//! The terminal: taken over, and always restored.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::style::Print;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute, queue};
use ratatui::prelude::CrosstermBackend;
use ratatui::{Frame, Terminal};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

/// The wheel acts as arrow keys, and the mouse can still select text.
const WHEEL: &str = "\x1b[?1007h";
const NO_WHEEL: &str = "\x1b[?1007l";

/// True while the terminal is taken over.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, full screen.
pub(super) struct FullScreen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl FullScreen {
    /// Takes over the terminal.
    pub(super) fn new() -> io::Result<Self> {
        let before = std::panic::take_hook();
        // The message of a panic must be readable.
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        let out = BufWriter::with_capacity(1 << 16, io::stdout());
        take()?;
        let terminal = Terminal::new(CrosstermBackend::new(out));
        if terminal.is_err() {
            give_back();
        }
        Ok(Self { terminal: terminal? })
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws. Only changes are written, and they appear at once.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Makes the next drawing complete.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Restores the terminal while something else runs.
    pub(super) fn aside<T>(&mut self, what: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let done = what();
        take()?;
        self.forget()?;
        Ok(done)
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        give_back();
        // A panic hook cannot be changed during a panic.
        if !std::thread::panicking() {
            drop(std::panic::take_hook());
        }
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let taken = execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        Print(WHEEL),
        cursor::Hide
    );
    if taken.is_err() {
        give_back();
    }
    taken
}

/// Restores the terminal, once. A terminal that is gone accepts nothing more.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            Print(NO_WHEEL),
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = io::stdout().flush();
        let _ = disable_raw_mode();
    }
}

/// The received signals.
pub(super) struct TopSignals {
    leave: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    go_on: Arc<AtomicBool>,
    in_front: Arc<AtomicBool>,
}

impl TopSignals {
    /// Starts to listen.
    pub(super) fn new() -> io::Result<Self> {
        let listen = |signals: &[i32]| -> io::Result<Arc<AtomicBool>> {
            let flag = Arc::new(AtomicBool::new(false));
            for signal in signals {
                signal_hook::flag::register(*signal, flag.clone())?;
            }
            Ok(flag)
        };
        end_late(&[SIGTERM, SIGHUP])?;
        let in_front = Arc::new(AtomicBool::new(false));
        // While another program is in the foreground, it is stopped together with this one.
        signal_hook::flag::register_conditional_default(SIGTSTP, in_front.clone())?;
        Ok(Self {
            leave: listen(&[SIGTERM, SIGHUP])?,
            interrupted: listen(&[SIGINT])?,
            stop: listen(&[SIGTSTP])?,
            go_on: listen(&[SIGCONT])?,
            in_front,
        })
    }

    /// True once this program must end.
    pub(super) fn is_to_leave(&self) -> bool {
        self.leave.load(Ordering::SeqCst) || self.interrupted.load(Ordering::SeqCst)
    }

    /// True when this program must be suspended; once for each signal.
    pub(super) fn is_to_stop(&self) -> bool {
        self.stop.swap(false, Ordering::SeqCst)
    }

    /// True when this program was resumed; once for each signal.
    pub(super) fn goes_on(&self) -> bool {
        self.go_on.swap(false, Ordering::SeqCst)
    }

    /// Runs another program in the foreground. Signals that interrupt or stop the other program do not affect this one.
    pub(super) fn with_other_in_front<T>(&self, run: impl FnOnce() -> T) -> T {
        self.in_front.store(true, Ordering::SeqCst);
        let done = run();
        self.in_front.store(false, Ordering::SeqCst);
        for flag in [&self.interrupted, &self.stop, &self.go_on] {
            flag.store(false, Ordering::SeqCst);
        }
        done
    }
}

/// How long after a signal this program may still run.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ends this program some time after such a signal, in case it hangs: crossterm reads for ever from a terminal that is
/// gone.
fn end_late(signals: &[i32]) -> io::Result<()> {
    let mut signals = Signals::new(signals)?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                std::thread::sleep(PATIENCE);
                give_back();
                std::process::exit(128 + signal);
            }
        })
        .map(drop)
}

/// Waits for input. False once the terminal is gone, which must not be read then.
pub(super) fn wait_for_input(longest: Duration) -> bool {
    let longest = Timespec::try_from(longest).unwrap_or_default();
    let stdin = io::stdin();
    let mut input = [PollFd::new(&stdin, PollFlags::IN)];
    // A signal ends the wait, too.
    let _ = poll(&mut input, Some(&longest));
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    !input[0].revents().intersects(gone)
}

/// Suspends this program, as a shell expects from a foreground job. Returns after it was resumed.
pub(super) fn suspend() {
    let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
}
