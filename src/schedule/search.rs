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

/// What no order can beat: the work shared among the slots, so many pieces of it that some slot gets several, and the
/// longest path.
fn least(out: &Outlook) -> u64 {
    let running = out.running.iter().filter(|running| running.holds_slot);
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
    let pieces = open.clone().map(|(_, job)| job.took);
    let pieces = pieces.chain(running.map(|running| running.end)).collect();
    let path = open.map(|(_, job)| job.took + job.tail).max().unwrap_or(0);
    let under_way = out.running.iter().flat_map(|running| &running.jobs);
    let under_way = under_way
        .map(|(job, end)| end + out.jobs[*job].tail)
        .max()
        .unwrap_or(0);
    shared(pieces, out.slots.max(1)).max(path).max(under_way)
}

/// The least time in which pieces that are not cut up can be worked through side by side. Of the `k * slots + 1` largest some
/// slot gets `k + 1`, which take at least as long as the smallest of those.
pub(super) fn shared(mut pieces: Vec<u64>, slots: usize) -> u64 {
    let evenly = pieces.iter().sum::<u64>().div_ceil(slots as u64);
    pieces.sort_unstable_by(|one, two| two.cmp(one));
    let crowded = (0..).map_while(|k| Some(pieces.get(k * slots - k..=k * slots)?.iter().sum::<u64>()));
    crowded.max().unwrap_or(0).max(evenly)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_are_not_cut_up_take_at_least_so_long() {
        for (pieces, slots, least) in [
            (vec![], 2, 0),
            (vec![5], 3, 5),
            (vec![10; 4], 2, 20),
            (vec![10; 5], 2, 30),
            (vec![10, 9, 10, 10, 10], 2, 29),
            (vec![7, 7, 6, 1], 2, 13),
            (vec![100, 1, 1], 2, 100),
            (vec![3; 7], 1, 21),
        ] {
            assert_eq!(shared(pieces.clone(), slots), least, "{pieces:?} in {slots}");
        }
    }

    #[test]
    fn no_way_of_sharing_is_quicker() {
        let mut dice = Dice::new(11);
        for _ in 0..300 {
            let slots = 1 + dice.below(3);
            let pieces: Vec<u64> = (0..dice.below(7)).map(|_| 1 + dice.below(9) as u64).collect();
            let ways = slots.pow(pieces.len() as u32);
            let quickest = (0..ways).map(|way| {
                let mut loads = vec![0; slots];
                let mut way = way;
                for piece in &pieces {
                    loads[way % slots] += piece;
                    way /= slots;
                }
                loads.into_iter().max().unwrap_or(0)
            });
            let quickest = quickest.min().unwrap_or(0);
            let least = shared(pieces.clone(), slots);
            assert!(least <= quickest, "{pieces:?} in {slots}: {least} > {quickest}");
        }
    }
}
