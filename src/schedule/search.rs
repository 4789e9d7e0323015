//! A better order for the work that is left, if one is found: a local search over orders, each tried out in full.

use std::collections::BTreeSet;

use crate::graph::Dice;

use super::outlook::Outlook;
use super::rollout::{Order, Rollout};

/// An order and when everything ends under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub order: Order,
    pub makespan: u64,
}

/// Looks for an order under which everything ends earlier than under `known`, within so many starts of jobs. A job is
/// taken out of the order and put in elsewhere, and what is no worse is kept: hill climbing with steps on the level, from
/// the best order known.
pub(super) fn improve(
    out: &Outlook,
    rollout: &mut Rollout<'_>,
    known: Found,
    effort: u64,
    seed: u64,
) -> Found {
    let least = least(out);
    let open: Vec<usize> = (0..out.jobs.len()).filter(|job| out.jobs[*job].able).collect();
    let mut best = known;
    if open.len() < 2 || best.makespan <= least {
        return best;
    }
    let mut dice = Dice::new(seed);
    // Jobs by their places, so that taking one out and putting it in elsewhere is a rotation.
    let mut at: Vec<usize> = (0..out.jobs.len()).collect();
    at.sort_by_key(|job| best.order[*job]);
    let mut current = best.makespan;
    let mut order = best.order.clone();
    let until = rollout.steps + effort;
    while rollout.steps < until && best.makespan > least {
        let before = at.clone();
        for _ in 0..1 + dice.below(3) {
            let (from, to) = (dice.below(at.len()), dice.below(at.len()));
            if from < to {
                at[from..=to].rotate_left(1);
            } else {
                at[to..=from].rotate_right(1);
            }
        }
        for (place, job) in at.iter().enumerate() {
            order[*job] = place as u32;
        }
        rollout.steps += 1;
        match rollout.makespan(&order, current) {
            Some(makespan) => {
                current = makespan;
                if makespan < best.makespan {
                    best = Found {
                        order: order.clone(),
                        makespan,
                    };
                }
            }
            None => at = before,
        }
    }
    best
}

/// What no order can beat: the work shared among the slots, and the longest path.
fn least(out: &Outlook) -> u64 {
    let running: u64 = out
        .running
        .iter()
        .filter(|running| running.holds_slot)
        .map(|running| running.end)
        .sum();
    let begun: BTreeSet<usize> = out
        .running
        .iter()
        .flat_map(|running| running.jobs.iter().map(|(job, _)| *job))
        .collect();
    let open = out
        .jobs
        .iter()
        .enumerate()
        .filter(|(job, own)| own.able && !begun.contains(job));
    let work: u64 = open.clone().map(|(_, job)| job.took).sum::<u64>() + running;
    let path = open.map(|(_, job)| job.took + job.tail).max().unwrap_or(0);
    let under_way = out.running.iter().flat_map(|running| &running.jobs);
    let under_way = under_way
        .map(|(job, end)| end + out.jobs[*job].tail)
        .max()
        .unwrap_or(0);
    work.div_ceil(out.slots.max(1) as u64).max(path).max(under_way)
}
