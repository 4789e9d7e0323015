//! Taking in what agents report about their tasks.

use std::collections::BTreeSet;

use crate::plan::{AttemptId, ItemId, PlanName, TaskState};

use super::admission;
use super::attempt::Stage;
use super::scheduler::{Scheduler, Step};
use super::{At, Event, LateReport, TaskReport};

impl Scheduler {
    pub(super) fn take_report(
        &mut self,
        at: At,
        plan: &PlanName,
        lane: u32,
        items: Vec<(ItemId, TaskState, Option<String>)>,
        step: &mut Step,
    ) {
        let Some(work) = self.plan_work(plan) else {
            return;
        };
        let checks = work.document.numbered_checks().map(|check| check.id.task);
        let known: BTreeSet<_> = work.tasks().chain(checks).collect();
        let by = self.state.plan(plan).attempts.get(&lane);
        // What is there before its agent runs is the word of the one before.
        let by = by.filter(|attempt| attempt.stage != Stage::Assigned);
        let attempt = by.map(|attempt| attempt.id.clone());
        let given = by.map(|attempt| attempt.units.clone()).unwrap_or_default();
        for (task, state, note) in items {
            let run = self.state.plan(plan);
            let before = run.item_state(&task);
            // An idle lane still says what its last agent said of its own task; a person can only leave tasks out there.
            if run.by_units && attempt.is_none() && state != TaskState::Skipped {
                let news = is_news(before, state) && run.heard.get(&task) != Some(&state);
                if news && matches!(state, TaskState::Done | TaskState::Failed) && known.contains(&task.task)
                {
                    let late = LateReport {
                        plan: plan.clone(),
                        task,
                        lane,
                        state,
                        note,
                    };
                    self.record(at, Event::ReportLate(late), step);
                }
                continue;
            }
            if !known.contains(&task.task) || !is_news(before, state) {
                continue;
            }
            // What it was told when it began may have been taken back since: to repeat that says nothing.
            let is_given = given.iter().any(|unit| unit.covers(task.task));
            if run.by_units && attempt.is_some() && !is_given && run.heard.get(&task) == Some(&state) {
                continue;
            }
            if state != TaskState::Failed && self.is_refused(at, plan, lane, &task, state, step) {
                continue;
            }
            let report = TaskReport {
                plan: plan.clone(),
                task,
                attempt: attempt.clone(),
                note,
            };
            let event = match state {
                TaskState::Running => Event::TaskStarted(report),
                TaskState::Done => Event::TaskDone(report),
                TaskState::Failed => Event::TaskFailed(report),
                TaskState::Skipped => Event::TaskSkipped(report),
                TaskState::Pending | TaskState::Ready => continue,
            };
            self.record(at, event, step);
        }
    }

    /// True when what is said of the item cannot be, because work on it may not begin. That is told once; for the attempt
    /// it stays so, even if the way is free by the time the same is read again.
    fn is_refused(
        &mut self,
        at: At,
        plan: &PlanName,
        lane: u32,
        item: &ItemId,
        state: TaskState,
        step: &mut Step,
    ) -> bool {
        let Some(work) = self.plan_work(plan) else {
            return false;
        };
        let run = self.state.plan(plan);
        let attempt = run.attempts.get(&lane);
        let by = attempt.map(|attempt| attempt.id.clone());
        let said = (plan.clone(), by, item.clone(), state);
        if self.refused.contains(&said) {
            return true;
        }
        // Where others go on beside it, a person may leave out what nobody works on.
        let speaker = attempt.filter(|_| !(run.by_units && state == TaskState::Skipped));
        let Some(refusal) = admission::refusal(work, run, &self.state, speaker, item) else {
            return false;
        };
        let who = said.1.as_ref().map_or("a report", AttemptId::as_str);
        let why =
            format!("{who} calls {item} {state}, which may not begin: {refusal}; this counts for nothing");
        let plan = Some(plan.clone());
        self.record(at, Event::Warning { plan, why }, step);
        self.refused.insert(said)
    }
}

/// A report changes what is known when it says more: nothing takes back that a task is done but the word that it
/// failed, since marking work done that is not is the greater harm.
fn is_news(before: TaskState, now: TaskState) -> bool {
    match (before, now) {
        (_, TaskState::Pending | TaskState::Ready) => false,
        (TaskState::Done | TaskState::Skipped, TaskState::Running) => false,
        (TaskState::Done, TaskState::Skipped) => false,
        (before, now) => before != now,
    }
}
