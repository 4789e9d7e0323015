//! Reads what agents and people report about tasks.

use std::collections::BTreeSet;

use crate::plan::{AttemptId, CommitId, PlanName, Speaker, Statement, TaskState};
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::TaskReport;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::LateReport;
use crate::schedule::event::why::because::Because;
use crate::schedule::event::why::closed_work::{ClosedBecause, ClosedReport};
use crate::schedule::ready::admission;
use crate::schedule::state::attempt::Attempt;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// The reports from one reading of a worktree.
#[derive(Debug)]
pub(in crate::schedule) struct Heard {
    /// Lane of the worktree; 0 is the plan's own.
    pub lane: u32,
    /// The worktree's commit.
    pub head: Option<CommitId>,
    /// The reports.
    pub said: Vec<Statement>,
}

/// The author of a report.
#[derive(Debug, PartialEq)]
enum Voice {
    /// A running attempt.
    Attempt(AttemptId),
    /// A person.
    Person,
    /// An agent that has already ended.
    Late,
}

pub(in crate::schedule) fn take_report(
    board: &mut Board,
    at: At,
    plan: &PlanName,
    mut heard: Heard,
    step: &mut Step,
) {
    // Sort reports by time. A ticked box has no time.
    heard.said.sort_by_key(|said| said.at);
    let Some(work) = board.plan_work(plan) else {
        return;
    };
    let checks = work.document.numbered_checks().map(|check| check.id.task);
    let known: BTreeSet<_> = work.tasks().chain(checks).collect();
    for said in heard.said {
        // A report from before the work started does not count.
        if said.known || !known.contains(&said.item.task) {
            continue;
        }
        let run = board.state.plan(plan);
        // A box that was ticked before the work started does not report anything.
        if said.at.is_none() && said.by.is_none() && run.was_ticked(&said.item) {
            continue;
        }
        let voice = voice_of(run, heard.lane, &said);
        if voice == Voice::Late {
            let counts = matches!(said.state, TaskState::Done | TaskState::Failed);
            let unheard = run.heard.get(&said.item) != Some(&said.state);
            let unheard = unheard && !was_heard_in_time(run, &said);
            if counts && unheard && is_change(run.item_state(&said.item), said.state) {
                let late = LateReport {
                    plan: plan.clone(),
                    task: said.item,
                    lane: heard.lane,
                    refused: false,
                    state: said.state,
                    note: said.note,
                };
                board.record(at, Event::ReportLate(late), step);
            }
            continue;
        }
        if !is_news(run, &voice, &said) {
            continue;
        }
        let state = said.state;
        if was_heard(run, &voice, &said) {
            continue;
        }
        if state != TaskState::Failed && is_refused(board, at, plan, heard.lane, (&voice, &said), step) {
            continue;
        }
        let title = board
            .plan_work(plan)
            .and_then(|work| work.document.title_of(&said.item));
        let report = TaskReport {
            plan: plan.clone(),
            task: said.item,
            attempt: match voice {
                Voice::Attempt(attempt) => Some(attempt),
                Voice::Person | Voice::Late => None,
            },
            title,
            note: said.note,
            said_at: said.at,
            commit: said.commit.or_else(|| heard.head.clone()),
            assumed: false,
        };
        let event = match state {
            TaskState::Running => Event::TaskStarted(report),
            TaskState::Done => Event::TaskDone(report),
            TaskState::Failed => Event::TaskFailed(report),
            TaskState::Skipped => Event::TaskSkipped(report),
            TaskState::Pending | TaskState::Ready => continue,
        };
        board.record(at, event, step);
    }
}

/// Returns true for a report that the next reading of this worktree will accept. Lists of done work use this too.
pub fn takes(work: &PlanWork, state: &State, lane: u32, said: &Statement) -> bool {
    let run = state.plan(&work.name);
    let voice = voice_of(run, lane, said);
    let before = said.known || (said.at.is_none() && said.by.is_none() && run.was_ticked(&said.item));
    let refused = || said.state != TaskState::Failed && refusal(work, run, state, &voice, said).is_some();
    !before
        && voice != Voice::Late
        && is_news(run, &voice, said)
        && !was_heard(run, &voice, said)
        && !refused()
}

/// Returns why the reported work may not start yet.
fn refusal(
    work: &PlanWork,
    run: &PlanRun,
    state: &State,
    voice: &Voice,
    said: &Statement,
) -> Option<ClosedBecause> {
    let by = match voice {
        Voice::Attempt(id) => Some(id),
        Voice::Person | Voice::Late => None,
    };
    // When units have their own branches, a person may skip work that no agent works on.
    let attempt = by.and_then(|id| run.attempt(id));
    let given = |attempt: &Attempt| attempt.units.iter().any(|unit| unit.covers(said.item.task));
    let leaves_out = run.by_units && said.state == TaskState::Skipped;
    let speaker = attempt.filter(|attempt| !leaves_out || given(attempt));
    let over = Some(&said.item).filter(|_| said.state == TaskState::Running);
    let over = over.and_then(|item| admission::over(work, run, attempt, item));
    over.or_else(|| admission::refusal(work, run, state, speaker, &said.item))
}

