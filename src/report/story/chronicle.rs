//! The story of each run, read from the journal: attempts, results, times and usage.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::attempt_story::{AttemptStory, Spending, between};
use super::merge_story::MergeStory;
use super::spell::Spell;
use crate::journal::{Columns, Record};
use crate::plan::{AttemptId, CommitId, Currency, PhaseId, PlanName, PlanState, RunId};
use crate::schedule::{AgentStart, Event, Landed, MergeTrouble, NotLanded, WidthChange};
use crate::supervisor::TrueRisk;
use crate::words::because;

/// One run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunStory {
    /// Its id.
    pub run: String,
    /// The target of its plans.
    pub target: String,
    /// The currency of costs.
    pub currency: Currency,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When its last record was written.
    pub ended: Option<Timestamp>,
    /// How it ended, in words; `None` while it continues, or when its supervisor was killed.
    pub ending: Option<String>,
    /// True while a supervisor drives it.
    pub goes_on: bool,
    /// True when it only landed finished plans.
    pub merge_only: bool,
    /// Milliseconds in which a supervisor drove it, without the pauses between supervisors.
    pub driven_ms: u64,
    /// Its plans by name: those with records.
    pub plans: BTreeMap<PlanName, PlanStory>,
    /// The verifications of its merges.
    pub merges: Vec<MergeStory>,
    /// When it began to use fewer agents at once, or more, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub widths: Vec<(Timestamp, WidthChange)>,
    /// Warnings, with their times.
    pub warnings: Vec<(Timestamp, String)>,
    /// The risks that came true, where they were asked for.
    pub risks: Vec<TrueRisk>,
    /// The times in which a supervisor drove it.
    #[serde(skip)]
    pub driven: Vec<(Timestamp, Timestamp)>,
    #[serde(skip)]
    session: Option<(Timestamp, Timestamp)>,
    /// True after the run has ended: later requests of people do not belong to it.
    #[serde(skip)]
    over: Option<bool>,
}

/// A plan in a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PlanStory {
    /// Its state at the end of the run.
    pub state: Option<PlanState>,
    /// The reason, when it did not succeed.
    pub why: Option<String>,
    /// The commit with which it landed.
    pub landed: Option<CommitId>,
    /// When it landed.
    pub landed_at: Option<Timestamp>,
    /// The files that it brought of those which its `outputs` name.
    pub outputs: Vec<String>,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptStory>,
    /// When its phases were done, each for the first time.
    pub phases_done: BTreeMap<PhaseId, Timestamp>,
    /// When it was added to the manifest, while the run went on.
    #[serde(skip)]
    pub added: Option<Timestamp>,
    /// When it finished, for the first time.
    pub finished_at: Option<Timestamp>,
    /// Its waits, verifications and merges, in the order of their beginning.
    pub spells: Vec<Spell>,
}

impl PlanStory {
    /// How long its agents ran, in milliseconds.
    pub fn agent_ms(&self) -> u64 {
        self.attempts.iter().map(AttemptStory::took_ms).sum()
    }

    /// The usage of its attempts.
    pub fn spent(&self) -> Spending {
        let spent = self.attempts.iter().map(|attempt| attempt.spent);
        spent.fold(Spending::default(), Spending::plus)
    }
}

impl RunStory {
    /// Treats the run as under way: open attempts last until now.
    pub fn under_way(&mut self, now: Timestamp) {
        if let Some(last) = self.ended {
            self.drove(last, now);
        }
        self.goes_on = true;
        let attempts = self.plans.values_mut().flat_map(|plan| &mut plan.attempts);
        for attempt in attempts.filter(|attempt| attempt.ended.is_none()) {
            attempt.so_far = Some(now);
        }
    }

    fn drove(&mut self, from: Timestamp, to: Timestamp) {
        self.driven_ms += between(from, to);
        self.driven.push((from, to));
    }

    /// How it ended, or that it did not end, in words.
    pub fn ending_words(&self) -> &str {
        match (&self.ending, self.goes_on) {
            (Some(ending), _) => ending,
            (None, true) => "it is running",
            (None, false) => "its supervisor was killed; `orch up` continues",
        }
    }

