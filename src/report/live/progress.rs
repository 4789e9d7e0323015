//! The stream of records as a live board at the bottom of a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::journal::Record;
use crate::plan::{Currency, Dispatch, PlanName, PlanSet};
use crate::schedule::{
    At, AttemptState, Event, PlanRun, PlanWork, Scheduler, State, Tally, Work, attention, eta, plan_state,
};
use crate::supervisor::{Observer, given};
use crate::words::{attention_text, explained, money};

use super::board::{BoardRow, LiveBoard};
use super::echo::NoEcho;
use super::screen::{Above, Screen};
use crate::report::line::count_line::{counts, figures};
use crate::report::line::event_line::detail;
use crate::report::text::clock::clock;
use crate::report::text::hanging::folded;
use crate::report::text::width::{error_columns, error_rows};

/// The shortest time between two drawings.
const TICK: Duration = Duration::from_millis(250);
/// How often shown times advance when nothing else changes.
const SECOND: Duration = Duration::from_secs(1);
/// The pause between drawings without news, as a multiple of the time that a drawing takes.
const SELDOM: u32 = 50;

/// Titles of a plan's phases.
type Titles = BTreeMap<PlanName, Vec<(u32, String)>>;

/// A board of plans on standard error, and above it messages that a person should not miss.
#[derive(Debug)]
pub struct ProgressBars {
    bar: ProgressBar,
    news: Arc<Mutex<Option<News>>>,
    /// Plans that were mentioned.
    told: BTreeSet<PlanName>,
    above: Above,
    begun: bool,
    no_echo: Option<NoEcho>,
}

impl ProgressBars {
    /// A board for the plans of this set. It appears with the first record of a run.
    pub fn new(set: &PlanSet) -> Self {
        let titles = set.plans.iter().map(|plan| {
            let phases = plan.document.phases.iter();
            let titles = phases.map(|phase| (phase.id.0, phase.title.clone()));
            (plan.name.clone(), titles.collect())
        });
        let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let news = Arc::new(Mutex::new(None));
        let drawing = Arc::new(Mutex::new(Drawing::new(
            news.clone(),
            titles.collect(),
            colour,
            set.run.currency,
        )));
        let above = Above::default();
        let board = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            let mut drawing = drawing.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = out.write_str(drawing.text((error_columns(), error_rows())));
        };
        let style = ProgressStyle::with_template("{board}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let screen = Box::new(Screen::new(above.clone()));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(screen));
        bar.set_style(style.with_key("board", board));
        Self {
            bar,
            news,
            told: BTreeSet::new(),
            above,
            begun: false,
            no_echo: NoEcho::begin(),
        }
    }
}

impl Observer for ProgressBars {
    fn recorded(&mut self, records: &[Record], scheduler: &Scheduler) {
        let lines = records.iter().filter_map(notice);
        let mut above = self.above.lock().unwrap_or_else(PoisonError::into_inner);
        above.extend(lines);
        drop(above);
        let plans = records.iter().filter_map(|record| record.event.plan().cloned());
        self.told.extend(plans);
        let (work, state) = (scheduler.work().clone(), scheduler.state().clone());
        // A merge concerns plans of an earlier run, or of none: those that its records mention.
        let merging = state.run.as_ref().is_some_and(|run| run.merge_only.is_some());
        let news = News {
            work,
            at: state.now,
            state,
            told: merging.then(|| self.told.clone()),
            since: Instant::now(),
        };
        *self.news.lock().unwrap_or_else(PoisonError::into_inner) = Some(news);
        if !std::mem::replace(&mut self.begun, true) {
            self.bar.enable_steady_tick(TICK);
        }
    }

    fn awaits(&mut self, _: &Scheduler) {
        let time = format!("{} ", clock(jiff::Timestamp::now()));
        let said = "waiting for a person: the run goes on once something is settled; Ctrl-C ends it";
        let mut above = self.above.lock().unwrap_or_else(PoisonError::into_inner);
        above.extend([folded(&time, said, error_columns())]);
    }

    fn ended(&mut self, _: &Scheduler) {
        self.bar.disable_steady_tick();
        // The last state, for a person who keeps the terminal's contents.
        self.bar.tick();
        self.bar.finish_and_clear();
        self.no_echo = None;
    }
}

/// The message above the board; `None` for events that the board itself shows.
fn notice(record: &Record) -> Option<String> {
    let what = match &record.event {
        Event::RunStopping { .. } => "stopping: ",
        Event::Warning { .. }
        | Event::AttemptFailed { .. }
        | Event::AgentStalled(_)
        | Event::StallActed(_)
        | Event::ManifestChanged(_) => "",
        _ => return None,
    };
    let plan = record.event.plan().map(|plan| format!("{plan}: "));
    let time = format!("{} ", clock(record.wall));
    // None of these events has a cost.
    let detail = detail(&record.event, Currency::default());
    let said = format!("{}{what}{detail}", plan.unwrap_or_default());
    Some(folded(&time, &said, error_columns()))
}

