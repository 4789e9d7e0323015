//! A moment in a schedule, and the moments that follow.

use super::jobs::{Jobs, members, set};
use super::tree::Tree;

/// A moment in a schedule, at which something has just ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Moment {
    pub now: u64,
    pub done: Jobs,
    /// Jobs under way and when they end, by job.
    pub running: Vec<(usize, u64)>,
    /// What could have begun earlier in a slot that has been free ever since: to begin it now is no better.
    pub passed: Jobs,
}

impl Moment {
    pub(super) fn under_way(&self) -> Jobs {
        set(self.running.iter().map(|(job, _)| *job))
    }

    fn lanes_taken(&self, tree: &Tree, plan: usize) -> usize {
        let of_plan = self
            .running
            .iter()
            .filter(|(job, _)| tree.jobs[*job].plan == plan);
        of_plan.count()
    }

    /// What of these could begin and has not.
    pub(super) fn could_begin(&self, tree: &Tree, ready: &[usize]) -> Jobs {
        let left = ready.iter().copied().filter(|job| self.may_begin(tree, *job));
        set(left) & !self.under_way()
    }

    pub(super) fn may_begin(&self, tree: &Tree, job: usize) -> bool {
        let plan = tree.jobs[job].plan;
        self.running.len() < tree.slots && self.lanes_taken(tree, plan) < tree.lanes[plan]
    }

    /// The same with a job begun.
    pub(super) fn with(&self, tree: &Tree, job: usize) -> Self {
        let mut next = self.clone();
        let place = next.running.partition_point(|(other, _)| *other < job);
        next.running.insert(place, (job, self.now + tree.jobs[job].took));
        // What the others of its plan could have had, they have no more.
        let plan = tree.jobs[job].plan;
        if next.lanes_taken(tree, plan) >= tree.lanes[plan] {
            let theirs = members(next.passed).filter(|other| tree.jobs[*other].plan == plan);
            next.passed &= !set(theirs);
        }
        next
    }

    /// The moment at which the next job ends, when these do not begin though they could; none when nothing is under way.
    pub(super) fn next(&self, tree: &Tree, left: Jobs) -> Option<Self> {
        let now = self.running.iter().map(|(_, end)| *end).min()?;
        let passed = match self.running.len() < tree.slots {
            true => self.passed | left,
            false => 0,
        };
        let ended = self.running.iter().filter(|(_, end)| *end == now);
        let goes_on = |(job, end): &(usize, u64)| match tree.jobs[*job].next {
            _ if *end > now => Some((*job, *end)),
            next => next.map(|next| (next, now + tree.jobs[next].took)),
        };
        let mut running: Vec<(usize, u64)> = self.running.iter().filter_map(goes_on).collect();
        running.sort_unstable();
        Some(Self {
            now,
            done: self.done | set(ended.map(|(job, _)| *job)),
            running,
            passed,
        })
    }
}
