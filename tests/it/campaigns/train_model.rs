//! The merge train in random worlds: planted culprits, pairs that are red together, flaky verdicts, conflicts,
//! dependencies, a target that somebody else moves or that is red itself, files in the way, and crashes. What lands was
//! verified, in the order of dependencies; who is to blame is ejected and nobody else; everything else lands. A failure
//! prints its seed; `ORCH_TRAIN_SEED=N` replays it and `ORCH_TRAIN_RUNS=N` sets how many are tried.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orch::plan::{CommitId, PlanName};
use orch::schedule::MergeTrouble;
use orch::schedule::train::{
    Batch, Build, BuildId, FailureRate, Order, Train, TrainAnswer, TrainEntry, TrainOutcome, TrainSettings,
    Tried, Unmoved, Verdict,
};
use orch::words::because;

use crate::support::{Dice, campaign};

fn name(index: usize) -> PlanName {
    format!("p{index}").parse().unwrap()
}

fn index(plan: &PlanName) -> usize {
    plan.as_str()[1..].parse().unwrap()
}

fn commit(number: u64) -> CommitId {
    format!("{number:040x}").parse().unwrap()
}

/// The base that somebody gave the target, and what was merged onto it, in order.
type Commit = (u64, Vec<usize>);

/// What a merge looks like does not depend on its order.
type Tree = (u64, BTreeSet<usize>);

fn tree(commit: &Commit) -> Tree {
    (commit.0, commit.1.iter().copied().collect())
}

#[derive(Debug, Clone)]
struct Nature {
    plans: usize,
    needs: Vec<BTreeSet<usize>>,
    bad: BTreeSet<usize>,
    /// Red together, good alone.
    pairs: Vec<(usize, usize)>,
    /// Do not merge.
    clashes: Vec<(usize, usize)>,
    /// Refused at the landing.
    in_the_way: BTreeSet<usize>,
    red_bases: BTreeSet<u64>,
    flaky: u64,
    seed: u64,
}

impl Nature {
    fn is_red(&self, tree: &Tree) -> bool {
        self.red_bases.contains(&tree.0)
            || tree.1.iter().any(|plan| self.bad.contains(plan))
            || self
                .pairs
                .iter()
                .any(|(a, b)| tree.1.contains(a) && tree.1.contains(b))
    }

    /// The first run of some trees is red although they are good.
    fn flakes(&self, tree: &Tree) -> bool {
        let mut dice = Dice::new(self.seed ^ tree.0.wrapping_mul(0x9e37_79b9));
        let mut mixed = dice.roll();
        for plan in &tree.1 {
            mixed = Dice::new(mixed ^ *plan as u64).roll();
        }
        mixed % 100 < self.flaky
    }
}

