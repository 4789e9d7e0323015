//! Whole documents through graph and scheduler: random plan sets in every strategy and dispatch, simulated to their ends
//! in worlds with failures, stragglers and wrong estimates. A failure prints its seed; `ORCH_SIM_SEED=N` replays it and
//! `ORCH_SIM_RUNS=N` sets how many are tried.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orch::graph::{Durations, Gate, Generated, Rng};
use orch::plan::{Arrangement, Dispatch, Lanes, Phase, PipelineStart, PlanSet, Priority, Strategy, TaskId};
use orch::plan::{UnitId, VerifyBlock};
use orch::schedule::{Ending, Overheads, Simulation, SimulationSettings, Work, simulate};

use super::proved_bounds::{Rivals, tighten};

use crate::support::campaign;

/// A random plan set, with everything that a document can say about its order.
fn plan_set(dice: &mut Rng, seed: u64) -> PlanSet {
    let mut set = Generated {
        seed,
        plans: 1 + dice.below(6),
        tasks: 1 + dice.below(14),
        phase: 1 + dice.below(5),
        named: dice.share() * 100.0,
        cross: 40.0,
        files: if dice.percent(30.0) { 50.0 } else { 0.0 },
        max_agents: 1 + dice.below(4),
        ..Generated::default()
    }
    .plan_set();
    for plan in &mut set.plans {
        let lanes = if dice.percent(50.0) {
            Lanes::Auto
        } else {
            Lanes::Count(1 + dice.below(5))
        };
        plan.arrangement = Arrangement {
            dispatch: [Dispatch::Plan, Dispatch::Phase, Dispatch::Task][dice.below(3)],
            strategy: Strategy::DRAWN[dice.below(4)],
            threshold: [500, 800, 1000][dice.below(3)],
            lanes,
            ..Arrangement::default()
        };
        plan.auto_merge = dice.percent(50.0);
        let phases = &mut Arc::make_mut(&mut plan.document).phases;
        for place in 0..phases.len() {
            let (before, rest) = phases.split_at_mut(place);
            annotate(dice, before, &mut rest[0]);
        }
    }
    set
}

/// Checks, sequences, early starts, phases side by side, and boxes that are ticked already.
fn annotate(dice: &mut Rng, before: &[Phase], phase: &mut Phase) {
    if dice.percent(20.0) {
        phase.verify = Some(VerifyBlock {
            boxes: 0,
            ticked: 0,
            checks: vec!["it works".to_owned()],
            numbered: Vec::new(),
            background: dice.percent(50.0),
            line: 1,
        });
    }
    if dice.percent(20.0) {
        for task in &mut phase.tasks {
            task.sequential = Some("a".to_owned());
        }
    }
    if dice.percent(10.0) {
        phase.tasks[0].ticked = true;
    }
    if let Some(other) = before.last() {
        if dice.percent(20.0) {
            let first = other.tasks[dice.below(other.tasks.len())].id;
            phase.pipeline_start = Some(PipelineStart::Task(first));
        } else if dice.percent(20.0) {
            phase.pipeline_start = Some(PipelineStart::Share {
                of: other.id,
                percent: 50,
            });
        } else if dice.percent(15.0) {
            phase.parallel_with.push(other.id);
        }
    }
}

fn run(seed: u64) {
    let mut dice = Rng::of(seed, &[77]);
    let set = plan_set(&mut dice, seed);
    let trouble = dice.percent(50.0);
    let settings = SimulationSettings {
        seed,
        noise: dice.share(),
        failures: if trouble { 20.0 } else { 0.0 },
        stragglers: 10.0,
        overheads: if dice.percent(50.0) {
            Overheads::default()
        } else {
            Overheads {
                worktree: 3_000,
                start: 500,
                check: 200,
                integrate: 300,
                pin: 20,
                verify: 60_000,
                merge: 10_000,
            }
        },
    };
    let work = Work::new(&set, &Durations::default(), false);
    let found = simulate(work.clone(), &settings);
    assert!(found.ending.is_some(), "a deadlock: {found:#?}");
    assert!(
        found.lower_bound <= found.makespan || trouble,
        "faster than possible: {} < {}",
        found.makespan,
        found.lower_bound
    );
    assert_slots(&work, &found);
    if !trouble {
        assert_eq!(found.ending, Some(Ending::Settled), "{found:#?}");
        assert_eq!(found.tasks, found.tasks_in_all);
        assert_done_once(&work, &found);
    }
}