    /// True when agents worked in it, or were supposed to.
    pub fn had_work(&self) -> bool {
        self.plans.values().any(|plan| !plan.attempts.is_empty())
    }

    /// True when it did nothing, because everything had settled before.
    pub fn did_nothing(&self) -> bool {
        !self.goes_on && self.plans.is_empty() && self.warnings.is_empty()
    }

    /// The number of plans with this state at its end.
    pub fn count(&self, state: PlanState) -> usize {
        self.plans
            .values()
            .filter(|plan| plan.state == Some(state))
            .count()
    }

    /// The story of a plan. Created if there is none.
    pub fn plan(&mut self, name: &PlanName) -> &mut PlanStory {
        self.plans.entry(name.clone()).or_default()
    }

    /// The story of a known attempt.
    pub fn attempt(&mut self, plan: &PlanName, id: &AttemptId) -> Option<&mut AttemptStory> {
        let attempts = &mut self.plans.get_mut(plan)?.attempts;
        attempts.iter_mut().rev().find(|attempt| attempt.attempt == *id)
    }

    fn take(&mut self, record: &Record) {
        match &record.event {
            Event::RunStarted { .. } => self.over = Some(false),
            _ if self.over != Some(false) => return,
            Event::RunStopped { .. } | Event::RunSettled {} => self.over = Some(true),
            _ => {}
        }
        let at = record.wall;
        self.began.get_or_insert(at);
        self.ended = Some(at);
        match (&mut self.session, &record.event) {
            (session @ None, _) | (session @ Some(_), Event::RunStarted { .. }) => {
                if let Some((from, to)) = session.replace((at, at)) {
                    self.drove(from, to);
                }
            }
            (Some((_, to)), _) => *to = at,
        }
        self.fold(at, &record.event);
        self.fold_spells(at, &record.event);
        self.merges.extend(MergeStory::of(at, &record.event));
        self.fold_spending(record);
    }

    fn fold(&mut self, at: Timestamp, event: &Event) {
        let mut end = |plan: &PlanName, state: PlanState, why: Option<String>| {
            let plan = self.plan(plan);
            (plan.state, plan.why) = (Some(state), why);
        };
        match event {
            Event::RunStarted {
                target, merge_only, ..
            } => {
                self.target.clone_from(target);
                // Landing the finished plans of a run belongs to that run.
                self.merge_only = *merge_only && !self.had_work();
                self.ending = None;
            }
            Event::RunStopped { why, .. } => {
                self.ending = Some(because(why));
                let plans = self.plans.values_mut();
                for plan in plans.filter(|plan| plan.state == Some(PlanState::Running)) {
                    plan.state = Some(PlanState::Ready);
                }
            }
            Event::RunSettled {} => self.ending = Some("all plans have settled".to_owned()),
            Event::RunWidth(change) => self.widths.push((at, change.clone())),
            Event::PlanFinished(of) => {
                end(&of.plan, PlanState::Finished, None);
                self.plan(&of.plan).finished_at.get_or_insert(at);
            }
            Event::PlanCancelled(of) => end(&of.plan, PlanState::Cancelled, None),
            Event::PlanFailed(of) => end(&of.plan, PlanState::Failed, Some(because(&of.why))),
            Event::PlanSkipped(skip) => end(&skip.plan, PlanState::Skipped, Some(because(&skip.why))),
            Event::PlanHeld { plan, .. } => {
                let why = crate::report::line::event_line::detail(event, Currency::default());
                end(plan, PlanState::Held, Some(why));
            }
            Event::WorktreeRefused(note) if note.lane == 0 => {
                end(&note.plan, PlanState::Held, Some(note.why.clone()));
            }
            Event::RetryRequested(about) => end(&about.plan, PlanState::Ready, None),
            Event::MergeFailed(NotLanded {
                plan,
                up_to: None,
                why,
            }) => {
                let said = Some(crate::report::line::event_line::detail(
                    event,
                    Currency::default(),
                ));
                let known = self.plan(plan);
                match (why, known.state) {
                    // The plan's work keeps its earlier result.
                    (MergeTrouble::NotFinished { .. }, Some(_)) => {}
                    (MergeTrouble::NotFinished { .. }, None) => known.why = said,
                    (why, _) if why.holds() => (known.state, known.why) = (Some(PlanState::Held), said),
                    _ => (known.state, known.why) = (Some(PlanState::Finished), said),
                }
            }
            Event::MergeLanded(Landed {
                plan,
                commit,
                part: None,
                ..
            }) => {
                let plan = self.plan(plan);
                (plan.state, plan.why) = (Some(PlanState::Landed), None);
                (plan.landed, plan.landed_at) = (Some(commit.clone()), Some(at));
            }
            Event::MergeFound(found) => end(&found.plan, PlanState::Landed, None),
            Event::Resolve(fact) => self.fold_conflict(at, fact),
            Event::ManifestChanged(edit) => {
                let new = edit.changes.iter().filter_map(|change| change.added_plan());
                new.for_each(|plan| self.plan(&plan).added = Some(at));
            }
            Event::Warning { plan, why } => {
                let about = plan.as_ref().map(|plan| format!("{plan}: ")).unwrap_or_default();
                self.warnings.push((at, format!("{about}{}", because(why))));
            }
            _ => self.fold_attempt(at, event),
        }
    }

