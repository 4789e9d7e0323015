//! The shipped merge train in virtual time: rounds to drain a queue, verifications for each plan that lands, and how long
//! plans wait beside an order that knows beforehand who is red. Nothing is built or run here, and the same seeds give
//! the same table on every machine. Every red verdict is repeated once before anybody is ejected, and that is counted.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orch::graph::Rng;
use orch::plan::PlanName;
use orch::schedule::train::{
    Build, BuildId, FailureRate, Order, Train, TrainAnswer, TrainEntry, TrainOutcome, TrainSettings, Tried,
    Verdict,
};
use support::Options;

/// Plans, slots and shares of red plans of the first table.
const PLANS: usize = 16;
const SLOTS: usize = 4;
const BAD: [f64; 5] = [2.0, 5.0, 10.0, 25.0, 40.0];

fn main() {
    let Some(options) = Options::read() else { return };
    let seeds = options.rounds(2000) as u64;
    println!(
        "rounds to drain {PLANS} plans with {SLOTS} slots (in brackets: verifications for each plan that landed)"
    );
    println!("| red plans | serial | pure train | nested prefixes | every_commit_green = true | = false |");
    println!("|---|---|---|---|---|---|");
    for bad in BAD {
        let mean = |every: bool| {
            let drained: Vec<Drained> = (0..seeds).map(|seed| drain(seed, bad, every)).collect();
            let sum = |of: fn(&Drained) -> usize| drained.iter().map(of).sum::<usize>() as f64;
            let landed = sum(|one| one.landed).max(1.0);
            format!(
                "{:.2} ({:.2})",
                sum(|one| one.rounds) / seeds as f64,
                sum(|one| one.runs) / landed
            )
        };
        let simple = |pick: fn(usize, usize) -> Vec<usize>| {
            let rounds: usize = (0..seeds).map(|seed| by_prefixes(seed, bad, pick)).sum();
            rounds as f64 / seeds as f64
        };
        println!(
            "| {bad} % | {PLANS} | {:.2} | {:.2} | {} | {} |",
            simple(|open, _| (1..=open.min(SLOTS)).collect()),
            simple(|open, red| spread(open.min(red))),
            mean(true),
            mean(false)
        );
    }
    println!();
    println!(
        "mean wait of plans that land, from their arrival on, beside an order that knows who is red (in brackets: \
         verifications for each plan that landed)"
    );
    println!("| red plans | arrivals for each verification's time | every_commit_green = true | = false |");
    println!("|---|---|---|---|");
    for bad in [2.0, 5.0, 10.0, 25.0] {
        for rate in [0.5, 1.0, 2.0] {
            let ratio = |every: bool| {
                let all: Vec<Turnaround> = (0..seeds / 20 + 1)
                    .map(|seed| turnaround(seed, bad, rate, every))
                    .collect();
                let sum = |of: fn(&Turnaround) -> f64| all.iter().map(of).sum::<f64>();
                let wait = sum(|one| one.waits) / sum(|one| one.best);
                let runs = sum(|one| one.runs as f64) / sum(|one| one.landed as f64);
                format!("{wait:.2} ({runs:.2})")
            };
            println!("| {bad} % | {rate} | {} | {} |", ratio(true), ratio(false));
        }
    }
}

fn name(number: usize) -> PlanName {
    format!("p{number}").parse().expect("a name")
}

fn number(plan: &PlanName) -> usize {
    plan.as_str()[1..].parse().expect("a number")
}

/// Which plans are red.
fn red(seed: u64, plans: usize, bad: f64) -> Vec<bool> {
    let mut dice = Rng::of(seed, &[bad as u64, 1]);
    (0..plans).map(|_| dice.percent(bad)).collect()
}

/// What was seen before.
fn odds(seed: u64, bad: f64) -> FailureRate {
    let mut dice = Rng::of(seed, &[bad as u64, 2]);
    let mut odds = FailureRate::default();
    (0..64).for_each(|_| odds.note(dice.percent(bad)));
    odds
}

struct Queue {
    train: Train,
    odds: FailureRate,
    red: Vec<bool>,
    waiting: BTreeSet<usize>,
    /// What each trial is about, with all that was below it when it began.
    builds: BTreeMap<BuildId, (Build, BTreeSet<usize>)>,
    target: BTreeSet<usize>,
    known: BTreeMap<BTreeSet<usize>, bool>,
    runs: usize,
    landed: Vec<usize>,
    stopped: BTreeSet<BuildId>,
    new: Vec<BuildId>,
}

