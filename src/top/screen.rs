//! The terminal: taken, and given back as it was, whatever happens.

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

/// The wheel moves as arrow keys do, and text can still be chosen with the mouse.
const WHEEL: &str = "\x1b[?1007h";
const NO_WHEEL: &str = "\x1b[?1007l";

/// True while the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, full screen.
pub(super) struct FullScreen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl FullScreen {
    /// Takes the terminal.
    pub(super) fn new() -> io::Result<Self> {
        let before = std::panic::take_hook();
        // What a panic says is to be read.
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

    /// Draws; only what has changed is written, and comes to be seen at once.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Draws everything anew the next time.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Gives the terminal back while something else happens.
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
        // A panic hook cannot be changed while there is a panic.
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

/// Gives the terminal back, once. A terminal that is gone takes nothing any more.
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

/// TopSignals that came.
pub(super) struct TopSignals {
    leave: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    go_on: Arc<AtomicBool>,
    in_front: Arc<AtomicBool>,
}

impl TopSignals {
    /// Listens.
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
        // While another program is in front, it is stopped together with this one.
        signal_hook::flag::register_conditional_default(SIGTSTP, in_front.clone())?;
        Ok(Self {
            leave: listen(&[SIGTERM, SIGHUP])?,
            interrupted: listen(&[SIGINT])?,
            stop: listen(&[SIGTSTP])?,
            go_on: listen(&[SIGCONT])?,
            in_front,
        })
    }

    /// True once this program is to end.
    pub(super) fn is_to_leave(&self) -> bool {
        self.leave.load(Ordering::SeqCst) || self.interrupted.load(Ordering::SeqCst)
    }

    /// True when this program is to be suspended; once for each time.
    pub(super) fn is_to_stop(&self) -> bool {
        self.stop.swap(false, Ordering::SeqCst)
    }

    /// True when it went on after it was suspended; once for each time.
    pub(super) fn goes_on(&self) -> bool {
        self.go_on.swap(false, Ordering::SeqCst)
    }

    /// Runs another program in front. What interrupts or stops that one is not meant for this one.
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

/// Ends this program some time after such a signal, should it hang: crossterm reads for ever from a terminal that is gone.
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

/// Waits for input. False once the terminal is gone, which is then not to be read.
pub(super) fn wait_for_input(longest: Duration) -> bool {
    let longest = Timespec::try_from(longest).unwrap_or_default();
    let stdin = io::stdin();
    let mut input = [PollFd::new(&stdin, PollFlags::IN)];
    // A signal ends it, too.
    let _ = poll(&mut input, Some(&longest));
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    !input[0].revents().intersects(gone)
}

/// Suspends this program, as a shell expects it of what runs in front. Returns when it goes on.
pub(super) fn suspend() {
    let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
}
