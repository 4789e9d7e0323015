//! When plans and the run will be done.

use super::landings::Landings;
use super::open_work::OpenWork;
use super::timetable::timetable;
use crate::graph::Rng;
use crate::schedule::state::known::State;
use crate::schedule::work::plans::Work;

/// When the work that needs no person will be done, in milliseconds from now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Eta {
    /// Each plan, in manifest order. `None` for a plan that is done, or that needs a person first.
    pub plans: Vec<Option<u64>>,
    /// When agents are expected to begin on each plan, or to go on with it. `None` like in `plans`.
    pub begins: Vec<Option<u64>>,
    /// Everything that can be done and landed without a person, `None` when there is nothing.
    pub run: Option<u64>,
    /// The range in which the run ends in four of five cases, `None` when too little was measured.
    pub range: Option<(u64, u64)>,
}

/// How many runs are simulated for the range.
const RUNS: u64 = 200;

/// The largest spread of durations that is drawn: beyond it, whole kinds of work differ, and not the tasks of a kind.
const WIDEST: f64 = 1.0;

/// The most units that are simulated over all runs, so that a forecast does not take long.
const UNITS: u64 = 200_000;

/// Forecasts when the plans and the run will be done, at the pace that was measured so far.
pub fn eta(work: &Work, state: &State) -> Eta {
    ends(work, &OpenWork::of(work, state), &Landings::of(work, state))
}

fn ends(work: &Work, open: &OpenWork, landings: &Landings) -> Eta {
    let left: Vec<u64> = open.units.iter().map(|unit| unit.left).collect();
    let ends = timetable(work, open, &left);
    let plans = plan_ends(open, &ends);
    let begin = |units: &Vec<usize>| {
        let begins = units.iter().filter_map(|unit| Some(ends[*unit]? - left[*unit]));
        begins.min()
    };
    let run = ends.iter().flatten().max().copied().max(landings.end(&plans));
    Eta {
        begins: open.of_plan.iter().map(begin).collect(),
        run,
        // Where durations are far apart, most runs are shorter than their mean.
        range: range(work, open, landings)
            .zip(run)
            .map(|((from, to), run)| (from.min(run), to.max(run))),
        plans,
    }
}

/// When each plan is done, given when its units are.
fn plan_ends(open: &OpenWork, ends: &[Option<u64>]) -> Vec<Option<u64>> {
    let plan = |units: &Vec<usize>| {
        let ends: Option<Vec<u64>> = units.iter().map(|unit| ends[*unit]).collect();
        ends?.into_iter().max()
    };
    open.of_plan.iter().map(plan).collect()
}