struct World {
    nature: Nature,
    settings: TrainSettings,
    train: Train,
    odds: FailureRate,
    /// Where the target stands.
    target: Commit,
    bases: u64,
    /// The commits of each ground that the train speaks of, and of each trial.
    target_tips: BTreeMap<u64, Commit>,
    builds: BTreeMap<BuildId, (Build, Result<Vec<Commit>, Tried>)>,
    under_way: BTreeMap<BuildId, bool>,
    landing: Option<(BuildId, Batch, u64)>,
    /// Runs and reds of each tree: what the store of verdicts keeps.
    known: BTreeMap<Tree, (u32, u32, bool)>,
    landed: Vec<usize>,
    gone: BTreeMap<usize, MergeTrouble>,
    moves: u64,
    crashes: u64,
    trouble: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let plans = 1 + dice.below(10);
        let share = [0, 5, 20, 50][dice.below(4)];
        let some = |dice: &mut Dice, share: usize| -> BTreeSet<usize> {
            (0..plans).filter(|_| dice.below(100) < share).collect()
        };
        let pairs = |dice: &mut Dice, most: usize| -> Vec<(usize, usize)> {
            let count = dice.below(most + 1);
            let pair = |dice: &mut Dice| (dice.below(plans), dice.below(plans));
            (0..count).map(|_| pair(dice)).filter(|(a, b)| a != b).collect()
        };
        let needs = (0..plans).map(|plan| (0..plan).filter(|_| dice.below(100) < 12).collect());
        let needs: Vec<BTreeSet<usize>> = needs.collect();
        let trouble = dice.below(2) == 0;
        let nature = Nature {
            plans,
            bad: some(&mut dice, share),
            pairs: pairs(&mut dice, 2),
            clashes: pairs(&mut dice, 1),
            in_the_way: some(&mut dice, if trouble { 4 } else { 0 }),
            red_bases: if dice.below(8) == 0 {
                BTreeSet::from([0])
            } else {
                BTreeSet::new()
            },
            flaky: [0, 10, 30][dice.below(3)],
            needs,
            seed,
        };
        let settings = TrainSettings {
            slots: 1 + dice.below(5),
            every_commit_green: dice.below(2) == 0,
            verified: dice.below(12) > 0,
            early: false,
            command: 0,
        };
        let mut odds = FailureRate::default();
        (0..dice.below(60)).for_each(|_| odds.note(dice.below(100) < share));
        Self {
            nature,
            settings,
            train: Train::new(settings),
            odds,
            target: (0, Vec::new()),
            bases: 0,
            target_tips: BTreeMap::new(),
            builds: BTreeMap::new(),
            under_way: BTreeMap::new(),
            landing: None,
            known: BTreeMap::new(),
            landed: Vec::new(),
            gone: BTreeMap::new(),
            moves: 0,
            crashes: 0,
            trouble,
        }
    }

    fn open(&self) -> Vec<usize> {
        let open = |plan: &usize| !self.landed.contains(plan) && !self.gone.contains_key(plan);
        (0..self.nature.plans).filter(open).collect()
    }

    /// What the scheduler does: dependents of what does not land are refused, the others queue up.
    fn queue(&mut self) -> Vec<TrainEntry> {
        loop {
            let lost = self.open().into_iter().find_map(|plan| {
                let mut needs = self.nature.needs[plan].iter();
                Some((plan, *needs.find(|need| self.gone.contains_key(need))?))
            });
            let Some((plan, on)) = lost else { break };
            self.gone.insert(plan, MergeTrouble::Waits { on: name(on) });
        }
        let entry = |plan: usize| TrainEntry {
            plan: name(plan),
            needs: self.nature.needs[plan]
                .iter()
                .filter(|need| !self.landed.contains(need))
                .map(|need| name(*need))
                .collect(),
        };
        self.open().into_iter().map(entry).collect()
    }

    fn decide(&mut self) {
        let queue = self.queue();
        self.train.set_queue(None, queue);
        for order in self.train.decide(&self.odds) {
            match order {
                Order::Try(build) => self.begin(build),
                Order::Stop(build) => {
                    *self.under_way.get_mut(&build).expect("a trial that is under way") = true;
                }
                Order::Land(landing) => {
                    assert!(self.landing.is_none(), "two landings at once");
                    self.landing = Some((landing.build, landing.batch, landing.becomes));
                }
            }
        }
        let mut slots: Vec<usize> = self.under_way.keys().map(|id| self.builds[id].0.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        assert_eq!(slots.len(), self.under_way.len(), "two trials in one worktree");
        assert!(slots.iter().all(|slot| *slot < self.settings.slots));
    }

    fn begin(&mut self, build: Build) {
        let built = self.build(&build);
        self.under_way.insert(build.id, false);
        self.builds.insert(build.id, (build, built));
    }

    /// The commits of a trial, from the ground on; or why there are none.
    fn build(&mut self, build: &Build) -> Result<Vec<Commit>, Tried> {
        if let Some(again) = build.again {
            return self.builds[&again].1.clone();
        }
        let target = self.target.clone();
        let target_tip = self.target_tips.entry(build.target_tip).or_insert(target).clone();
        if target_tip != self.target && self.landing.is_none() {
            return Err(Tried::Moved);
        }
        let mut commits = vec![target_tip];
        let different: BTreeSet<&PlanName> = build.batch.iter().collect();
        assert_eq!(different.len(), build.batch.len(), "a plan is merged twice");
        for plan in &build.batch {
            let mut next = commits[commits.len() - 1].clone();
            let plan = index(plan);
            if next.1.contains(&plan) {
                commits.push(next);
                continue;
            }
            for need in &self.nature.needs[plan] {
                assert!(
                    next.1.contains(need) || self.landed.contains(need),
                    "p{plan} is tried before p{need}"
                );
            }
            let clash = |(a, b): &(usize, usize)| {
                (*a == plan && next.1.contains(b)) || (*b == plan && next.1.contains(a))
            };
            if self.nature.clashes.iter().any(clash) {
                let why = MergeTrouble::Conflict {
                    with: Vec::new(),
                    files: Vec::new(),
                    tried: None,
                    sides: None,
                };
                return Err(Tried::Conflict(name(plan), why));
            }
            next.1.push(plan);
            commits.push(next);
        }
        Ok(commits)
    }

    fn end_trial(&mut self, id: BuildId, dice: &mut Dice) {
        let stopped = self.under_way.remove(&id).unwrap();
        let (build, built) = self.builds[&id].clone();
        let tried = match built {
            Err(tried) => tried,
            Ok(_) if stopped && dice.below(2) == 0 => Tried::Stopped,
            Ok(commits) if commits.len() > 1 && commits[0] == commits[commits.len() - 1] => {
                Tried::Verdict(Verdict {
                    green: true,
                    why: String::new(),
                    timed_out: false,
                    runs: 0,
                    known: true,
                    took: Duration::ZERO,
                    ran: None,
                })
            }
            Ok(commits) => Tried::Verdict(self.verify(commits.last().unwrap(), build.again.is_some())),
        };
        let target_tip = self.target_tips.get(&build.target_tip).map(tree);
        let tip_green = target_tip.is_some_and(|tree| self.known.get(&tree).is_some_and(|known| known.2));
        self.tell(TrainAnswer::Tried {
            build: id,
            tried,
            tip_green,
        });
    }

    fn verify(&mut self, commit: &Commit, again: bool) -> Verdict {
        let tree = tree(commit);
        let (runs, reds, green) = self.known.get(&tree).copied().unwrap_or_default();
        let verdict = |green: bool, runs: u32, known: bool| Verdict {
            green,
            why: if green { String::new() } else { "red".to_owned() },
            timed_out: false,
            runs,
            known,
            took: Duration::ZERO,
            ran: None,
        };
        if !self.settings.verified || green {
            return verdict(true, 1, true);
        }
        if reds > 1 {
            return verdict(false, if again { 1 } else { reds }, true);
        }
        let red = self.nature.is_red(&tree) || (runs == 0 && self.nature.flakes(&tree));
        self.known.insert(tree, (runs + 1, reds + u32::from(red), !red));
        assert!(runs < 2, "a tree is verified more than twice");
        verdict(!red, if red && !again { reds + 1 } else { 1 }, false)
    }

    fn end_landing(&mut self) {
        let (id, batch, becomes) = self.landing.take().unwrap();
        let (build, built) = self.builds[&id].clone();
        let commits = built.expect("what lands was built");
        let first = build.batch.iter().position(|plan| *plan == batch[0]);
        let first = 1 + first.expect("what lands is in the trial");
        let last = first + batch.len() - 1;
        if commits[first - 1] != self.target {
            return self.tell(TrainAnswer::Landed(Err(Unmoved::Moved)));
        }
        if batch
            .iter()
            .any(|plan| self.nature.in_the_way.contains(&index(plan)))
        {
            return self.tell(TrainAnswer::Landed(Err(Unmoved::Refused(
                "in the way".to_owned(),
            ))));
        }
        let each = self.settings.every_commit_green;
        for commit in &commits[if each { first } else { last }..=last] {
            let green = self.known.get(&tree(commit)).is_some_and(|(_, _, green)| *green);
            assert!(
                green || !self.settings.verified || *commit == self.target,
                "{commit:?} lands unverified, with {build:?}"
            );
        }
        let mut moves = Vec::new();
        for plan in &batch {
            let number = index(plan);
            for need in &self.nature.needs[number] {
                assert!(self.landed.contains(need), "{plan} lands before p{need}");
            }
            self.landed.push(number);
            moves.push((plan.clone(), None, commit(number as u64)));
        }
        self.target = commits[last].clone();
        self.target_tips.insert(becomes, self.target.clone());
        self.tell(TrainAnswer::Landed(Ok(moves)));
    }

    fn tell(&mut self, answer: TrainAnswer) {
        for outcome in self.train.take(answer) {
            match outcome {
                TrainOutcome::Landed { .. } => self.odds.note(false),
                TrainOutcome::Failed(plan, why) => {
                    let plan = index(&plan);
                    self.judge(plan, &why);
                    assert!(self.gone.insert(plan, why).is_none(), "p{plan} fails twice");
                }
                TrainOutcome::Flaky { .. } => assert!(self.nature.flaky > 0, "nothing is flaky here"),
                TrainOutcome::Rebuilt => {
                    assert!(self.moves + self.crashes > 0, "nobody has moved the target")
                }
            }
        }
    }

    /// A plan fails for its own fault, or for none of anybody's.
    fn judge(&mut self, plan: usize, why: &MergeTrouble) {
        let with = |pairs: &[(usize, usize)]| {
            let other = |(a, b): &(usize, usize)| (*a == plan).then_some(*b).or((*b == plan).then_some(*a));
            pairs
                .iter()
                .filter_map(other)
                .any(|other| self.target.1.contains(&other))
        };
        match why {
            MergeTrouble::Verification { .. } => {
                self.odds.note(true);
                let guilty = self.nature.bad.contains(&plan) || with(&self.nature.pairs);
                assert!(guilty, "p{plan} is innocent");
            }
            MergeTrouble::Conflict { .. } => assert!(with(&self.nature.clashes), "p{plan} merges"),
            MergeTrouble::TargetRed { .. } => {
                // Somebody may have repaired it in the same moment.
                assert!(!self.nature.red_bases.is_empty(), "the target is green");
            }
            MergeTrouble::Refused { why } if because(why) == "in the way" => {
                assert!(
                    self.nature.in_the_way.contains(&plan),
                    "nothing is in the way of p{plan}"
                );
            }
            MergeTrouble::Refused { why } if because(why).contains("moved by somebody else") => {
                assert!(self.moves > 9, "p{plan}: {why:?}");
            }
            other => panic!("p{plan}: {other:?}"),
        }
    }

    fn run(&mut self, dice: &mut Dice) {
        self.decide();
        for step in 0.. {
            assert!(step < 5000, "no end");
            if self.under_way.is_empty() && self.landing.is_none() {
                assert!(
                    self.open().is_empty(),
                    "the train stands still before {:?}",
                    self.open()
                );
                return;
            }
            if self.trouble && dice.below(100) < 4 {
                // Somebody commits to the target; what was on it stays.
                self.bases += 1;
                self.moves += 1;
                self.target = (self.bases, self.target.1.clone());
                if self.moves < 3 && self.nature.red_bases.contains(&0) && dice.below(2) == 0 {
                    self.nature.red_bases.insert(self.bases);
                }
            }
            if self.trouble && dice.below(100) < 3 {
                if let (Some((id, batch, _)), true) = (&self.landing, dice.below(2) == 0) {
                    // The target has moved, and nobody has written that down.
                    let (build, built) = &self.builds[id];
                    let last = build
                        .batch
                        .iter()
                        .position(|plan| Some(plan) == batch.last())
                        .unwrap()
                        + 1;
                    let commits = built.as_ref().unwrap();
                    let blocked = batch
                        .iter()
                        .any(|plan| self.nature.in_the_way.contains(&index(plan)));
                    if commits[last - batch.len()] == self.target && !blocked {
                        self.target = commits[last].clone();
                    }
                }
                self.crash();
                continue;
            }
            // Several answers may come before anything is decided.
            for _ in 0..1 + dice.below(3) {
                let landing = self.landing.is_some() && dice.below(2) == 0;
                let builds: Vec<BuildId> = self.under_way.keys().copied().collect();
                if landing || (builds.is_empty() && self.landing.is_some()) {
                    self.end_landing();
                } else if !builds.is_empty() {
                    self.end_trial(*dice.pick(&builds), dice);
                }
            }
            self.decide();
        }
    }

    /// The supervisor dies: what is known is what has landed, what failed, and the verdicts.
    fn crash(&mut self) {
        self.crashes += 1;
        self.train = Train::new(self.settings);
        self.target_tips.clear();
        self.builds.clear();
        self.under_way.clear();
        self.landing = None;
        self.decide();
    }

    fn check(&self) {
        for plan in &self.landed {
            assert!(
                !self.nature.bad.contains(plan) || !self.settings.verified,
                "p{plan} is bad and has landed"
            );
        }
        for (a, b) in &self.nature.pairs {
            let both = self.landed.contains(a) && self.landed.contains(b);
            assert!(
                !both || !self.settings.verified,
                "p{a} and p{b} do not go together"
            );
        }
        assert_eq!(self.landed.len() + self.gone.len(), self.nature.plans);
    }
}

#[test]
fn the_culprits_and_their_dependents_are_ejected_and_everything_else_lands() {
    let replayed = std::env::var("ORCH_TRAIN_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let runs = campaign("ORCH_TRAIN_RUNS", 5000) as u64;
    let seeds = replayed.map_or(0..runs, |seed| seed..seed + 1);
    let (mut landed, mut ejected, mut verified, mut moves, mut crashes) = (0, 0, 0, 0, 0);
    for seed in seeds {
        let ran = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            world.run(&mut Dice::new(seed ^ 0x5eed));
            world.check();
            world
        });
        let Ok(world) = ran else {
            panic!(
                "failed with ORCH_TRAIN_SEED={seed}: {:?}",
                World::new(seed).nature
            )
        };
        landed += world.landed.len();
        ejected += world.gone.len();
        verified += world
            .known
            .values()
            .map(|(runs, ..)| *runs as usize)
            .sum::<usize>();
        moves += world.moves;
        crashes += world.crashes;
    }
    println!(
        "train model: {landed} plans landed, {ejected} did not; {verified} verifications; the target was moved {moves} times, the supervisor died {crashes} times"
    );
}
