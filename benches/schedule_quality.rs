//! How close the schedule comes to what nobody could beat, beside other orders of the same
//! work. Everything here is virtual time: no agent runs, and the same seeds give the same table on every machine.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

#[path = "support/proof/mod.rs"]
mod proof;
mod support;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use orch::graph::{Durations, Generated, Rng};
use orch::plan::{Arrangement, Dispatch, Document, Lanes, Phase, PhaseId, PlanSet, Strategy, Task, TaskId};
use orch::schedule::{Ending, SimulationSettings, Work, lower_bound, simulate};
use proof::{Rivals, tighten};
use support::{Options, Samples};

/// Work divided by slots, divided by the longest path, of each regime.
const REGIMES: [f64; 6] = [0.3, 0.6, 0.9, 1.1, 1.6, 3.0];
const SLOTS: [usize; 6] = [2, 4, 8, 16, 32, 64];

fn main() {
    let Some(options) = Options::read() else { return };
    let rounds = options.rounds(300);
    for noise in [0.0, 0.5] {
        if options.wants("regimes") {
            regimes(rounds, noise);
        }
    }
    if options.wants("worktrees") {
        bound_to_worktrees(rounds);
    }
}

/// How many moments are looked at to prove more than the lower bound does, and from which ratio on that is not worth it.
const EFFORT: u64 = 100_000;
const NEAR: f64 = 0.995;

/// How close schedules of exact durations come to more than the lower bound.
#[derive(Default)]
struct Proved {
    raised: usize,
    all: Samples,
    busy: Samples,
}

impl Proved {
    /// What searches through all schedules prove, and through those that leave no slot free while something could run.
    fn take(&mut self, work: &Work, took: &dyn Fn(usize, usize) -> u64, least: u64, makespan: u64) {
        let search = |from, rivals| tighten(work, took, from, makespan, rivals, EFFORT);
        let [all, busy] = if least as f64 / makespan as f64 >= NEAR {
            [least; 2]
        } else {
            let all = search(least, Rivals::All);
            [all, search(all, Rivals::Busy)]
        };
        self.raised += usize::from(busy > least);
        self.all.push(all as f64 / makespan as f64);
        self.busy.push(busy as f64 / makespan as f64);
    }

    fn print(&self) {
        println!("      ours, where searches raise {} of the bounds:", self.raised);
        row("  through all schedules", &self.all);
        row("  those leaving no slot free", &self.busy);
    }
}

/// One graph of tasks, as plain numbers.
struct Tasks {
    took: Vec<u64>,
    before: Vec<Vec<usize>>,
    slots: usize,
}

/// Random layers whose work and longest path are about in the proportion that is asked for.
fn tasks(seed: u64, regime: f64) -> Tasks {
    let mut dice = Rng::of(seed, &[(regime * 100.0) as u64]);
    let slots = SLOTS[dice.below(SLOTS.len())];
    // A path goes through the longer tasks of each layer: about 1.7 of the mean.
    let mut layers = 4 + dice.below(16);
    let width = (regime * 1.7 * slots as f64).max(1.3);
    let wanted = width * layers as f64;
    if wanted > 1200.0 {
        layers = ((1200.0 / width) as usize).max(3);
    }
    let count = ((width * layers as f64) as usize).max(4);
    let layer_of: Vec<usize> = {
        let mut of: Vec<usize> = (0..count)
            .map(|n| if n < layers { n } else { dice.below(layers) })
            .collect();
        of.sort_unstable();
        of
    };
    let took = (0..count)
        .map(|_| (600_000.0 * (dice.normal() * 0.7).exp()) as u64 + 1)
        .collect();
    let mut before = vec![Vec::new(); count];
    for task in 0..count {
        let layer = layer_of[task];
        if layer == 0 {
            continue;
        }
        let last: Vec<usize> = (0..count).filter(|other| layer_of[*other] + 1 == layer).collect();
        let any: Vec<usize> = (0..count).filter(|other| layer_of[*other] < layer).collect();
        for _ in 0..1 + dice.below(3) {
            let from = if dice.percent(80.0) { &last } else { &any };
            let other = from[dice.below(from.len())];
            if !before[task].contains(&other) {
                before[task].push(other);
            }
        }
    }
    Tasks { took, before, slots }
}

