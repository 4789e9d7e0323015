//! The effects of events.

use jiff::Timestamp;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::finding::find;
use super::keys;
use super::log_text::LogPiece;
use super::page::{PagePurpose, TextPage};
use super::seen::{HappenedRow, Seen, TrainRow};
use super::steering::{ask_line, run, show, steer, typed};
use super::tab::Tab;
use super::top_model::TopModel;
use super::top_order::{OutputPlace, TopOrder};
use super::top_question::{TopQuestion, Typing};

/// How many columns a log scrolls sideways.
const SIDEWAYS: usize = 16;

/// An event.
#[derive(Debug, Clone)]
pub enum TopEvent {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The new columns and rows of the terminal.
    Resize(u16, u16),
    /// Time has passed.
    Tick(Timestamp),
    /// The fleet was read.
    Seen(Box<Seen>),
    /// The fleet could not be read.
    Trouble(String),
    /// There is more of the log.
    Log(LogPiece),
    /// The train was read, or could not be read.
    Train(Result<Vec<TrainRow>, String>),
    /// The journal has grown.
    Happened(Vec<HappenedRow>),
    /// A command has ended.
    Finished(Finished),
}

/// A command that has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The command.
    pub argv: Vec<String>,
    /// Where its output is shown.
    pub shown: OutputPlace,
    /// True when it succeeded.
    pub good: bool,
    /// Its output, harmless for a terminal.
    pub text: String,
}

/// Applies an event to the model, and returns orders.
pub fn update(model: &mut TopModel, event: TopEvent) -> Vec<TopOrder> {
    let before = model.wish();
    let mut orders = match event {
        TopEvent::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        TopEvent::Key(key) => pressed(model, &key),
        TopEvent::Paste(text) => {
            if let Some(TopQuestion::Line { line, .. }) = &mut model.ask {
                line.paste(&text);
            }
            Vec::new()
        }
        TopEvent::Resize(columns, rows) => {
            model.size = (columns, rows);
            Vec::new()
        }
        TopEvent::Tick(now) => {
            model.now = now;
            Vec::new()
        }
        TopEvent::Seen(seen) => {
            model.take(*seen);
            Vec::new()
        }
        TopEvent::Trouble(why) => {
            model.trouble = Some(why);
            Vec::new()
        }
        TopEvent::Log(piece) => {
            model.log.take(piece);
            Vec::new()
        }
        TopEvent::Train(seen) => {
            match seen {
                Ok(rows) => (model.train, model.train_trouble) = (Some(rows), None),
                Err(why) => model.train_trouble = Some(why),
            }
            Vec::new()
        }
        TopEvent::Happened(rows) => {
            model.happened(rows);
            Vec::new()
        }
        TopEvent::Finished(finished) => {
            take_answer(model, finished);
            Vec::new()
        }
    };
    for order in &orders {
        if let TopOrder::Run { argv, shown } = order {
            model.under_way.push(argv.join(" "));
            model.awaits = matches!(shown, OutputPlace::Page(_)).then(|| argv.join(" "));
        }
    }
    model.settle();
    let after = model.wish();
    if after != before {
        orders.push(TopOrder::Watch(after.0, after.1));
    }
    orders
}

/// Shows a page only when somebody still waits for it, or after a failure, because a page takes over the keys.
fn take_answer(model: &mut TopModel, finished: Finished) {
    let Finished {
        argv,
        shown,
        good,
        text,
    } = finished;
    let line = argv.join(" ");
    if let Some(at) = model.under_way.iter().position(|known| *known == line) {
        model.under_way.remove(at);
    }
    let awaited = model.awaits.take_if(|awaits| *awaits == line).is_some();
    let said = text.trim_end();
    let purpose = match shown {
        OutputPlace::Page(purpose @ (PagePurpose::Plan(_) | PagePurpose::Answer)) if awaited => Some(purpose),
        OutputPlace::Page(PagePurpose::Plan(_) | PagePurpose::Answer) => return,
        OutputPlace::Page(purpose) if awaited || !good => Some(purpose),
        OutputPlace::Note if !good => Some(PagePurpose::Said),
        OutputPlace::Page(_) | OutputPlace::Note => None,
    };
    match purpose.filter(|_| model.ask.is_none()) {
        Some(purpose) => {
            let said = if said.is_empty() { "it said nothing" } else { said };
            let bad = if good { "" } else { " (it did not end well)" };
            model.page = Some(TextPage::new(format!("orch {line}{bad}"), said, purpose));
        }
        None => {
            let lines: Vec<&str> = said
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect();
            model.note = Some(match lines.as_slice() {
                [] => format!("orch {line}: done"),
                lines => lines.join("; "),
            });
        }
    }
}

