//! From good work to work that is done: where units have branches of their own, their commits come onto the plan's branch
//! first, one attempt after the other.

use crate::plan::{ItemId, TaskId, UnitId};

use super::starting::work_place;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::about::TaskReport;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::trouble::Hold;
use crate::schedule::judge::failure::Failure;
use crate::schedule::judge::phase_check::{Checked, failed_words};
use crate::schedule::judge::verdict::{Verdict, judge};
use crate::schedule::state::attempt::{Attempt, Integration, Stage};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

impl Scheduler {
    /// What follows from work that is good: it is done, once its commits are on the plan's branch. What was odd about its end
    /// is told then.
    pub(in crate::schedule) fn complete(
        &mut self,
        at: At,
        index: usize,
        lane: u32,
        unreported: Vec<TaskId>,
        odd: Option<String>,
        step: &mut Step,
    ) {
        let plan = &self.work.plans[index];
        let run = &self.state.plans[index];
        let Some(attempt) = run.attempts.get(&lane) else {
            return;
        };
        let (name, id) = (plan.name.clone(), attempt.id.clone());
        if plan.by_units() && !attempt.repair {
            match &attempt.integration {
                Integration::Merged => {}
                // Asked for in turn, see `integrate`.
                Integration::Open => return,
                Integration::Conflict(files) => {
                    let why = format!(
                        "its commits conflict with what is on the plan's branch by now: {}",
                        files.join(", ")
                    );
                    let first_time = run.tries_of(attempt.units.first().copied(), false).conflicts == 0;
                    if first_time || attempt.learned {
                        return self.retry_or_give_up(at, &name, &id, &Failure::uncounted(why), step);
                    }
                    let hold = Hold::Refused { why: why.clone() };
                    return self.hold_attempt(at, &name, &id, &why, hold, step);
                }
                Integration::Refused(why) => {
                    let why = why.clone();
                    let hold = Hold::Refused { why: why.clone() };
                    return self.hold_attempt(at, &name, &id, &why, hold, step);
                }
            }
        }
        let units = completed_units(plan, run, &self.state, attempt);
        let phases = if attempt.repair {
            Vec::new()
        } else {
            plan.phases_completed(run, &units)
        };
        match self.checked(at, index, &phases, step) {
            Checked::Passed => {}
            Checked::Waiting => return,
            Checked::Failed(phase, why) => {
                let failure = Failure::counted(failed_words(phase, &why));
                return self.retry_or_give_up(at, &name, &id, &failure, step);
            }
        }
        for task in unreported {
            let done = Event::TaskDone(TaskReport {
                attempt: Some(id.clone()),
                title: self.work.plans[index].document.title_of(&task.into()),
                assumed: true,
                ..TaskReport::by_person(name.clone(), task.into(), None)
            });
            self.record(at, done, step);
        }
        if let Some(odd) = odd {
            let why = format!("{odd}; all of its work was reported and committed, so it counts");
            let plan = Some(name.clone());
            self.record(at, Event::Warning { plan, why }, step);
        }
        let done = Event::LegDone {
            plan: name,
            attempt: id,
            units,
        };
        self.record(at, done, step);
        self.close_phases(at, index, step);
    }

    /// Has the commits of attempts merged into the plan's branch, one after the other in the order of their ends.
    pub(in crate::schedule) fn integrate(&mut self, index: usize, step: &mut Step) {
        let plan = &self.work.plans[index];
        let run = &self.state.plans[index];
        if !plan.by_units() {
            return;
        }
        let waiting = run.attempts.iter().filter(|(_, attempt)| {
            attempt.integration == Integration::Open
                && !attempt.repair
                && !run.waits_for_repeat(attempt)
                && matches!(judge(plan, run, attempt), Some(Verdict::Done { .. }))
        });
        let Some((lane, next)) = waiting.min_by_key(|(lane, attempt)| (attempt.ended, **lane)) else {
            return;
        };
        let asked = |attempt: &Attempt| self.asked.contains(&Ask::Integrate(attempt.id.clone()));
        if run.attempts.values().any(asked) {
            return;
        }
        let effect = Effect::Integrate {
            plan: plan.name.clone(),
            attempt: next.id.clone(),
            place: work_place(plan, run, *lane, next),
            tip: match &next.stage {
                Stage::Checked(_, evidence) => evidence.head.clone(),
                Stage::Assigned | Stage::Running | Stage::Ended(_) => None,
            },
            made: run.made.clone(),
        };
        let ask = Ask::Integrate(next.id.clone());
        self.ask(ask, effect, step);
    }
}

/// What an attempt was given, and what else its agent did on the way, as far as nobody else is at work on that and nothing
/// is open that it waits for.
fn completed_units(plan: &PlanWork, run: &PlanRun, state: &State, attempt: &Attempt) -> Vec<UnitId> {
    let mut completed = attempt.units.clone();
    // One of which a part failed is none that was done.
    let claimed = attempt.claimed.iter();
    let claimed = claimed.filter(|task| run.is_item_settled(&ItemId::from(**task)));
    let claimed = claimed.map(|task| UnitId::Task(*task));
    let claimed = claimed.filter(|unit| plan.by_units() && !completed.contains(unit));
    let mut places: Vec<usize> = claimed.filter_map(|unit| plan.unit_place(unit)).collect();
    places.sort_unstable();
    for place in places {
        let unit = &plan.units[place];
        // What was skipped because of it stays skipped in this run.
        if run.is_worked_on(unit.id) || run.lost.contains_key(&unit.id) {
            continue;
        }
        let done = |other: UnitId| run.is_unit_done(other) || completed.contains(&other);
        let settled = |other: UnitId| run.is_unit_settled(other) || completed.contains(&other);
        let open = plan.waits.of(place).all(|gate| plan.is_open(gate, done, settled));
        if open && unit.depends.iter().all(|on| state.is_satisfied(on)) {
            completed.push(unit.id);
        }
    }
    completed
}
