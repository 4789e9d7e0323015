//! The stream as progress bars: one line a plan.

use std::collections::BTreeMap;
use std::time::Duration;

use anstyle::Style;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use crate::journal::Record;
use crate::plan::{Dispatch, PlanName, PlanSet, PlanState};
use crate::schedule::{AttemptState, Event, Scheduler, Tally, plan_state};
use crate::supervisor::{Observer, given};

use super::echo::NoEcho;
use super::event_line::detail;
use super::hanging::folded;
use super::palette::plan_style;
use super::span::span;
use super::width::{error_columns, fit, fit_names, pad};
use crate::words::explained;

/// How often elapsed times move on.
const TICK: Duration = Duration::from_millis(500);
/// With more plans than this, only those that run or need a person have a line.
const MANY: usize = 30;
/// Columns of the longest state's name.
const STATE: usize = 9;
/// Columns of a line besides the plan's name and what is said about it: bar, counts, state, time, gaps.
const FIXED: usize = 10 + 7 + STATE + 7 + 5;
/// Columns of a plan's name that it has in any terminal.
const NAME: usize = 20;
/// Columns of what is said about a plan that no name takes away.
const SAID: usize = 24;
/// One bar a plan, on standard error.
pub struct ProgressBars {
    bars: MultiProgress,
    lines: BTreeMap<PlanName, ProgressBar>,
    titles: BTreeMap<PlanName, Vec<(u32, String)>>,
    width: usize,
    /// Names as they are shown.
    names: BTreeMap<PlanName, String>,
    /// Only those that run or need a person have a line.
    many: bool,
    colour: bool,
    no_echo: Option<NoEcho>,
}

impl ProgressBars {
    /// Bars for plans of this set; each comes with the first word of a run that drives its plan.
    pub fn new(set: &PlanSet) -> Self {
        let bars = MultiProgress::new();
        let width = set
            .plans
            .iter()
            .map(|plan| plan.name.as_str().len())
            .max()
            .unwrap_or(4)
            .min(error_columns().saturating_sub(FIXED + SAID).max(NAME));
        let names: Vec<&str> = set.plans.iter().map(|plan| plan.name.as_str()).collect();
        let shown = set.plans.iter().map(|plan| plan.name.clone());
        let names = shown.zip(fit_names(&names, width)).collect();
        let mut this = Self {
            bars,
            lines: BTreeMap::new(),
            titles: BTreeMap::new(),
            width,
            names,
            many: false,
            colour: anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
            no_echo: NoEcho::begin(),
        };
        for plan in &set.plans {
            let titles = plan
                .document
                .phases
                .iter()
                .map(|phase| (phase.id.0, phase.title.clone()));
            this.titles.insert(plan.name.clone(), titles.collect());
        }
        this
    }

    /// The plan's bar, of so many tasks.
    fn line(&mut self, plan: &PlanName, tasks: u64) -> ProgressBar {
        if let Some(line) = self.lines.get(plan) {
            return line.clone();
        }
        let line = self.bars.add(ProgressBar::new(tasks));
        line.set_style(style("{prefix} {bar:10} {pos:>3}/{len:<3} {msg}"));
        let name = self.names.get(plan).map_or(plan.as_str(), String::as_str);
        line.set_prefix(pad(&fit(name, self.width), self.width));
        self.lines.insert(plan.clone(), line.clone());
        line
    }