/// Never two attempts in one slot, and never more than there are.
fn assert_slots(work: &Work, found: &Simulation) {
    let mut until: BTreeMap<usize, u64> = BTreeMap::new();
    for span in &found.spans {
        assert!(span.slot < work.slots, "slot {} of {}", span.slot, work.slots);
        let before = until.insert(span.slot, span.to).unwrap_or(0);
        assert!(before <= span.from, "two attempts in slot {}", span.slot);
    }
}

/// Each unit that was open is given out exactly once where nothing fails.
fn assert_done_once(work: &Work, found: &Simulation) {
    let mut given: BTreeMap<usize, Vec<UnitId>> = BTreeMap::new();
    for span in &found.spans {
        given.entry(span.plan).or_default().extend(&span.units);
    }
    for (number, plan) in work.plans.iter().enumerate() {
        let open = plan.units.iter().filter(|unit| !unit.ticked).map(|unit| unit.id);
        let open: BTreeSet<UnitId> = open.collect();
        let once = given.remove(&number).unwrap_or_default();
        let all: BTreeSet<UnitId> = once.iter().copied().collect();
        assert_eq!(once.len(), all.len(), "{}: something was done twice", plan.name);
        assert_eq!(all, open, "{}: something was left", plan.name);
    }
}

#[test]
fn random_documents_end_in_every_strategy_and_dispatch() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, last) = match number("ORCH_SIM_SEED") {
        Some(seed) => (seed, seed + 1),
        None => (0, campaign("ORCH_SIM_RUNS", 2_000) as u64),
    };
    for seed in first..last {
        if let Err(cause) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("seed {seed} failed: ORCH_SIM_SEED={seed} replays it");
            std::panic::resume_unwind(cause);
        }
    }
    println!("{} random plan sets", last - first);
}

/// Work of a lower priority never goes before what could run.
#[test]
fn the_order_of_priorities_is_kept() {
    for seed in 0..runs_of(100) {
        let mut dice = Rng::of(seed, &[80]);
        let mut set = Generated {
            seed,
            plans: 4 + dice.below(6),
            tasks: 3,
            phase: 3,
            cross: 0.0,
            max_agents: 1 + dice.below(3),
            ..Generated::default()
        }
        .plan_set();
        for plan in &mut set.plans {
            plan.priority = Priority(dice.below(3) as i64);
        }
        let work = Work::new(&set, &Durations::default(), false);
        let found = simulate(work, &SimulationSettings::default());
        let started = found.spans.iter().map(|span| set.plans[span.plan].priority);
        let started: Vec<Priority> = started.collect();
        assert!(
            started.windows(2).all(|pair| pair[0] >= pair[1]),
            "seed {seed}: {started:?}"
        );
    }
}