impl Queue {
    fn new(seed: u64, plans: usize, bad: f64, every: bool) -> Self {
        let settings = TrainSettings {
            slots: SLOTS,
            every_commit_green: every,
            early: false,
            verified: true,
            command: 0,
        };
        Self {
            train: Train::new(settings),
            odds: odds(seed, bad),
            red: red(seed, plans, bad),
            waiting: BTreeSet::new(),
            builds: BTreeMap::new(),
            target: BTreeSet::new(),
            known: BTreeMap::from([(BTreeSet::new(), true)]),
            runs: 0,
            landed: Vec::new(),
            stopped: BTreeSet::new(),
            new: Vec::new(),
        }
    }

    /// Decides until nothing follows without a verdict: landings take no time, and a tree that is known none either.
    fn decide(&mut self) {
        loop {
            let entry = |plan: &usize| TrainEntry {
                plan: name(*plan),
                needs: BTreeSet::new(),
            };
            self.train
                .set_queue(None, self.waiting.iter().map(entry).collect());
            let mut again = false;
            for order in self.train.decide(&self.odds) {
                match order {
                    Order::Try(build) => {
                        let mut all = match build.again {
                            Some(first) => self.builds[&first].1.clone(),
                            None => self.target.clone(),
                        };
                        all.extend(build.batch.iter().map(number));
                        let id = build.id;
                        let known = build.again.is_none() && self.known.contains_key(&all);
                        self.builds.insert(id, (build, all));
                        if known {
                            self.answer(id, true);
                            again = true;
                        } else {
                            self.runs += 1;
                            self.new.push(id);
                        }
                    }
                    Order::Stop(id) => {
                        self.stopped.insert(id);
                    }
                    Order::Land(landing) => {
                        let moves = landing.batch.iter().map(|plan| {
                            let commit = "0".repeat(40).parse().expect("a commit");
                            (plan.clone(), None, commit)
                        });
                        let moves = moves.collect();
                        self.target.extend(landing.batch.iter().map(number));
                        self.tell(TrainAnswer::Landed(Ok(moves)));
                        again = true;
                    }
                }
            }
            if !again {
                return;
            }
        }
    }

    fn answer(&mut self, id: BuildId, known: bool) {
        let (_, all) = &self.builds[&id];
        let green = !all.iter().any(|plan| self.red[*plan]);
        let all = all.clone();
        self.known.insert(all, green);
        let verdict = Verdict {
            green,
            why: String::new(),
            timed_out: false,
            runs: 1,
            known,
            took: Duration::ZERO,
            ran: None,
        };
        let tried = if self.stopped.remove(&id) && !known {
            Tried::Stopped
        } else {
            Tried::Verdict(verdict)
        };
        self.tell(TrainAnswer::Tried {
            build: id,
            tried,
            tip_green: true,
        });
    }

    fn tell(&mut self, answer: TrainAnswer) {
        for outcome in self.train.take(answer) {
            match outcome {
                TrainOutcome::Landed { plan, .. } => {
                    self.waiting.remove(&number(&plan));
                    self.landed.push(number(&plan));
                    self.odds.note(false);
                }
                TrainOutcome::Failed(plan, _) => {
                    assert!(self.red[number(&plan)], "{plan} is innocent");
                    self.waiting.remove(&number(&plan));
                    self.odds.note(true);
                }
                TrainOutcome::Flaky { .. } | TrainOutcome::Rebuilt => unreachable!("nothing is flaky here"),
            }
        }
    }
}

struct Drained {
    rounds: usize,
    runs: usize,
    landed: usize,
}

/// All plans are there from the beginning, and all verifications take equally long.
fn drain(seed: u64, bad: f64, every: bool) -> Drained {
    let mut queue = Queue::new(seed, PLANS, bad, every);
    queue.waiting = (0..PLANS).collect();
    let mut rounds = 0;
    loop {
        queue.decide();
        let round = std::mem::take(&mut queue.new);
        if round.is_empty() {
            assert!(queue.waiting.is_empty(), "the train stands still");
            break;
        }
        rounds += 1;
        for build in round {
            queue.answer(build, false);
        }
    }
    Drained {
        rounds,
        runs: queue.runs,
        landed: queue.landed.len(),
    }
}

/// A train of one fixed shape, for comparison: it verifies prefixes, and believes each red verdict at once.
fn by_prefixes(seed: u64, bad: f64, pick: fn(usize, usize) -> Vec<usize>) -> usize {
    let mut open: Vec<bool> = red(seed, PLANS, bad);
    let (mut rounds, mut known_red) = (0, usize::MAX);
    while !open.is_empty() {
        rounds += 1;
        let first_red = open
            .iter()
            .position(|red| *red)
            .map_or(usize::MAX, |place| place + 1);
        let tried = pick(open.len(), known_red);
        let green = tried
            .iter()
            .filter(|length| **length < first_red)
            .max()
            .copied()
            .unwrap_or(0);
        let red = tried.iter().filter(|length| **length >= first_red).min().copied();
        known_red = red.unwrap_or(known_red).saturating_sub(green);
        open.drain(..green);
        if known_red == 1 && !open.is_empty() {
            open.remove(0);
            known_red = usize::MAX;
        }
        if known_red > open.len() {
            known_red = usize::MAX;
        }
    }
    rounds
}