fn pressed(model: &mut TopModel, key: &KeyEvent) -> Vec<TopOrder> {
    // When Esc and a key arrive together, as over a slow line, they look like one key with Alt.
    if key.modifiers.contains(KeyModifiers::ALT) && model.ask.is_none() {
        let mut orders = pressed(model, &KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
        let rest = key.modifiers - KeyModifiers::ALT;
        orders.extend(pressed(model, &KeyEvent::new(key.code, rest)));
        return orders;
    }
    model.note = None;
    model.awaits = None;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('z') if control => return vec![TopOrder::Suspend],
        KeyCode::Char('l') if control => return vec![TopOrder::Redraw],
        KeyCode::Char('c') if control && model.ask.is_none() => return vec![TopOrder::Quit],
        _ => {}
    }
    if let Some(ask) = model.ask.take() {
        return asked(model, ask, key);
    }
    if control {
        return Vec::new();
    }
    if model.page.is_some() {
        return on_page(model, key.code);
    }
    on_tab(model, key.code)
}

/// Handles a key while a question is open.
fn asked(model: &mut TopModel, ask: TopQuestion, key: &KeyEvent) -> Vec<TopOrder> {
    let control_c = key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
    if key.code == KeyCode::Esc || control_c {
        return Vec::new();
    }
    match ask {
        TopQuestion::Sure { question, argv } => match key.code {
            KeyCode::Char('y' | 'Y') => vec![run(argv)],
            KeyCode::Char('n' | 'N' | 'q') => Vec::new(),
            _ => {
                model.ask = Some(TopQuestion::Sure { question, argv });
                Vec::new()
            }
        },
        TopQuestion::Line { typing, mut line } => {
            if key.code == KeyCode::Enter {
                return typed(model, typing, &line.text());
            }
            // Backspace in an empty line cancels the input.
            if key.code == KeyCode::Backspace && line.text().is_empty() {
                return Vec::new();
            }
            line.key(key);
            model.ask = Some(TopQuestion::Line { typing, line });
            Vec::new()
        }
    }
}

/// The distance by which a key moves.
fn motion(code: KeyCode, rows: usize) -> Option<isize> {
    let page = isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1);
    Some(match code {
        KeyCode::Char('j') | KeyCode::Down => 1,
        KeyCode::Char('k') | KeyCode::Up => -1,
        KeyCode::PageDown => page,
        KeyCode::PageUp => -page,
        KeyCode::Char('g') | KeyCode::Home => -isize::MAX,
        KeyCode::Char('G') | KeyCode::End => isize::MAX,
        _ => return None,
    })
}

fn on_page(model: &mut TopModel, code: KeyCode) -> Vec<TopOrder> {
    let rows = model.body();
    let Some(page) = &mut model.page else {
        return Vec::new();
    };
    if let Some(by) = motion(code, rows) {
        page.step(by);
        return Vec::new();
    }
    match code {
        KeyCode::Char(' ') => page.step(isize::try_from(rows).unwrap_or(1)),
        KeyCode::Esc | KeyCode::Char('q') => model.page = None,
        KeyCode::Enter => match page.purpose.clone() {
            PagePurpose::Plan(plan) => {
                model.page = None;
                open_log(model, &plan, false);
            }
            PagePurpose::Keys | PagePurpose::Answer | PagePurpose::Said => model.page = None,
        },
        KeyCode::Char('?') if page.purpose == PagePurpose::Keys => model.page = None,
        KeyCode::Char('/') => ask_line(model, Typing::Search),
        KeyCode::Char('n') => find(model, false),
        KeyCode::Char('N') => find(model, true),
        _ => {}
    }
    Vec::new()
}