    fn redraw(&mut self, plan: &PlanName, scheduler: &Scheduler) {
        let (work, state) = (scheduler.work(), scheduler.state());
        let now = plan_state(work, state, plan);
        let Some(known) = work.plans.iter().find(|known| &known.name == plan) else {
            return;
        };
        if self.many && !self.lines.contains_key(plan) && !is_shown(now) {
            return;
        }
        let run = state.plan(plan);
        let tally = Tally::of(known, run);
        let line = self.line(plan, tally.all as u64);
        line.set_length(tally.all as u64);
        line.set_position(tally.done as u64);
        let mut attempts = run.attempts.values();
        let at_work = attempts.any(|attempt| attempt.state == AttemptState::Running);
        // What runs and still wants a person's eye says that first.
        let troubled = run.attempts.values().any(|attempt| attempt.stall.is_some());
        let what = if at_work && !troubled {
            self.current_phase(plan, known, run)
        } else {
            explained(work, state, plan)
                .into_iter()
                .next()
                .map(|reason| reason.text)
                .unwrap_or_default()
        };
        let colour = if self.colour {
            plan_style(now)
        } else {
            Style::new()
        };
        let word = pad(now.as_str(), STATE);
        let room = error_columns().saturating_sub(self.width + FIXED).max(20);
        let time = if at_work { "{took}" } else { "       " };
        line.set_style(style(&format!(
            "{{prefix}} {{bar:10}} {{pos:>3}}/{{len:<3}} {colour}{word}{colour:#} {time} {{wide_msg}}"
        )));
        line.set_message(fit(&what, room));
        if at_work {
            line.enable_steady_tick(TICK);
        } else {
            line.disable_steady_tick();
            if self.many && now.is_settled() {
                line.finish_and_clear();
            }
        }
        line.tick();
    }

    fn current_phase(
        &self,
        plan: &PlanName,
        work: &crate::schedule::PlanWork,
        run: &crate::schedule::PlanRun,
    ) -> String {
        if work.dispatch == Dispatch::Task {
            let given: Vec<String> = run
                .attempts
                .values()
                .map(|attempt| given(&attempt.units))
                .collect();
            return given.join(", ");
        }
        let open = work
            .phases
            .iter()
            .find(|phase| !run.phases_done.contains_key(&phase.id));
        let Some(open) = open else {
            return String::new();
        };
        let title = self
            .titles
            .get(plan)
            .and_then(|titles| titles.iter().find(|(id, _)| *id == open.id.0));
        format!("phase {}: {}", open.id, title.map_or("", |(_, title)| title))
    }
}

fn is_shown(state: PlanState) -> bool {
    match state {
        PlanState::Running | PlanState::Parked | PlanState::Held | PlanState::Failed | PlanState::Paused => {
            true
        }
        PlanState::Blocked
        | PlanState::Ready
        | PlanState::Finished
        | PlanState::Landed
        | PlanState::Skipped
        | PlanState::Cancelled => false,
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("took", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{:>7}", span(state.elapsed()));
        })
        .progress_chars("=>-")
}

impl Observer for ProgressBars {
    fn recorded(&mut self, records: &[Record], scheduler: &Scheduler) {
        for record in records {
            if let Event::AgentStarted { plan, .. } = &record.event
                && let Some(line) = self.lines.get(plan)
            {
                line.reset_elapsed();
            }
            if let Event::Warning { .. }
            | Event::AttemptFailed { .. }
            | Event::AgentStalled(_)
            | Event::StallActed(_)
            | Event::ManifestChanged(_)
            | Event::RunStopping { .. } = &record.event
            {
                let plan = record
                    .event
                    .plan()
                    .map(|plan| format!("{plan}: "))
                    .unwrap_or_default();
                let what = match &record.event {
                    Event::RunStopping { .. } => "stopping: ",
                    _ => "",
                };
                let time = record.wall.strftime("%H:%M:%S ").to_string();
                let said = format!("{plan}{what}{}", detail(&record.event));
                let _ = self.bars.println(folded(&time, &said, error_columns()));
            }
        }
        let all: Vec<PlanName> = scheduler
            .work()
            .plans
            .iter()
            .map(|plan| plan.name.clone())
            .collect();
        let state = scheduler.state();
        let merging = state.run.as_ref().is_some_and(|run| run.merge_only.is_some());
        // A merge is about plans of the run before, or of none: those that it says something of.
        let told = |plan: &PlanName| records.iter().any(|record| record.event.plan() == Some(plan));
        let all: Vec<PlanName> = match merging {
            true => all
                .into_iter()
                .filter(|plan| self.lines.contains_key(plan) || told(plan))
                .collect(),
            false => all.into_iter().filter(|plan| state.drives(plan)).collect(),
        };
        self.many = all.len() > MANY;
        for plan in all {
            self.redraw(&plan, scheduler);
        }
    }

    fn ended(&mut self, _: &Scheduler) {
        for line in self.lines.values() {
            line.disable_steady_tick();
            line.abandon();
        }
        let _ = self.bars.clear();
        self.no_echo = None;
    }
}