/// As many prefixes as there are slots, at equal distances.
fn spread(open: usize) -> Vec<usize> {
    let lengths: BTreeSet<usize> = (1..=SLOTS).map(|n| (open * n).div_ceil(SLOTS)).collect();
    lengths.into_iter().collect()
}

/// What came of plans that arrive one by one.
struct Turnaround {
    /// The sum of the waits of the plans that land.
    waits: f64,
    /// The same with knowledge of who is red.
    best: f64,
    runs: usize,
    landed: usize,
}

fn turnaround(seed: u64, bad: f64, rate: f64, every: bool) -> Turnaround {
    const ARRIVALS: usize = 60;
    let mut dice = Rng::of(seed, &[bad as u64, (rate * 10.0) as u64, 3]);
    let took: Vec<f64> = (0..ARRIVALS).map(|_| (dice.normal() * 0.25).exp()).collect();
    let mut at = 0.0;
    let arrivals: Vec<f64> = (0..ARRIVALS)
        .map(|_| {
            at += -(1.0 - dice.share()).max(1e-9).ln() / rate;
            at
        })
        .collect();
    let mut queue = Queue::new(seed, ARRIVALS, bad, every);
    let best = omniscient(&queue.red, &arrivals, &took, every);
    let waits = shipped(&mut queue, &arrivals, &took);
    Turnaround {
        waits,
        best,
        runs: queue.runs,
        landed: queue.landed.len(),
    }
}

fn shipped(queue: &mut Queue, arrivals: &[f64], took: &[f64]) -> f64 {
    let mut ends: Vec<(f64, BuildId)> = Vec::new();
    let (mut arrived, mut waits, mut seen) = (0, 0.0, 0);
    loop {
        let next_end = ends.iter().enumerate().min_by(|a, b| a.1.0.total_cmp(&b.1.0));
        let next_end = next_end.map(|(place, (at, _))| (*at, place));
        let now = match (next_end, arrivals.get(arrived)) {
            (Some((end, _)), Some(arrival)) if *arrival < end => *arrival,
            (Some((end, place)), _) => {
                let (_, build) = ends.swap_remove(place);
                queue.answer(build, false);
                queue.decide();
                stop_at_once(queue, &mut ends);
                end
            }
            (None, Some(arrival)) => *arrival,
            (None, None) => break,
        };
        if arrivals.get(arrived) == Some(&now) {
            queue.waiting.insert(arrived);
            arrived += 1;
            queue.decide();
            stop_at_once(queue, &mut ends);
        }
        for build in std::mem::take(&mut queue.new) {
            let top = queue.builds[&build]
                .0
                .batch
                .last()
                .map_or(1.0, |plan| took[number(plan)]);
            ends.push((now + top, build));
        }
        while let Some(plan) = queue.landed.get(seen) {
            waits += now - arrivals[*plan];
            seen += 1;
        }
    }
    assert!(queue.waiting.is_empty(), "the train stands still");
    waits
}

/// A trial that is stopped ends at once, and its slot is free.
fn stop_at_once(queue: &mut Queue, ends: &mut Vec<(f64, BuildId)>) {
    loop {
        let stopped = ends.iter().position(|(_, build)| queue.stopped.contains(build));
        let Some(place) = stopped else { return };
        let (_, build) = ends.swap_remove(place);
        queue.answer(build, false);
        queue.decide();
    }
}

/// Nothing red is ever tried. Where each commit has to be green on its own, each plan is verified on top of those before it as
/// soon as a slot is free; otherwise all that wait are verified together.
fn omniscient(red: &[bool], arrivals: &[f64], took: &[f64], every: bool) -> f64 {
    let mut slots = [0.0_f64; SLOTS];
    let (mut waits, mut landed, mut next) = (0.0, 0.0_f64, 0);
    let good: Vec<usize> = (0..red.len()).filter(|plan| !red[*plan]).collect();
    while next < good.len() {
        slots.sort_by(f64::total_cmp);
        let start = slots[0].max(arrivals[good[next]]);
        let mut last = next;
        while !every && last + 1 < good.len() && arrivals[good[last + 1]] <= start {
            last += 1;
        }
        let end = start + took[good[last]];
        slots[0] = end;
        // Nobody lands before those below.
        landed = landed.max(end);
        waits += (next..=last)
            .map(|place| landed - arrivals[good[place]])
            .sum::<f64>();
        next = last + 1;
    }
    waits
}
