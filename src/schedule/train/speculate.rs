//! Chooses batches when every commit has to be green on its own: the train, and speculative batches that are needed if a plan of
//! the train turns out red. A speculative batch is tried when it is likely enough that its verdict is needed, as in Uber's
//! SubmitQueue.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::order::Batch;
use super::queue::Train;
use crate::plan::PlanName;

/// A speculative batch is tried from this likelihood on that its verdict is needed. Less is not worth the processors, which
/// agents use too.
const WORTH_IT: f64 = 0.08;

/// A batch, and the plans that it leaves out in case they are red.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guess {
    pub batch: Batch,
    pub without: BTreeSet<PlanName>,
    /// The likelihood that its verdict is needed.
    pub chance: f64,
}

/// Assumed outcomes of the first plans of the order, and their joint likelihood.
#[derive(Debug, Clone)]
struct Branch {
    guess: Guess,
    /// The index of the next plan in the order.
    next: usize,
}

impl Guess {
    /// A batch that leaves nothing out.
    pub fn certain(batch: Batch) -> Self {
        Self {
            batch,
            without: BTreeSet::new(),
            chance: 1.0,
        }
    }

    /// A batch that leaves nothing out goes before all others. Among the others, a batch that is likelier to be needed goes
    /// first.
    pub fn order(&self, other: &Self) -> Ordering {
        let in_any_case = |guess: &Self| guess.without.is_empty();
        in_any_case(self)
            .cmp(&in_any_case(other))
            .then(self.chance.total_cmp(&other.chance))
    }
}

impl Branch {
    /// The branch with the plan on top, and the branch without it.
    fn apart(&self, plan: &PlanName) -> (Self, Self) {
        let (mut with, mut without) = (self.clone(), self.clone());
        with.guess.batch.push(plan.clone());
        without.guess.without.insert(plan.clone());
        with.next += 1;
        without.next += 1;
        (with, without)
    }

    fn times(mut self, chance: f64) -> Self {
        self.guess.chance *= chance;
        self
    }
}

/// At most `free` batches: the train, then the batches that are likeliest to be needed besides. `risk` is how likely a plan is
/// red.
pub(super) fn guesses(
    train: &Train,
    order: &[PlanName],
    free: usize,
    risk: impl Fn(&PlanName) -> f64,
) -> Vec<Guess> {
    let mut chosen = Vec::new();
    let mut branches = vec![Branch {
        guess: Guess::certain(Vec::new()),
        next: 0,
    }];
    while chosen.len() < free {
        let likeliest = (0..branches.len())
            .rev()
            .max_by(|one, two| branches[*one].guess.order(&branches[*two].guess));
        let Some(branch) = likeliest.map(|place| branches.remove(place)) else {
            break;
        };
        let Some(plan) = order.get(branch.next) else {
            continue;
        };
        let (with, without) = branch.apart(plan);
        if waits_for_more(train, plan, &branch.guess.batch) {
            branches.push(without);
            continue;
        }
        let bad = if is_green(train, &with.guess.batch) {
            0.0
        } else if is_hopeless(train, &with.guess.batch) {
            1.0
        } else {
            let of_train = with.guess.without.is_empty();
            if !is_tried(train, &with.guess.batch) && (of_train || with.guess.chance >= WORTH_IT) {
                chosen.push(with.guess.clone());
            }
            risk(plan)
        };
        let both = [with.times(1.0 - bad), without.times(bad)];
        branches.extend(both.into_iter().filter(|branch| {
            let Guess { chance, without, .. } = &branch.guess;
            *chance >= WORTH_IT || (*chance > 0.0 && without.is_empty())
        }));
    }
    chosen
}

fn waits_for_more(train: &Train, plan: &PlanName, batch: &[PlanName]) -> bool {
    let entry = train.queue.iter().find(|entry| &entry.plan == plan);
    let open = |need: &PlanName| train.wants(need) && !batch.contains(need);
    entry.is_some_and(|entry| entry.needs.iter().any(open))
}

fn is_green(train: &Train, batch: &[PlanName]) -> bool {
    let here = |target_tip: u64, other: &Batch| target_tip == train.target_tip && other == batch;
    let mut facts = train.facts.iter();
    facts.any(|fact| fact.green && here(fact.target_tip, &fact.batch))
}

fn is_hopeless(train: &Train, batch: &[PlanName]) -> bool {
    train.clashing.contains(batch) || train.facts.iter().any(|fact| fact.dooms(batch))
}

fn is_tried(train: &Train, batch: &[PlanName]) -> bool {
    let mut running = train.running.values();
    running.any(|build| build.target_tip == train.target_tip && build.batch == batch)
}