/// A copy of the run's data: the board is drawn in parallel, and the run does not wait for it.
#[derive(Debug)]
struct News {
    work: Work,
    state: State,
    /// The plans of a merge.
    told: Option<BTreeSet<PlanName>>,
    /// The moment of the data.
    at: At,
    since: Instant,
}

/// The last drawing of the board.
#[derive(Debug)]
struct Drawing {
    news: Arc<Mutex<Option<News>>>,
    titles: Titles,
    colour: bool,
    currency: Currency,
    known: Option<News>,
    text: String,
    /// Columns and rows of the terminal.
    size: (usize, usize),
    /// When to draw even without news.
    due: Instant,
}

impl Drawing {
    fn new(news: Arc<Mutex<Option<News>>>, titles: Titles, colour: bool, currency: Currency) -> Self {
        Self {
            news,
            titles,
            colour,
            currency,
            known: None,
            text: String::new(),
            size: (0, 0),
            due: Instant::now(),
        }
    }

    /// The board's lines at this moment, for a terminal of this size.
    fn text(&mut self, size: (usize, usize)) -> &str {
        let begun = Instant::now();
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner).take();
        if news.is_none() && size == self.size && begun < self.due {
            return &self.text;
        }
        self.known = news.or(self.known.take());
        if let Some(mut known) = self.known.take() {
            let passed = u64::try_from(known.since.elapsed().as_millis()).unwrap_or(0);
            known.state.now = At(known.at.0 + passed);
            // One row is left for the last message.
            let room = size.1.saturating_sub(1).max(1);
            self.text = self.board(&known).lines(size.0, room, self.colour).join("\n");
            self.known = Some(known);
        }
        self.size = size;
        // A slow drawing is repeated less often.
        self.due = Instant::now() + SECOND.max(begun.elapsed() * SELDOM);
        &self.text
    }

    fn board(&self, known: &News) -> LiveBoard {
        let (work, state) = (&known.work, &known.state);
        let needs = attention(work, state);
        let mut asks = BTreeMap::new();
        for (place, item) in needs.iter().enumerate() {
            asks.entry(&item.plan).or_insert((place, item));
        }
        let is_shown = |plan: &&PlanWork| match &known.told {
            Some(told) => told.contains(&plan.name),
            None => state.drives(&plan.name),
        };
        let row = |plan: &PlanWork| {
            let run = state.plan(&plan.name);
            let tally = Tally::of(plan, run);
            let at_work = run.attempts.values();
            let at_work = at_work.filter(|attempt| attempt.state == AttemptState::Running);
            let since = at_work.map(|attempt| attempt.since).min();
            let asks = asks.get(&plan.name);
            let said = match asks {
                // For a running plan that needs a person, the need comes first.
                Some((_, item)) => attention_text(item, state).0,
                None if since.is_some() => self.current_phase(plan, run),
                None => {
                    let first = explained(work, state, &plan.name).into_iter().next();
                    first.map(|reason| reason.text).unwrap_or_default()
                }
            };
            BoardRow {
                name: plan.name.to_string(),
                state: plan_state(work, state, &plan.name),
                asks: asks.map(|(place, _)| *place),
                done: tally.done,
                all: tally.all,
                took: since.map(|since| state.now.since(since)),
                said,
            }
        };
        let rows: Vec<BoardRow> = work.plans.iter().filter(is_shown).map(row).collect();
        let plans: Vec<_> = rows.iter().map(|row| (row.state, row.asks.is_some())).collect();
        let seconds = |ms: u64| ms / 1000;
        let left = Some(eta(work, state))
            .filter(|_| known.told.is_none())
            .unwrap_or_default();
        let range = left.range.map(|(from, to)| (seconds(from), seconds(to)));
        let cost = state
            .spent_on_plans()
            .micros
            .map(|micros| money(micros, self.currency));
        LiveBoard {
            counts: counts(&plans),
            brief: figures(left.run.map(seconds), None, true, cost.clone()),
            figures: figures(left.run.map(seconds), range, true, cost),
            rows,
        }
    }

    fn current_phase(&self, plan: &PlanWork, run: &PlanRun) -> String {
        if plan.dispatch == Dispatch::Task {
            let attempts = run.attempts.values();
            let given: Vec<String> = attempts.map(|attempt| given(&attempt.units)).collect();
            return given.join(", ");
        }
        let mut phases = plan.phases.iter();
        let Some(open) = phases.find(|phase| !run.phases_done.contains_key(&phase.id)) else {
            return String::new();
        };
        let titles = self.titles.get(&plan.name);
        let title = titles.and_then(|titles| titles.iter().find(|(id, _)| *id == open.id.0));
        format!("phase {}: {}", open.id, title.map_or("", |(_, title)| title))
    }
}
