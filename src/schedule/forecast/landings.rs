//! When the plans that land without a person will have landed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::plan::PlanName;
use crate::schedule::event::at::At;
use crate::schedule::merge::landing::will_land_by_itself;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Merge, Outcome};
use crate::schedule::work::plans::Work;

/// The landings to come, each verification green. Where every commit has to be green, each plan is verified by itself, several at once
/// where there are slots. Else all plans that are done while others are verified are verified together afterwards.
#[derive(Debug)]
pub(in crate::schedule) struct Landings {
    /// The plans that are still to be done, by index in the manifest.
    open: Vec<usize>,
    /// Milliseconds until each landing under way has ended.
    under_way: Vec<u64>,
    /// How many plans are done and wait for their landing.
    waiting: usize,
    /// How many plans are verified at once, each by itself; `None` when they are verified together.
    slots: Option<usize>,
    /// How long a verification takes, in milliseconds.
    build: u64,
}

impl Landings {
    pub(in crate::schedule) fn of(work: &Work, state: &State) -> Self {
        let mut landings = Self {
            open: Vec::new(),
            under_way: Vec::new(),
            waiting: 0,
            slots: work.train.every_commit_green.then_some(work.train.slots),
            build: millis(state.build_time.mean()),
        };
        for (number, plan) in work.plans.iter().enumerate() {
            let run = &state.plans[number];
            if !lands_alone(work, state, &plan.name) {
                continue;
            }
            match (&run.merge, &run.outcome) {
                (Merge::Running(_), _) => {
                    let left = landings.left(state.now, run.since);
                    landings.under_way.push(left);
                }
                (Merge::Wanted(_), _) | (Merge::Idle, Some(Outcome::Finished)) => landings.waiting += 1,
                (Merge::Idle, _) => landings.open.push(number),
            }
        }
        landings
    }

    fn left(&self, now: At, since: At) -> u64 {
        self.build.saturating_sub(millis(now.since(since)))
    }

    /// Milliseconds until the last plan has landed, `None` when none is to land. `done` has the milliseconds until each plan is done.
    pub(in crate::schedule) fn end(&self, done: &[Option<u64>]) -> Option<u64> {
        let mut ready: Vec<u64> = self.open.iter().filter_map(|plan| done[*plan]).collect();
        ready.extend(vec![0; self.waiting]);
        ready.sort_unstable();
        match self.slots {
            Some(slots) => self.one_by_one(ready, slots.max(1)),
            None => self.together(ready),
        }
    }

    fn one_by_one(&self, ready: Vec<u64>, slots: usize) -> Option<u64> {
        let mut busy: BinaryHeap<Reverse<u64>> = self.under_way.iter().copied().map(Reverse).collect();
        let mut last = self.under_way.iter().copied().max();
        for ready in ready {
            let free = match busy.len() >= slots {
                true => busy.pop().map_or(0, |Reverse(end)| end),
                false => 0,
            };
            let end = free.max(ready) + self.build;
            busy.push(Reverse(end));
            last = last.max(Some(end));
        }
        last
    }

    fn together(&self, ready: Vec<u64>) -> Option<u64> {
        let mut end = self.under_way.iter().copied().max();
        let mut ready = ready.into_iter().peekable();
        while let Some(first) = ready.next() {
            let begin = end.unwrap_or_default().max(first);
            while ready.next_if(|next| *next <= begin).is_some() {}
            end = Some(begin + self.build);
        }
        end
    }
}

/// True when the plan will land without a person: a merge was requested, or begins when the plan is done, and nobody has to review it.
pub(in crate::schedule) fn lands_alone(work: &Work, state: &State, name: &PlanName) -> bool {
    let Some(number) = state.number(name) else {
        return false;
    };
    let run = &state.plans[number];
    let seen = !work.plans[number].review || run.review.approved.is_some();
    let wanted = matches!(run.merge, Merge::Wanted(_)) || will_land_by_itself(work, name, state);
    seen && wanted && !state.is_landed(name)
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_that_are_done_while_others_are_verified_land_together_afterwards() {
        let landings = Landings {
            open: vec![0, 1, 2, 3],
            under_way: Vec::new(),
            waiting: 0,
            slots: None,
            build: 100,
        };
        // The first from 10 to 110, the second and the third from 110 to 210, the last when it is done.
        let done = [Some(10), Some(20), Some(110), Some(500)];
        assert_eq!(landings.end(&done), Some(600));
        assert_eq!(landings.end(&[Some(10), Some(20), Some(110), None]), Some(210));
        assert_eq!(landings.end(&[None; 4]), None);
        let busy = Landings {
            under_way: vec![70],
            waiting: 2,
            ..landings
        };
        assert_eq!(busy.end(&[None; 4]), Some(170));
        let one = Landings {
            slots: Some(1),
            ..busy
        };
        assert_eq!(one.end(&[None; 4]), Some(270));
        assert_eq!(one.end(&[Some(10), Some(400), None, None]), Some(500));
        let two = Landings {
            slots: Some(2),
            ..one
        };
        // Beside the one under way until 70: until 100, then until 170.
        assert_eq!(two.end(&[None; 4]), Some(170));
    }
}
