//! From good work to done work. When units have their own branches, their commits are merged into the plan's branch first,
//! one attempt after the other.

use super::closing::close_phases;
use super::failing::{hold_attempt, retry_or_give_up};
use super::starting::work_place;
use crate::plan::{ItemId, UnitId};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::TaskReport;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::why::attempt_end::Shortfall;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::judge::failure::Failure;
use crate::schedule::judge::phase_check::{Checked, checked};
use crate::schedule::judge::verdict::{AttemptVerdict, DoneStage, judge};
use crate::schedule::ready::file_turns;
use crate::schedule::ready::undeclared_files::waits_for_repeat;
use crate::schedule::state::attempt::{Attempt, AttemptState, Integration};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// Ends a good stage once its commits are on the plan's branch. Warns if the agent ended in an odd way.
pub(in crate::schedule) fn complete(
    board: &mut Board,
    at: At,
    index: usize,
    lane: u32,
    done: DoneStage,
    step: &mut Step,
) {
    let plan = &board.work.plans[index];
    let run = &board.state.plans[index];
    let Some(attempt) = run.attempts.get(&lane) else {
        return;
    };
    let (name, id) = (plan.name.clone(), attempt.id.clone());
    if plan.by_units() && !attempt.repair {
        match &attempt.integration {
            Integration::Merged => {}
            // `integrate` asks for the merges one after the other.
            Integration::Open => return,
            Integration::Conflict(files) => {
                let why = Because::BranchConflict { files: files.clone() };
                let first_time = run.tries_of(attempt.units.first().copied(), false).conflicts == 0;
                if first_time || attempt.learned {
                    return retry_or_give_up(board, at, &name, &id, &Failure::uncounted(why), step);
                }
                return hold_attempt(board, at, &name, &id, Hold::Refused { why }, step);
            }
            Integration::Refused(why) => {
                let hold = Hold::Refused {
                    why: why.as_str().into(),
                };
                return hold_attempt(board, at, &name, &id, hold, step);
            }
        }
    }
    let units = completed_units(plan, run, &board.state, attempt);
    let phases = if attempt.repair {
        Vec::new()
    } else {
        plan.phases_completed(run, &units)
    };
    match checked(board, at, index, &phases, step) {
        Checked::Passed => {}
        Checked::Waiting => return,
        Checked::Failed(phase, why) => {
            let failure = Failure::counted(Because::PhaseRed { phase, why });
            return retry_or_give_up(board, at, &name, &id, &failure, step);
        }
    }
    for task in done.assumed {
        let done = Event::TaskDone(TaskReport {
            attempt: Some(id.clone()),
            title: board.work.plans[index].document.title_of(&task.into()),
            assumed: true,
            ..TaskReport::by_person(name.clone(), task.into(), None)
        });
        board.record(at, done, step);
    }
    if let Some(odd) = done.odd {
        let why = Shortfall::OddButDone { end: odd }.into();
        let plan = Some(name.clone());
        board.record(at, Event::Warning { plan, why }, step);
    }
    let done = Event::StageDone {
        plan: name,
        attempt: id,
        units,
    };
    board.record(at, done, step);
    close_phases(board, at, index, step);
}

/// Asks to merge the commits of attempts into the plan's branch, one attempt after the other in the order of their ends.
pub(in crate::schedule) fn integrate(board: &mut Board, index: usize, step: &mut Step) {
    let plan = &board.work.plans[index];
    let run = &board.state.plans[index];
    if !plan.by_units() {
        return;
    }
    let waiting = run.attempts.iter().filter(|(_, attempt)| {
        attempt.integration == Integration::Open
            && !attempt.repair
            && !waits_for_repeat(run, attempt)
            && matches!(judge(plan, run, attempt), Some(AttemptVerdict::Done(_)))
    });
    let Some((lane, next)) = waiting.min_by_key(|(lane, attempt)| (attempt.ended, **lane)) else {
        return;
    };
    let asked = |attempt: &Attempt| board.asked.contains(&Ask::Integrate(attempt.id.clone()));
    if run.attempts.values().any(asked) {
        return;
    }
    let effect = Effect::Integrate {
        plan: plan.name.clone(),
        attempt: next.id.clone(),
        place: work_place(plan, run, *lane, next),
        tip: match &next.state {
            AttemptState::Checked(_, evidence) => evidence.head.clone(),
            AttemptState::Assigned
            | AttemptState::Submitted
            | AttemptState::Running
            | AttemptState::Ended(_) => None,
        },
        made: run.made.clone(),
    };
    let ask = Ask::Integrate(next.id.clone());
    board.ask(ask, effect, step);
}

/// Returns the attempt's units and the other units that its agent did on the way. The latter count only if nobody else works
/// on them and everything they wait for is done.
fn completed_units(plan: &PlanWork, run: &PlanRun, state: &State, attempt: &Attempt) -> Vec<UnitId> {
    let mut completed = attempt.units.clone();
    // A claimed unit with a failed subtask is not done.
    let claimed = attempt.claimed.iter();
    let claimed = claimed.filter(|task| run.is_item_settled(&ItemId::from(**task)));
    let claimed = claimed.map(|task| UnitId::Task(*task));
    let claimed = claimed.filter(|unit| plan.by_units() && !completed.contains(unit));
    let mut places: Vec<usize> = claimed.filter_map(|unit| plan.unit_place(unit)).collect();
    places.sort_unstable();
    for place in places {
        let unit = &plan.units[place];
        // Work that was skipped because of this unit stays skipped in this run.
        if run.is_worked_on(unit.id) || run.lost.contains_key(&unit.id) {
            continue;
        }
        let done = |other: UnitId| run.is_unit_done(other) || completed.contains(&other);
        let settled = |other: UnitId| run.is_unit_settled(other) || completed.contains(&other);
        let open = plan.waits.of(place).all(|gate| plan.is_open(gate, done, settled));
        let mut turns = file_turns::open(plan, &unit.after, state);
        if open && turns.next().is_none() && unit.depends.iter().all(|on| state.is_satisfied(on)) {
            completed.push(unit.id);
        }
    }
    completed
}