impl Tasks {
    /// The same as a plan with one worktree for each task.
    fn plan_set(&self) -> PlanSet {
        let list = (0..self.took.len()).map(|task| Task {
            id: id(task),
            title: String::new(),
            details: String::new(),
            ticked: false,
            depends: Some(self.before[task].iter().map(|other| id(*other)).collect()),
            cross: Vec::new(),
            sequential: None,
            parallel: None,
            subtasks: Vec::new(),
            files: Vec::new(),
            reads: Vec::new(),
            uses: Vec::new(),
            expected: Some(Duration::from_millis(self.took[task])),
            line: task + 1,
        });
        let phase = Phase {
            id: PhaseId(1),
            title: String::new(),
            objective: None,
            depends: Vec::new(),
            parallel_with: Vec::new(),
            pipeline_start: None,
            expected: None,
            tasks: list.collect(),
            verify: None,
            line: 1,
        };
        let mut set = Generated {
            plans: 1,
            tasks: 1,
            max_agents: self.slots,
            arrangement: Arrangement {
                dispatch: Dispatch::Task,
                strategy: Strategy::Independent,
                lanes: Lanes::Count(self.slots * 2),
                ..Arrangement::default()
            },
            ..Generated::default()
        }
        .plan_set();
        set.plans[0].document = Arc::new(Document {
            phases: vec![phase],
            ..Document::default()
        });
        set
    }

    fn behind(&self) -> Vec<Vec<usize>> {
        let mut behind = vec![Vec::new(); self.took.len()];
        for (task, before) in self.before.iter().enumerate() {
            for other in before {
                behind[*other].push(task);
            }
        }
        behind
    }

    /// The longest sum of weights from each task on.
    fn depth(&self, weight: impl Fn(usize) -> u64) -> Vec<u64> {
        let behind = self.behind();
        let mut depth = vec![0; self.took.len()];
        for task in (0..self.took.len()).rev() {
            let longest = behind[task].iter().map(|next| depth[*next]).max().unwrap_or(0);
            depth[task] = longest + weight(task);
        }
        depth
    }

    /// The sum of durations of everything that comes behind each task, each counted once.
    fn downstream(&self) -> Vec<u64> {
        let behind = self.behind();
        (0..self.took.len())
            .map(|first| {
                let mut seen = vec![false; self.took.len()];
                let mut stack = vec![first];
                let mut sum = 0;
                while let Some(task) = stack.pop() {
                    if !std::mem::replace(&mut seen[task], true) {
                        sum += self.took[task];
                        stack.extend(&behind[task]);
                    }
                }
                sum
            })
            .collect()
    }

    /// List scheduling: whenever a slot is free, the ready task of the largest weight goes first; equal ones in the
    /// order in which they became ready.
    fn listed(&self, weight: &[u64], took: &[u64]) -> u64 {
        let behind = self.behind();
        let mut missing: Vec<usize> = self.before.iter().map(Vec::len).collect();
        let mut ready: BinaryHeap<(u64, Reverse<usize>, usize)> = BinaryHeap::new();
        let mut turn = 0;
        for task in (0..missing.len()).filter(|task| missing[*task] == 0) {
            ready.push((weight[task], Reverse(turn), task));
            turn += 1;
        }
        let mut running: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        let mut now = 0;
        loop {
            while running.len() < self.slots
                && let Some((_, _, task)) = ready.pop()
            {
                running.push(Reverse((now + took[task], task)));
            }
            let Some(Reverse((at, task))) = running.pop() else {
                return now;
            };
            now = at;
            for next in &behind[task] {
                missing[*next] -= 1;
                if missing[*next] == 0 {
                    ready.push((weight[*next], Reverse(turn), *next));
                    turn += 1;
                }
            }
        }
    }
}

fn id(task: usize) -> TaskId {
    TaskId::new(1, task as u32 + 1)
}

fn row(name: &str, samples: &Samples) {
    println!(
        "    {name:<28} mean {:.4}   p5 {:.4}   min {:.4}",
        samples.mean(),
        samples.quantile(0.05),
        samples.min()
    );
}