    fn fold_attempt(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::PhaseDone { plan, phase, .. } => {
                self.plan(plan).phases_done.entry(*phase).or_insert(at);
            }
            Event::AttemptAssigned {
                plan,
                attempt,
                agent,
                units,
                lane,
                ..
            } => {
                let plan = self.plan(plan);
                plan.state = Some(PlanState::Running);
                plan.attempts
                    .push(AttemptStory::new(attempt, agent, units.clone(), *lane));
            }
            Event::AgentStarted(AgentStart { plan, attempt, .. }) => {
                if let Some(attempt) = self.attempt(plan, attempt) {
                    attempt.began.get_or_insert(at);
                }
            }
            Event::AgentEnded { plan, attempt, .. } => {
                if let Some(attempt) = self.attempt(plan, attempt) {
                    attempt.ended.get_or_insert(at);
                }
            }
            Event::AttemptFailed {
                plan,
                attempt,
                why,
                counted,
                ..
            } => {
                if let Some(attempt) = self.attempt(plan, attempt) {
                    let reason = if *counted {
                        &mut attempt.failed
                    } else {
                        &mut attempt.interrupted
                    };
                    *reason = Some(because(why));
                }
            }
            _ => {}
        }
    }

    /// Records the current usage of an attempt, from any event with `facts.spent`.
    fn fold_spending(&mut self, record: &Record) {
        let columns = Columns::of(&record.event);
        let Some(spent) = columns.data.get("facts").and_then(|facts| facts.get("spent")) else {
            return;
        };
        let (plan, attempt) = (record.event.plan().cloned(), columns.attempt);
        let Some((plan, attempt)) = plan.zip(attempt) else {
            return;
        };
        let number = |key: &str| spent.get(key).and_then(Value::as_u64);
        let tokens = ["input", "cached", "output"].into_iter().filter_map(number).sum();
        let cost = number("micros").map(|micros| micros as f64 / 1e6);
        let attempts = self.plan(&plan).attempts.iter_mut().rev();
        if let Some(known) = attempts
            .into_iter()
            .find(|known| known.attempt.as_str() == attempt)
        {
            known.spent = Spending { tokens, cost };
        }
    }
}

