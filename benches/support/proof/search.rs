//! Branch and bound over what begins when.

use std::collections::HashMap;

use super::jobs::{Jobs, bit, members};
use super::moment::Moment;
use super::tree::Tree;
use super::{Rivals, shared};

/// One question: what is still to be spent on it, and where it has been already.
pub(super) struct Search<'t> {
    tree: &'t Tree,
    rivals: Rivals,
    /// What is to be beaten: the limit asked for, then the best that was found.
    limit: u64,
    left: u64,
    /// For what was done and under way: the moment, and when everything under way ends.
    seen: HashMap<(Jobs, Jobs), Vec<Vec<u64>>>,
}

impl<'t> Search<'t> {
    pub(super) fn new(tree: &'t Tree, rivals: Rivals, limit: u64, effort: u64) -> Self {
        Self {
            tree,
            rivals,
            limit,
            left: effort,
            seen: HashMap::new(),
        }
    }

    /// When the best schedule ends, or the limit where none ends before that; none when the effort was too little to tell.
    pub(super) fn best(mut self) -> Option<u64> {
        self.at(&Moment::default())?;
        Some(self.limit)
    }

    /// Looks at everything that can follow; none when there is no effort left for it.
    fn at(&mut self, moment: &Moment) -> Option<()> {
        let tree = self.tree;
        let begun = moment.done | moment.under_way();
        if begun.count_ones() as usize == tree.jobs.len() {
            let end = moment.running.iter().map(|(_, end)| *end).max();
            let end = end.unwrap_or(moment.now);
            self.limit = self.limit.min(end);
            return Some(());
        }
        self.left = self.left.checked_sub(1)?;
        if !self.is_possible(moment, begun) || self.is_seen(moment) {
            return Some(());
        }
        let mut ready: Vec<usize> = (0..tree.jobs.len())
            .filter(|job| {
                let free = tree.first & !(begun | moment.passed);
                free & bit(*job) != 0 && tree.jobs[*job].before & !moment.done == 0
            })
            .collect();
        ready.sort_by_key(|job| std::cmp::Reverse(tree.jobs[*job].took + tree.jobs[*job].tail));
        self.choose(moment, &ready, 0)
    }

    /// Tries everything that may begin now, the rest of `ready` from a place on, and then to wait.
    fn choose(&mut self, moment: &Moment, ready: &[usize], from: usize) -> Option<()> {
        for place in from..ready.len() {
            if moment.may_begin(self.tree, ready[place]) {
                let next = moment.with(self.tree, ready[place]);
                self.choose(&next, ready, place + 1)?;
            }
        }
        let left = moment.could_begin(self.tree, ready);
        if self.rivals == Rivals::Busy && left != 0 {
            return Some(());
        }
        match moment.next(self.tree, left) {
            Some(next) => self.at(&next),
            None => Some(()),
        }
    }

    /// False when what is left cannot end before the limit: by the longest path, by what one plan's lanes can do, by the
    /// pieces that no agent is stopped in, or by the work of those with much behind them shared among the slots.
    fn is_possible(&self, moment: &Moment, begun: Jobs) -> bool {
        let tree = self.tree;
        // When each slot is free: an agent continues to its end.
        let agents = moment.running.iter().map(|(job, end)| end + tree.jobs[*job].rest);
        let mut free: Vec<u64> = agents.collect();
        let mut pieces: Vec<u64> = free.iter().map(|end| end - moment.now).collect();
        free.resize(tree.slots, moment.now);
        free.sort_unstable();
        let mut ends = vec![0u64; tree.jobs.len()];
        let mut promised: Jobs = 0;
        for (job, end) in &moment.running {
            ends[*job] = *end;
            promised |= tree.jobs[*job].carries;
        }
        let mut of_plans: Vec<Option<(u64, u64, u64)>> = vec![None; tree.lanes.len()];
        for &job in &tree.order {
            if moment.done & bit(job) != 0 {
                continue;
            }
            let own = &tree.jobs[job];
            let mut from = moment.now;
            if begun & bit(job) == 0 {
                if tree.first & bit(job) != 0 {
                    from = free[0];
                    pieces.push(own.took + own.rest);
                }
                let before = members(own.before & !moment.done).map(|other| ends[other]);
                from = before.max().unwrap_or(0).max(from);
                ends[job] = from + own.took;
            }
            if ends[job] + own.tail >= self.limit {
                return false;
            }
            let (begins, work, tail) = of_plans[own.plan].get_or_insert((u64::MAX, 0, u64::MAX));
            *begins = from.min(*begins);
            *work += ends[job] - from;
            *tail = own.tail.min(*tail);
        }
        let of_lanes = of_plans.iter().zip(&tree.lanes);
        let mut of_lanes = of_lanes.filter_map(|(of, lanes)| of.map(|of| (of, *lanes as u64)));
        if of_lanes.any(|((begins, work, tail), lanes)| begins + work.div_ceil(lanes) + tail >= self.limit) {
            return false;
        }
        moment.now + shared(pieces, tree.slots) < self.limit && self.have_room(begun | promised, &free, &ends)
    }

    /// False when the slots, free from these moments on, cannot take what is left of those with much behind them. `ends` are
    /// their earliest ends.
    fn have_room(&self, taken: Jobs, free: &[u64], ends: &[u64]) -> bool {
        let tree = self.tree;
        let mut begins: Vec<u64> = Vec::with_capacity(tree.slots + 1);
        let mut work = 0;
        for &job in &tree.by_tail {
            if taken & bit(job) != 0 {
                continue;
            }
            let own = &tree.jobs[job];
            let from = ends[job] - own.took;
            begins.insert(begins.partition_point(|other| *other < from), from);
            begins.truncate(tree.slots);
            work += own.took;
            let until = (self.limit - 1).saturating_sub(own.tail);
            let room = begins.iter().zip(free);
            let room = room.map(|(begins, free)| until.saturating_sub(*begins.max(free)));
            if work > room.sum() {
                return false;
            }
        }
        true
    }

    /// True when the same was done and under way before, and nothing later: what could be reached from here was looked for
    /// there. Remembers it otherwise.
    fn is_seen(&mut self, moment: &Moment) -> bool {
        let times: Vec<u64> = std::iter::once(moment.now)
            .chain(moment.running.iter().map(|(_, end)| *end))
            .collect();
        let known = self.seen.entry((moment.done, moment.under_way())).or_default();
        let later = |one: &[u64], two: &[u64]| one.iter().zip(two).any(|(one, two)| one > two);
        let no_better = match self.rivals {
            Rivals::All => known.iter().any(|other| !later(other, &times)),
            Rivals::Busy => known.contains(&times),
        };
        if no_better {
            return true;
        }
        if self.rivals == Rivals::All {
            known.retain(|other| later(&times, other));
        }
        known.push(times);
        false
    }
}