/// The shipped scheduler and four orders that others use, on the same graphs.
fn regimes(rounds: usize, noise: f64) {
    println!(
        "\nlower bound / makespan, {rounds} random graphs a regime, 2 to 64 slots, {}:",
        if noise == 0.0 {
            "exact durations".to_owned()
        } else {
            format!("estimates off by e^N(0, {noise})")
        }
    );
    for regime in REGIMES {
        let mut rows: BTreeMap<&str, Samples> = BTreeMap::new();
        let mut ratios = Samples::default();
        let mut proved = Proved::default();
        for seed in 0..rounds as u64 {
            let tasks = tasks(seed, regime);
            let set = tasks.plan_set();
            let work = Work::new(&set, &Durations::default(), false);
            let settings = SimulationSettings {
                seed,
                noise,
                ..SimulationSettings::default()
            };
            let total: u64 = tasks.took.iter().sum();
            let path = tasks.depth(|task| tasks.took[task]);
            let longest = path.iter().max().copied().unwrap_or(1);
            ratios.push(total as f64 / tasks.slots as f64 / longest as f64);
            let found = simulate(work.clone(), &settings);
            assert_eq!(found.ending, Some(Ending::Settled));
            let mut took = vec![0; tasks.took.len()];
            for span in &found.spans {
                let orch::plan::UnitId::Task(task) = span.units[0] else {
                    unreachable!()
                };
                took[task.number as usize - 1] = span.to - span.from;
            }
            let taken = |_: usize, unit: usize| took[unit];
            let least = lower_bound(&work, &taken);
            if noise == 0.0 {
                proved.take(&work, &taken, least, found.makespan);
            }
            let bound = least as f64;
            let mut add = |name: &'static str, makespan: u64| {
                rows.entry(name).or_default().push(bound / makespan as f64);
            };
            add("1 ours", found.makespan);
            let nothing = vec![0; took.len()];
            add("2 first come, first served", tasks.listed(&nothing, &took));
            add(
                "3 depth, all tasks alike",
                tasks.listed(&tasks.depth(|_| 1), &took),
            );
            add("4 downstream sum", tasks.listed(&tasks.downstream(), &took));
            add("5 critical path", tasks.listed(&path, &took));
        }
        println!(
            "  work / slots : longest path = {regime} (median drawn {:.2})",
            ratios.median()
        );
        for (name, samples) in &rows {
            row(&name[2..], samples);
        }
        if noise == 0.0 {
            proved.print();
        }
    }
}

/// Plans with a worktree and one agent at a time each, whose phases wait for phases of others.
fn bound_to_worktrees(rounds: usize) {
    println!(
        "\nlower bound / makespan, one agent a plan, phases that wait for phases of other plans, {rounds} sets:"
    );
    for slots in [2, 3, 4, 6] {
        for noise in [0.0, 0.5] {
            let mut samples = Samples::default();
            let mut proved = Proved::default();
            let mut deadlocks = 0;
            for seed in 0..rounds as u64 {
                let mut dice = Rng::of(seed, &[slots as u64]);
                let set = Generated {
                    seed,
                    plans: slots * (2 + dice.below(4)),
                    tasks: 8 + dice.below(20),
                    cross: 30.0,
                    max_agents: slots,
                    ..Generated::default()
                };
                let work = Work::new(&set.plan_set(), &Durations::default(), false);
                let settings = SimulationSettings {
                    seed,
                    noise,
                    ..SimulationSettings::default()
                };
                let found = simulate(work.clone(), &settings);
                deadlocks +=
                    usize::from(found.ending != Some(Ending::Settled) || found.tasks < found.tasks_in_all);
                samples.push(found.efficiency());
                if noise == 0.0 {
                    let took = |plan: usize, unit: usize| work.plans[plan].units[unit].expected;
                    assert_eq!(lower_bound(&work, &took), found.lower_bound);
                    proved.take(&work, &took, found.lower_bound, found.makespan);
                }
            }
            row(
                &format!("{slots} slots, noise {noise}, {deadlocks} deadlocks"),
                &samples,
            );
            if noise == 0.0 {
                proved.print();
            }
        }
    }
}