/// The range of the run's end over simulated runs.
fn range(work: &Work, open: &OpenWork, landings: &Landings) -> Option<(u64, u64)> {
    let runs = RUNS.min(UNITS / (open.units.len() as u64).max(1));
    let spread = open.spread.filter(|_| runs >= 20)?.min(WIDEST);
    let draw = |run: u64| {
        let noisy = open.units.iter().enumerate().map(|(unit, own)| {
            // Long and short tasks of one unit partly cancel out. The mean of the factors is 1.
            let spread = spread / (own.tasks as f64).sqrt();
            let normal = Rng::of(run, &[unit as u64]).normal();
            (own.left as f64 * (normal * spread - spread * spread / 2.0).exp()) as u64
        });
        let ends = timetable(work, open, &noisy.collect::<Vec<u64>>());
        let landed = landings.end(&plan_ends(open, &ends));
        ends.into_iter().flatten().max().max(landed)
    };
    let mut ends: Vec<u64> = (0..runs).filter_map(draw).collect();
    ends.sort_unstable();
    let at = |tenth: usize| ends.get(ends.len() * tenth / 10).copied();
    Some((at(1)?, at(9)?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::graph::{Durations, Generated};
    use crate::plan::{Arrangement, Dispatch, Strategy};
    use crate::schedule::drive::scheduler::Scheduler;
    use crate::schedule::event::at::At;
    use crate::schedule::event::fact::Event;
    use crate::schedule::simulate::simulation::SimulationSettings;
    use crate::schedule::simulate::world::simulate;

    fn work(dispatch: Dispatch, seed: u64) -> Work {
        let set = Generated {
            seed,
            plans: 6,
            tasks: 12,
            max_agents: 3,
            arrangement: Arrangement {
                dispatch,
                strategy: Strategy::Dag,
                ..Arrangement::default()
            },
            ..Generated::default()
        };
        Work::new(&set.plan_set(), &Durations::default(), true)
    }

    #[test]
    fn at_the_start_it_is_close_to_a_run_in_which_all_takes_as_long_as_expected() {
        let mut worst: f64 = 0.0;
        for dispatch in [Dispatch::Plan, Dispatch::Phase, Dispatch::Task] {
            for seed in 0..30 {
                let scheduler = Scheduler::new(work(dispatch, seed));
                let found = eta(scheduler.work(), scheduler.state());
                let real = simulate(work(dispatch, seed), &SimulationSettings::default()).makespan;
                let error = found.run.unwrap() as f64 / real as f64 - 1.0;
                worst = worst.max(error.abs());
                assert!(
                    error.abs() < 0.2,
                    "{dispatch:?} {seed}: {found:?}, but it took {real}"
                );
                assert!(found.plans.iter().all(Option::is_some), "{found:?}");
                let mut spans = found.begins.iter().zip(&found.plans);
                assert!(spans.all(|(begin, end)| begin < end), "{found:?}");
                assert!(found.begins.contains(&Some(0)), "{found:?}");
                assert_eq!(found.plans.iter().flatten().max(), found.run.as_ref());
            }
        }
        println!("largest error {worst:.3}");
    }

    #[test]
    fn a_plan_of_several_phases_comes_nearer_with_each_task_that_its_agent_reports() {
        let set = Generated {
            plans: 1,
            tasks: 4,
            phase: 1,
            ..Generated::default()
        };
        let mut scheduler = Scheduler::new(Work::new(&set.plan_set(), &Durations::default(), false));
        let plan = scheduler.work().plans[0].clone();
        let (name, attempt) = (plan.name.as_str(), format!("{}-1", plan.name));
        let units: Vec<Value> = plan.units.iter().map(|unit| json!(unit.id)).collect();
        let agent = &plan.units[0].agent;
        let mut happens = |at: u64, event: Value| {
            let kind = event["event"].as_str().unwrap().to_owned();
            scheduler.replay([(At(at), &Event::read(&kind, event).unwrap())]);
            eta(scheduler.work(), scheduler.state()).run.unwrap()
        };
        happens(
            0,
            json!({"event": "attempt.assigned", "plan": name, "attempt": attempt, "agent": agent, "number": 1, "units": units}),
        );
        let mut left = vec![happens(
            0,
            json!({"event": "agent.started", "plan": name, "attempt": attempt, "pid": 1}),
        )];
        for (number, task) in plan.tasks().take(3).enumerate() {
            let done =
                json!({"event": "task.done", "plan": name, "attempt": attempt, "task": task.to_string()});
            left.push(happens(1_000 * (number as u64 + 1), done));
        }
        assert!(left.is_sorted_by(|before, after| before > after), "{left:?}");
        let last = left[3];
        assert!(
            (500..2_000).contains(&last),
            "one task of a second is left: {left:?}"
        );
    }

    #[test]
    fn work_that_waits_for_a_moment_begins_then() {
        let scheduler = Scheduler::new(work(Dispatch::Plan, 1));
        let mut open = OpenWork::of(scheduler.work(), scheduler.state());
        let hour = 3_600_000;
        for unit in open.units.iter_mut().filter(|unit| unit.plan == 0) {
            unit.rests = hour;
        }
        let landings = Landings::of(scheduler.work(), scheduler.state());
        let found = ends(scheduler.work(), &open, &landings);
        let own: u64 = open.of_plan[0].iter().map(|unit| open.units[*unit].left).sum();
        // Others may have all slots at that moment.
        assert!(found.begins[0] >= Some(hour), "{found:?}");
        assert!(found.plans[0] >= Some(hour + own), "{found:?}");
    }

    #[test]
    fn a_run_that_lands_its_plans_ends_with_the_last_landing() {
        let mut scheduler = Scheduler::new(work(Dispatch::Plan, 1));
        let before = eta(scheduler.work(), scheduler.state());
        let plan = scheduler.work().plans[0].name.to_string();
        let verdict = json!({"green": true, "runs": 1, "took": {"secs": 100, "nanos": 0}});
        let verified = json!({"event": "merge.verified", "plan": plan, "plans": [plan], "verdict": verdict});
        scheduler.replay([(At(0), &Event::read("merge.verified", verified).unwrap())]);
        let after = eta(scheduler.work(), scheduler.state());
        assert_eq!(after.plans, before.plans);
        assert_eq!(after.run, before.run.map(|end| end + 100_000));
    }

    #[test]
    fn the_range_holds_what_is_expected_and_grows_with_the_spread() {
        let scheduler = Scheduler::new(work(Dispatch::Task, 1));
        let range = |spread| {
            let mut open = OpenWork::of(scheduler.work(), scheduler.state());
            open.spread = Some(spread);
            let landings = Landings::of(scheduler.work(), scheduler.state());
            range(scheduler.work(), &open, &landings).unwrap()
        };
        let (narrow, wide) = (range(0.05), range(0.8));
        assert!(wide.0 < narrow.0 || wide.1 > narrow.1, "{narrow:?} {wide:?}");
        assert!(wide.1 - wide.0 > narrow.1 - narrow.0, "{narrow:?} {wide:?}");
    }
}