fn on_tab(model: &mut TopModel, code: KeyCode) -> Vec<TopOrder> {
    if let Some(by) = motion(code, model.rows(model.tab)) {
        step(model, by);
        return Vec::new();
    }
    match code {
        KeyCode::Tab => go_to(model, model.tab.next(false)),
        KeyCode::BackTab => go_to(model, model.tab.next(true)),
        KeyCode::Char(digit @ '1'..='6') => {
            let at = digit as usize - '1' as usize;
            go_to(model, Tab::ALL[at]);
        }
        KeyCode::Esc => match model.tab {
            Tab::Log => model.tab = model.from,
            _ => model.tab = Tab::Fleet,
        },
        KeyCode::Enter => return enter(model),
        KeyCode::Char('q') => return vec![TopOrder::Quit],
        KeyCode::Char('/') => ask_line(model, Typing::Search),
        KeyCode::Char('n') => find(model, false),
        KeyCode::Char('N') => find(model, true),
        KeyCode::Char(':') => ask_line(model, Typing::Command),
        KeyCode::Char('?') => {
            let text = keys::page(model.tab, model.readonly);
            let title = format!("keys in {}", model.tab.title());
            model.page = Some(TextPage::new(title, &text, PagePurpose::Keys));
        }
        KeyCode::Char('y') => {
            if let Some(plan) = model.current() {
                return vec![show(&["why", &plan], PagePurpose::Answer)];
            }
        }
        KeyCode::Char('R') => {
            if let Some(plan) = model.current() {
                return vec![show(&["review", &plan], PagePurpose::Answer)];
            }
        }
        KeyCode::Char('D') => {
            if let Some(plan) = model.current() {
                return vec![TopOrder::Terminal(vec!["diff".to_owned(), plan])];
            }
        }
        KeyCode::Char('P') => {
            if let Some(plan) = model.current() {
                let previous = model.tab != Tab::Log || !model.log.previous;
                open_log(model, &plan, previous);
            }
        }
        KeyCode::Char('o') => {
            model.sorting = model.sorting.next();
            let chosen = model.chosen().map(|row| row.name.clone());
            model.sort(chosen.as_deref());
            model.note = Some(format!("sorted by {}", model.sorting.words()));
        }
        KeyCode::Char(' ') if matches!(model.tab, Tab::Fleet | Tab::Timeline) => {
            if let Some(plan) = model.current() {
                if !model.marks.remove(&plan) {
                    model.marks.insert(plan);
                }
                step(model, 1);
            }
        }
        KeyCode::Char('f') if model.tab == Tab::Log => model.log.follow = !model.log.follow,
        KeyCode::Char('f') if model.tab == Tab::Events => model.events_follow = !model.events_follow,
        KeyCode::Char('w') if model.tab == Tab::Log => {
            (model.log.wrap, model.log.left) = (!model.log.wrap, 0);
        }
        KeyCode::Right if model.tab == Tab::Log && !model.log.wrap => model.log.left += SIDEWAYS,
        KeyCode::Left => model.log.left = model.log.left.saturating_sub(SIDEWAYS),
        KeyCode::Char(key) => return steer(model, key).unwrap_or_default(),
        _ => {}
    }
    Vec::new()
}

fn step(model: &mut TopModel, by: isize) {
    let rows = model.rows(model.tab);
    match model.tab {
        Tab::Fleet | Tab::Timeline => model.fleet.step(by, model.order.len()),
        Tab::Needs => model.needs.step(by, model.seen.needs.len()),
        Tab::Train => model.train_at.step(by, model.train.as_ref().map_or(0, Vec::len)),
        Tab::Log => model.log.step(by, rows),
        Tab::Events => {
            model.events_at.step(by, model.events.len());
            model.events_follow = by > 0 && model.events_at.at + 1 >= model.events.len();
        }
    }
}

fn go_to(model: &mut TopModel, tab: Tab) {
    if tab == Tab::Log && model.tab != Tab::Log {
        let of_fleet = model.chosen().map(|row| row.name.clone());
        if let Some(plan) = model.current().or(of_fleet) {
            return open_log(model, &plan, false);
        }
    }
    model.tab = tab;
}

fn open_log(model: &mut TopModel, plan: &str, previous: bool) {
    if model.tab != Tab::Log {
        model.from = model.tab;
    }
    if model.log.plan != plan || model.log.previous != previous {
        model.log = model.log.of(plan, previous);
    }
    model.tab = Tab::Log;
}

fn enter(model: &mut TopModel) -> Vec<TopOrder> {
    let plan = model.current().filter(|_| model.tab != Tab::Log);
    let status = plan.map(|plan| show(&["status", &plan], PagePurpose::Plan(plan.clone())));
    status.into_iter().collect()
}