/// Returns true when the report on the item is refused, because work on it may not start yet. The refusal is recorded once.
/// It stays for the attempt, even if the work may start by the time the same report is read again.
fn is_refused(
    board: &mut Board,
    at: At,
    plan: &PlanName,
    lane: u32,
    (voice, said): (&Voice, &Statement),
    step: &mut Step,
) -> bool {
    let Some(work) = board.plan_work(plan) else {
        return false;
    };
    let run = board.state.plan(plan);
    let by = match voice {
        Voice::Attempt(id) => Some(id),
        Voice::Person | Voice::Late => None,
    };
    let told = (plan.clone(), by.cloned(), said.item.clone(), said.state, said.at);
    if board.refused.contains(&told) {
        return true;
    }
    let Some(closed) = refusal(work, run, &board.state, voice, said) else {
        return false;
    };
    let report = ClosedReport {
        by: by.cloned(),
        item: said.item.clone(),
        state: said.state,
        closed,
    };
    let why = Because::ReportRefused {
        report: Box::new(report),
    };
    let plan = Some(plan.clone());
    board.record(at, Event::Warning { plan, why }, step);
    // Recorded, so that the report does not count later, when the work may start.
    if matches!(said.state, TaskState::Done | TaskState::Skipped) {
        let late = LateReport {
            plan: told.0.clone(),
            task: said.item.clone(),
            lane,
            state: said.state,
            refused: true,
            note: said.note.clone(),
        };
        board.record(at, Event::ReportLate(late), step);
    }
    board.refused.insert(told)
}

/// Returns the author of a report. A report without a name comes from the agent at work there, else from a person. A lane
/// still shows the reports of its last agent, so a person without a name can only skip tasks there.
fn voice_of(run: &PlanRun, lane: u32, said: &Statement) -> Voice {
    let attempt = run.attempts.get(&lane);
    // A report without a name from before the agent runs belongs to the previous agent.
    let here = attempt.filter(|attempt| said.by.is_some() || !attempt.state.is_before_its_start());
    let here = here.map(|attempt| &attempt.id);
    match (&said.by, here) {
        (Some(Speaker::Person), _) => Voice::Person,
        (Some(Speaker::Attempt(by)), Some(id)) if by == id => Voice::Attempt(id.clone()),
        (Some(Speaker::Attempt(_)), _) => Voice::Late,
        (None, Some(id)) => Voice::Attempt(id.clone()),
        (None, None) if run.by_units && said.state != TaskState::Skipped => Voice::Late,
        (None, None) => Voice::Person,
    }
}

/// Returns true for a report that an ended agent made while it ran. The report was read at that time, whatever happened
/// since.
fn was_heard_in_time(run: &PlanRun, said: &Statement) -> bool {
    let Some(Speaker::Attempt(by)) = &said.by else {
        return false;
    };
    let heard = run.history_of(by).and_then(|record| record.said.values().max());
    said.at.is_some_and(|at| heard.is_some_and(|heard| at <= *heard))
}

/// A report with a time is new if it was not read yet, even if it repeats what is known. A report without a time is new if
/// it changes what is known.
fn is_news(run: &PlanRun, voice: &Voice, said: &Statement) -> bool {
    if matches!(said.state, TaskState::Pending | TaskState::Ready) {
        return false;
    }
    let before = match voice {
        Voice::Attempt(id) => run.attempt(id).and_then(|attempt| attempt.said.get(&said.item)),
        Voice::Person | Voice::Late => run.said_by_people.get(&said.item),
    };
    match (&said.at, before) {
        (Some(at), Some(before)) if at == before => {
            let heard = run.heard.get(&said.item) == Some(&said.state);
            !heard && is_change(run.item_state(&said.item), said.state)
        }
        (Some(_), _) => true,
        // The same report without a time or a name was already read, even if it did not count then.
        (None, _) => {
            let heard = said.by.is_none() && run.heard.get(&said.item) == Some(&said.state);
            !heard && is_change(run.item_state(&said.item), said.state)
        }
    }
}

/// Returns true when an agent repeats, without a time, what it was told at its start about work that is not its own. That
/// report may have been withdrawn since.
fn was_heard(run: &PlanRun, voice: &Voice, said: &Statement) -> bool {
    let Voice::Attempt(id) = voice else {
        return false;
    };
    let units = run.attempt(id).map_or(&[][..], |attempt| &attempt.units);
    let given = units.iter().any(|unit| unit.covers(said.item.task));
    run.by_units && !given && said.at.is_none() && run.heard.get(&said.item) == Some(&said.state)
}

/// Returns true when a report adds to what is known. Only a report of failure reopens a done task, because marking
/// unfinished work as done is the greater harm.
fn is_change(before: TaskState, now: TaskState) -> bool {
    match (before, now) {
        (_, TaskState::Pending | TaskState::Ready) => false,
        (TaskState::Done | TaskState::Skipped, TaskState::Running) => false,
        (TaskState::Done, TaskState::Skipped) => false,
        (before, now) => before != now,
    }
}
