//! The stream as a live board at the lower end of a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::journal::Record;
use crate::plan::{Dispatch, PlanName, PlanSet};
use crate::schedule::{
    At, AttemptState, Event, PlanRun, PlanWork, Scheduler, State, Tally, Work, attention, eta, plan_state,
};
use crate::supervisor::{Observer, given};
use crate::words::{attention_text, explained};

use super::board::{BoardRow, LiveBoard};
use super::count_line::{counts, figures};
use super::echo::NoEcho;
use super::event_line::detail;
use super::hanging::folded;
use super::screen::{Above, Screen};
use super::width::{error_columns, error_rows};

/// How often the board is drawn anew at most.
const TICK: Duration = Duration::from_millis(250);
/// How often times move on while nothing else does.
const SECOND: Duration = Duration::from_secs(1);

/// Titles of a plan's phases.
type Titles = BTreeMap<PlanName, Vec<(u32, String)>>;

/// A board of plans on standard error, and above it what a person should not miss.
#[derive(Debug)]
pub struct ProgressBars {
    bar: ProgressBar,
    known: Arc<Mutex<Known>>,
    above: Above,
    begun: bool,
    no_echo: Option<NoEcho>,
}

impl ProgressBars {
    /// A board for plans of this set; it comes with the first word of a run.
    pub fn new(set: &PlanSet) -> Self {
        let titles = set.plans.iter().map(|plan| {
            let phases = plan.document.phases.iter();
            let titles = phases.map(|phase| (phase.id.0, phase.title.clone()));
            (plan.name.clone(), titles.collect())
        });
        let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let known = Arc::new(Mutex::new(Known::new(titles.collect(), colour)));
        let above = Above::default();
        let drawn = known.clone();
        let board = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            let mut known = drawn.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = out.write_str(&known.text(Instant::now(), (error_columns(), error_rows())));
        };
        let style = ProgressStyle::with_template("{board}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let screen = Box::new(Screen::new(above.clone()));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(screen));
        bar.set_style(style.with_key("board", board));
        Self {
            bar,
            known,
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
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.take(records, scheduler, Instant::now());
        drop(known);
        if !std::mem::replace(&mut self.begun, true) {
            self.bar.enable_steady_tick(TICK);
        }
    }

    fn ended(&mut self, _: &Scheduler) {
        self.bar.disable_steady_tick();
        // How it ended, for who keeps what the terminal shows.
        self.bar.tick();
        self.bar.finish_and_clear();
        self.no_echo = None;
    }
}

/// What is said of it above the board; none for what the board itself shows.
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
    let time = record.wall.strftime("%H:%M:%S ").to_string();
    let said = format!("{}{what}{}", plan.unwrap_or_default(), detail(&record.event));
    Some(folded(&time, &said, error_columns()))
}

/// What the board is drawn from. Drawn is beside the run, and seldom: the run only leaves a copy of what it knows.
#[derive(Debug)]
struct Known {
    titles: Titles,
    colour: bool,
    now: Option<(Work, State)>,
    /// When it was as in the copy.
    since: Instant,
    /// Plans of which something was said.
    told: BTreeSet<PlanName>,
    /// The last drawing, of a terminal of this size, until something is news or a second passes.
    text: String,
    size: (usize, usize),
    drawn: Option<Instant>,
}

impl Known {
    fn new(titles: Titles, colour: bool) -> Self {
        Self {
            titles,
            colour,
            now: None,
            since: Instant::now(),
            told: BTreeSet::new(),
            text: String::new(),
            size: (0, 0),
            drawn: None,
        }
    }

    fn take(&mut self, records: &[Record], scheduler: &Scheduler, now: Instant) {
        self.told
            .extend(records.iter().filter_map(|record| record.event.plan().cloned()));
        self.now = Some((scheduler.work().clone(), scheduler.state().clone()));
        self.since = now;
        self.drawn = None;
    }

    /// The board's lines at this moment, for a terminal of so many columns and rows.
    fn text(&mut self, now: Instant, size: (usize, usize)) -> String {
        let is_fresh = self.drawn.is_some_and(|drawn| now.duration_since(drawn) < SECOND);
        if is_fresh && self.size == size {
            return self.text.clone();
        }
        let Some((work, mut state)) = self.now.take() else {
            return String::new();
        };
        let copied = state.now;
        let passed = now.saturating_duration_since(self.since).as_millis();
        state.now = At(copied.0 + u64::try_from(passed).unwrap_or(0));
        let board = self.board(&work, &state);
        // One row is left to what was said last.
        let lines = board.lines(size.0, size.1.saturating_sub(1).max(1), self.colour);
        state.now = copied;
        self.now = Some((work, state));
        (self.text, self.size, self.drawn) = (lines.join("\n"), size, Some(now));
        self.text.clone()
    }

    fn board(&self, work: &Work, state: &State) -> LiveBoard {
        // A merge is about plans of the run before, or of none: those that it says something of.
        let merging = state.run.as_ref().is_some_and(|run| run.merge_only.is_some());
        let needs = attention(work, state);
        let mut asks = BTreeMap::new();
        for (place, item) in needs.iter().enumerate() {
            asks.entry(&item.plan).or_insert((place, item));
        }
        let mut rows = Vec::new();
        for plan in &work.plans {
            let is_shown = match merging {
                true => self.told.contains(&plan.name),
                false => state.drives(&plan.name),
            };
            if !is_shown {
                continue;
            }
            let run = state.plan(&plan.name);
            let tally = Tally::of(plan, run);
            let at_work = run.attempts.values();
            let at_work = at_work.filter(|attempt| attempt.state == AttemptState::Running);
            let since = at_work.map(|attempt| attempt.since).min();
            let asks = asks.get(&plan.name);
            let said = match asks {
                // What runs and still wants a person's eye says that first.
                Some((_, item)) => attention_text(item, state).0,
                None if since.is_some() => self.current_phase(plan, run),
                None => {
                    let first = explained(work, state, &plan.name).into_iter().next();
                    first.map(|reason| reason.text).unwrap_or_default()
                }
            };
            rows.push(BoardRow {
                name: plan.name.to_string(),
                state: plan_state(work, state, &plan.name),
                asks: asks.map(|(place, _)| *place),
                done: tally.done,
                all: tally.all,
                took: since.map(|since| state.now.since(since)),
                said,
            });
        }
        let states: Vec<_> = rows.iter().map(|row| row.state).collect();
        let asking = rows.iter().filter(|row| row.asks.is_some()).count();
        let left = eta(work, state, None).run.filter(|_| !merging);
        LiveBoard {
            counts: counts(asking, &states),
            figures: figures(left.map(|left| left / 1000), None, state.spent.micros),
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