/// Every run, oldest first. Records from times without a supervisor belong to no run.
pub fn chronicle(records: &[Record]) -> Vec<RunStory> {
    let mut runs: BTreeMap<RunId, RunStory> = BTreeMap::new();
    let mut left: BTreeMap<PlanName, PlanState> = BTreeMap::new();
    let mut landings: BTreeSet<(&PlanName, &CommitId)> = BTreeSet::new();
    for record in records {
        // A merge that was asked for again, of what had landed.
        if let Event::MergeLanded(landed) = &record.event
            && landed.part.is_none()
            && !landings.insert((&landed.plan, &landed.commit))
        {
            continue;
        }
        let run = runs.entry(record.run).or_default();
        // When a merge is requested and refused, unfinished work of an earlier run keeps its state.
        if let Event::MergeFailed(NotLanded { plan, .. }) = &record.event {
            run.plan(plan).state = run.plan(plan).state.or(left.get(plan).copied());
        }
        run.take(record);
        if let Some(plan) = record.event.plan()
            && let Some(state) = run.plans.get(plan).and_then(|plan| plan.state)
        {
            left.insert(plan.clone(), state);
        }
    }
    runs.into_iter()
        .filter(|(_, run)| run.over.is_some())
        .map(|(id, mut run)| {
            run.run = id.to_string();
            if let Some((from, to)) = run.session.take() {
                run.drove(from, to);
            }
            if run.over == Some(true) {
                run.end_spells();
            }
            run
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Point, UnitId};
    use crate::report::story::figures::Figures;
    use crate::schedule::{At, Exit, OfPlan, Steered};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn story(events: Vec<(i64, Event)>) -> RunStory {
        let records = events.into_iter().zip(1..).map(|((seconds, event), seq)| Record {
            seq,
            at: At::default(),
            wall: at(seconds),
            run: RunId(1),
            event,
        });
        chronicle(&records.collect::<Vec<_>>()).remove(0)
    }

    fn started() -> Event {
        Event::RunStarted {
            run: RunId(1),
            base: "ab".repeat(20).parse().unwrap(),
            target: "main".to_owned(),
            only: Vec::new(),
            merge_only: false,
        }
    }

    fn attempt(plan: &str, number: u32, from: i64, to: i64) -> Vec<(i64, Event)> {
        let plan: PlanName = plan.parse().unwrap();
        let id = || AttemptId::new(&plan, number);
        let assigned = Event::AttemptAssigned {
            plan: plan.clone(),
            attempt: id(),
            number,
            agent: "x".parse().unwrap(),
            units: vec![UnitId::Phase(crate::plan::PhaseId(1))],
            lane: 0,
            account: None,
            ticks: None,
        };
        let began = Event::AgentStarted(AgentStart {
            plan: plan.clone(),
            attempt: id(),
            pid: 1,
            head: None,
            node: None,
        });
        let ended = Event::AgentEnded {
            plan: plan.clone(),
            attempt: id(),
            exit: Exit::Code { code: 0 },
            why: None,
        };
        vec![(from, assigned), (from, began), (to, ended)]
    }

    #[test]
    fn the_figures_of_a_run_count_what_ran_at_once_what_was_in_vain_and_no_pause_between_supervisors() {
        let mut events = vec![(0, started())];
        events.extend(attempt("a", 1, 0, 10));
        events.extend(attempt("b", 1, 5, 15));
        events.push((15, failed("b", true)));
        // Killed, and continued much later.
        events.push((1000, started()));
        events.extend(attempt("b", 2, 1005, 1010));
        let plan = "b".parse().unwrap();
        events.push((1010, Event::PlanFinished(OfPlan { plan })));
        events.push((1010, Event::RunSettled {}));
        events.sort_by_key(|(seconds, _)| *seconds);
        let run = story(events);
        let figures = Figures::of(&run);
        assert_eq!(
            (figures.driven_ms, figures.agent_ms, figures.wasted_ms),
            (25_000, 25_000, 10_000)
        );
        assert_eq!((figures.idle_ms, figures.peak, figures.attempts), (5_000, 2, 3));
        assert!((figures.mean - 1.0).abs() < 1e-9);
        assert_eq!((run.count(PlanState::Finished), run.plans.len()), (1, 2));
        assert_eq!(run.ending.as_deref(), Some("all plans have settled"));
    }

    fn failed(plan: &str, counted: bool) -> Event {
        let plan: PlanName = plan.parse().unwrap();
        Event::AttemptFailed {
            attempt: AttemptId::new(&plan, 1),
            plan,
            why: "no".into(),
            retry_in_ms: None,
            counted,
            nothing_made: false,
            unread: false,
        }
    }

    #[test]
    fn time_in_which_everything_waits_for_a_person_is_told_apart() {
        let mut events = vec![(0, started())];
        events.extend(attempt("a", 1, 0, 10));
        let plan: PlanName = "a".parse().unwrap();
        let held = Event::PlanHeld {
            plan: plan.clone(),
            why: crate::schedule::Hold::JournalLost {},
        };
        events.push((20, held));
        // Nobody drives it from 30 to 1000.
        events.push((
            30,
            Event::RunStopped {
                why: "".into(),
                resume: true,
            },
        ));
        events.push((1000, started()));
        events.push((1100, Event::RunSettled {}));
        let figures = Figures::of(&story(events));
        assert_eq!((figures.idle_ms, figures.waited_ms), (120_000, 110_000));
        assert_eq!(figures.overhead().map(f64::round), Some(50.0));
    }

    #[test]
    fn a_retrys_delay_is_no_wait_for_a_person_though_another_plan_waits_for_one() {
        let mut events = vec![(0, started())];
        events.extend(attempt("a", 1, 0, 10));
        let mut failure = failed("a", true);
        if let Event::AttemptFailed { retry_in_ms, .. } = &mut failure {
            *retry_in_ms = Some(20_000);
        }
        events.push((10, failure));
        let held = Event::PlanHeld {
            plan: "b".parse().unwrap(),
            why: crate::schedule::Hold::JournalLost {},
        };
        events.push((10, held));
        events.extend(attempt("a", 2, 30, 40));
        events.push((45, Event::RunSettled {}));
        let figures = Figures::of(&story(events));
        assert_eq!(
            (figures.idle_ms, figures.parked_ms, figures.waited_ms),
            (25_000, 20_000, 5_000)
        );
    }

    #[test]
    fn a_failed_verification_a_retrys_delay_and_a_question_are_told_apart_from_their_opposites() {
        let plan: PlanName = "a".parse().unwrap();
        let mut events = vec![(0, started())];
        events.extend(attempt("a", 1, 0, 10));
        events.push((10, Event::VerifyStarted(OfPlan { plan: plan.clone() })));
        let why = "no".into();
        events.push((
            12,
            Event::VerifyFailed(crate::schedule::Failed {
                plan: plan.clone(),
                why,
            }),
        ));
        let mut failure = failed("a", true);
        if let Event::AttemptFailed { retry_in_ms, .. } = &mut failure {
            *retry_in_ms = Some(20_000);
        }
        events.push((12, failure));
        events.extend(attempt("a", 2, 32, 40));
        events.push((
            40,
            Event::QuestionAsked(crate::schedule::Question {
                attempt: AttemptId::new(&plan, 2),
                plan,
                unit: None,
                text: "which?".into(),
            }),
        ));
        events.push((50, Event::RunSettled {}));
        let run = story(events);
        let spells = run.plans.values().flat_map(|plan| &plan.spells);
        let spells: Vec<_> = spells.map(|spell| (spell.kind, spell.from, spell.to)).collect();
        use crate::report::story::spell::SpellKind::{Gate, Parked, VerifyFailed};
        assert_eq!(
            spells,
            [
                (VerifyFailed, at(10), Some(at(12))),
                (Parked, at(12), Some(at(32))),
                (Gate, at(40), None)
            ]
        );
    }

    #[test]
    fn an_attempt_that_was_stopped_or_asked_did_not_fail() {
        let mut events = vec![(0, started())];
        events.extend(attempt("a", 1, 0, 10));
        events.push((10, failed("a", false)));
        let run = story(events);
        let attempt = &run.plans.values().next().unwrap().attempts[0];
        assert_eq!(
            (&attempt.failed, attempt.interrupted.as_deref()),
            (&None, Some("no"))
        );
        let figures = Figures::of(&run);
        assert_eq!((figures.failed_attempts, figures.wasted_ms), (0, 0));
    }

    #[test]
    fn what_is_asked_for_before_a_run_and_after_its_end_is_no_part_of_it() {
        let record = |seq, run, event| Record {
            seq,
            at: At::default(),
            wall: at(seq),
            run: RunId(run),
            event,
        };
        let about = || {
            Event::RetryRequested(Steered {
                plan: "b".parse().unwrap(),
                point: Point::Plan,
            })
        };
        let plan = "b".parse().unwrap();
        let failed = Event::PlanCancelled(OfPlan { plan });
        let runs = chronicle(&[
            record(1, 0, about()),
            record(2, 1, started()),
            record(3, 1, failed),
            record(4, 1, Event::RunSettled {}),
            record(5, 1, about()),
        ]);
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert_eq!(runs[0].count(PlanState::Cancelled), 1);
        assert_eq!(runs[0].ended, Some(at(4)));
    }
}
