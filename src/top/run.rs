//! The loop: events in, orders out, and a frame when something has changed.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::crossterm::event::{self, Event};

use super::look::{Looker, TopWish};
use super::model::{TopEvent, TopModel, TopOrder, update};
use super::perform::Programs;
use super::screen::{FullScreen, TopSignals, suspend, wait_for_input};
use super::view;

/// The longest time between two checks of signals and of the queue.
const WAIT: Duration = Duration::from_millis(50);
/// How often shown times advance.
const SECOND: Duration = Duration::from_secs(1);
/// The length of the queue of data; the reading thread waits when the queue is full.
const QUEUE: usize = 16;
/// A program that ended this soon has left nothing to read.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The settings of the view.
#[derive(Debug, Clone)]
pub struct TopOptions {
    /// This program.
    pub program: PathBuf,
    /// The folder from which to search.
    pub dir: PathBuf,
    /// The manifest, if one is named.
    pub manifest: Option<PathBuf>,
    /// The plan to choose first.
    pub plan: Option<String>,
    /// True when steering is refused.
    pub readonly: bool,
    /// True when colours are wanted.
    pub colour: bool,
}

/// Shows the fleet until a person leaves. False when a signal ended it.
///
/// # Errors
///
/// When the terminal cannot be drawn on.
pub fn run(options: TopOptions) -> io::Result<bool> {
    let signals = TopSignals::new()?;
    let programs = Programs {
        program: options.program,
        dir: options.dir.clone(),
        manifest: options.manifest.clone(),
    };
    let (told, events) = sync_channel(QUEUE);
    let (wish, wishes) = channel();
    let looker = Looker {
        dir: options.dir,
        manifest: options.manifest,
        programs: programs.clone(),
        to: told.clone(),
    };
    let looker = std::thread::spawn(move || looker.run(&wishes));
    let screen = FullScreen::new()?;
    let mut model = TopModel::new(Timestamp::now(), TimeZone::system(), screen.size()?);
    model.readonly = options.readonly;
    model.colour = options.colour;
    model.awaited = options.plan;
    let mut top = Top {
        model,
        screen,
        signals,
        programs,
        told,
        wish,
        looker,
        stale: true,
    };
    top.run(&events)
}

struct Top {
    model: TopModel,
    screen: FullScreen,
    signals: TopSignals,
    programs: Programs,
    told: SyncSender<TopEvent>,
    wish: Sender<TopWish>,
    looker: JoinHandle<()>,
    stale: bool,
}

impl Top {
    fn run(&mut self, events: &Receiver<TopEvent>) -> io::Result<bool> {
        let mut ticked = Instant::now();
        loop {
            if std::mem::take(&mut self.stale) {
                let model = &self.model;
                self.screen.draw(|frame| view::draw(frame, model))?;
            }
            if !wait_for_input(WAIT) {
                return Ok(false);
            }
            if event::poll(Duration::ZERO)? {
                // Handle all waiting events, such as a pasted text, before drawing.
                loop {
                    if !self.read(event::read()?)? {
                        return Ok(true);
                    }
                    if !event::poll(Duration::ZERO)? {
                        break;
                    }
                }
            }
            for event in events.try_iter().take(QUEUE).collect::<Vec<_>>() {
                if !self.take(event)? {
                    return Ok(true);
                }
            }
            if ticked.elapsed() >= SECOND {
                ticked = Instant::now();
                self.take(TopEvent::Tick(Timestamp::now()))?;
            }
            if self.looker.is_finished() {
                return Err(io::Error::other("nothing is read any more"));
            }
            if self.signals.is_to_leave() {
                return Ok(false);
            }
            if self.signals.is_to_stop() {
                self.screen.aside(suspend)?;
                self.stale = true;
            }
            if self.signals.goes_on() {
                // After a stop signal that cannot be caught, the shell may have changed the
                // terminal.
                self.screen.aside(|| ())?;
                self.stale = true;
            }
        }
    }

    /// Handles a terminal event. False at the end.
    fn read(&mut self, event: Event) -> io::Result<bool> {
        match event {
            Event::Key(key) => self.take(TopEvent::Key(key)),
            Event::Paste(text) => self.take(TopEvent::Paste(text)),
            Event::Resize(columns, rows) => self.take(TopEvent::Resize(columns, rows)),
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) => Ok(true),
        }
    }

    /// Handles an event. False at the end.
    fn take(&mut self, event: TopEvent) -> io::Result<bool> {
        self.stale = true;
        for order in update(&mut self.model, event) {
            match order {
                TopOrder::Quit => return Ok(false),
                TopOrder::Suspend => {
                    let group = rustix::process::getpgrp();
                    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TSTP);
                }
                TopOrder::Redraw => self.screen.forget()?,
                TopOrder::Run { argv, shown } => self.programs.begin(argv, shown, self.told.clone()),
                TopOrder::Terminal(argv) => self.in_front(&argv)?,
                TopOrder::Watch(log, train) => {
                    // The loop notices when the reading thread is gone.
                    let _ = self.wish.send(TopWish { log, train });
                }
            }
        }
        Ok(true)
    }

    /// Gives the terminal to a command. Its output stays until a person has read it.
    fn in_front(&mut self, argv: &[String]) -> io::Result<()> {
        let (programs, signals) = (&self.programs, &self.signals);
        let begun = Instant::now();
        self.screen.aside(|| {
            let ended = signals.with_other_in_front(|| programs.in_front(argv));
            if let Err(error) = &ended {
                eprintln!("orch {}: {error}", argv.join(" "));
            }
            let good = ended.is_ok_and(|status| status.success());
            if !good || begun.elapsed() < AT_ONCE || argv.first().is_none_or(|first| first != "diff") {
                eprint!("\nEnter leads back ");
                let _ = io::stderr().flush();
                let _ = io::stdin().lock().read_line(&mut String::new());
            }
        })?;
        // Update the time after the wait.
        self.model.now = Timestamp::now();
        Ok(())
    }
}