/// How many cases are tried: so many, or as many as are asked for.
fn runs_of(usual: u64) -> u64 {
    let asked = std::env::var("ORCH_SIM_RUNS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Up to ten tasks on two or three slots, against the best of all schedules.
#[test]
fn small_graphs_end_within_a_tenth_of_the_best_schedule() {
    let (mut best, mut worse) = (0, Vec::new());
    let cases = 100;
    for seed in 0..cases {
        let mut dice = Rng::of(seed, &[78]);
        let count = 4 + dice.below(7);
        let mut set = Generated {
            seed,
            plans: 1,
            tasks: count,
            phase: count,
            max_agents: 2 + dice.below(2),
            arrangement: Arrangement {
                dispatch: Dispatch::Task,
                strategy: Strategy::Independent,
                lanes: Lanes::Count(10),
                ..Arrangement::default()
            },
            ..Generated::default()
        }
        .plan_set();
        let tasks = &mut Arc::make_mut(&mut set.plans[0].document).phases[0].tasks;
        for (place, task) in tasks.iter_mut().enumerate() {
            let named = (0..place).filter(|_| dice.percent(25.0));
            task.depends = Some(named.map(|other| TaskId::new(1, other as u32 + 1)).collect());
        }
        let work = Work::new(&set, &Durations::default(), false);
        let ours = simulate(work.clone(), &SimulationSettings::default()).makespan;
        let perfect = Search::new(&work, true).best();
        assert!(ours >= perfect, "seed {seed}: {ours} beats the best, {perfect}");
        let took = |plan: usize, unit: usize| work.plans[plan].units[unit].expected;
        let proved = |rivals| tighten(&work, &took, 0, ours, rivals, 1_000_000);
        assert_eq!(
            proved(Rivals::All),
            perfect,
            "seed {seed}: proved of all schedules"
        );
        let busy = Search::new(&work, false).best();
        assert_eq!(
            proved(Rivals::Busy),
            busy,
            "seed {seed}: proved of those that leave no slot free"
        );
        if ours == perfect {
            best += 1;
        } else {
            worse.push((seed, ours as f64 / perfect as f64));
        }
    }
    println!("{best} of {cases} are the best there is; the others, as multiples of the best: {worse:.4?}");
    assert!(worse.iter().all(|(_, times)| *times < 1.1), "{worse:?}");
    assert!(best >= 76, "{best}");
}

/// All schedules, cut off where they cannot become better than the best one so far.
struct Search {
    /// True when a slot may be left free on purpose.
    idles: bool,
    took: Vec<u64>,
    before: Vec<u32>,
    tails: Vec<u64>,
    slots: usize,
    best: u64,
}

impl Search {
    fn new(work: &Work, idles: bool) -> Self {
        let plan = &work.plans[0];
        let before = (0..plan.units.len()).map(|unit| {
            let members = plan.gates_at(unit).flat_map(Gate::of);
            members.fold(0u32, |set, member| set | (1 << member))
        });
        Self {
            idles,
            took: plan.units.iter().map(|unit| unit.expected).collect(),
            before: before.collect(),
            tails: plan.units.iter().map(|unit| unit.remaining).collect(),
            slots: work.slots,
            best: u64::MAX,
        }
    }

    fn best(mut self) -> u64 {
        self.step(0, 0, &[]);
        self.best
    }

    /// `begun` as a set; `running` with the moment of each one's end.
    fn step(&mut self, now: u64, begun: u32, running: &[(u64, usize)]) {
        let all = (1u32 << self.took.len()) - 1;
        let left = (0..self.took.len()).filter(|task| begun & (1 << task) == 0);
        let left: Vec<usize> = left.collect();
        let last = running
            .iter()
            .map(|(end, task)| end + self.tails[*task] - self.took[*task]);
        let path = left.iter().map(|task| now + self.tails[*task]);
        let work: u64 = left.iter().map(|task| self.took[*task]).sum::<u64>()
            + running.iter().map(|(end, _)| end - now).sum::<u64>();
        let bound = last.chain(path).max().unwrap_or(now);
        if bound.max(now + work.div_ceil(self.slots as u64)) >= self.best {
            return;
        }
        if begun == all {
            self.best = running.iter().map(|(end, _)| *end).max().unwrap_or(now);
            return;
        }
        let done = running.iter().fold(begun, |set, (_, task)| set & !(1 << task));
        let ready = left.into_iter().filter(|task| self.before[*task] & !done == 0);
        let ready: Vec<usize> = ready.collect();
        let free = running.len() < self.slots && !ready.is_empty();
        if free {
            for task in ready {
                let mut next = running.to_vec();
                next.push((now + self.took[task], task));
                self.step(now, begun | (1 << task), &next);
            }
        }
        // Or wait until something ends.
        if (self.idles || !free)
            && let Some(end) = running.iter().map(|(end, _)| *end).min()
        {
            let next = running.iter().copied().filter(|(at, _)| *at > end);
            self.step(end, begun, &next.collect::<Vec<_>>());
        }
    }
}
