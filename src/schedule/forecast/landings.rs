//! When the plans that land without a person will have landed.

use crate::schedule::event::at::At;
use crate::schedule::merge::landing::will_land_by_itself;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun};
use crate::schedule::work::plans::{PlanWork, Work};

/// The landings to come. Plans that are done while others are verified are verified together afterwards, as the train does it when
/// few verifications fail.
#[derive(Debug)]
pub(in crate::schedule) struct Landings {
    /// The plans that are still to be done, by index in the manifest.
    open: Vec<usize>,
    /// Milliseconds until the landing under way has ended, `None` when none is.
    under_way: Option<u64>,
    /// True when a plan is done and waits for its landing.
    waiting: bool,
    /// How long a verification takes, in milliseconds.
    build: u64,
}

impl Landings {
    pub(in crate::schedule) fn of(work: &Work, state: &State) -> Self {
        let mut landings = Self {
            open: Vec::new(),
            under_way: None,
            waiting: false,
            build: millis(state.build_time.mean()),
        };
        for (number, plan) in work.plans.iter().enumerate() {
            let run = &state.plans[number];
            if !lands(work, plan, run, state) {
                continue;
            }
            match (&run.merge, &run.outcome) {
                (Merge::Running(_), _) => {
                    let left = landings.left(state.now, run.since);
                    landings.under_way = landings.under_way.max(Some(left));
                }
                (Merge::Wanted(_), _) | (Merge::Idle, Some(Outcome::Finished)) => landings.waiting = true,
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
        ready.extend(self.waiting.then_some(0));
        ready.sort_unstable();
        let mut end = self.under_way;
        let mut ready = ready.into_iter().peekable();
        while let Some(first) = ready.next() {
            let begin = end.unwrap_or_default().max(first);
            while ready.next_if(|next| *next <= begin).is_some() {}
            end = Some(begin + self.build);
        }
        end
    }
}

/// True when a merge of the plan was requested, or will begin when the plan is done.
fn lands(work: &Work, plan: &PlanWork, run: &PlanRun, state: &State) -> bool {
    let seen = !plan.review || run.review.approved.is_some();
    let wanted = matches!(run.merge, Merge::Wanted(_)) || will_land_by_itself(work, &plan.name, state);
    seen && wanted && !state.is_landed(&plan.name)
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_that_are_done_while_others_are_verified_land_together_afterwards() {
        let landings = Landings {
            open: vec![0, 1, 2, 3],
            under_way: None,
            waiting: false,
            build: 100,
        };
        // The first from 10 to 110, the second and the third from 110 to 210, the last when it is done.
        let done = [Some(10), Some(20), Some(110), Some(500)];
        assert_eq!(landings.end(&done), Some(600));
        assert_eq!(landings.end(&[Some(10), Some(20), Some(110), None]), Some(210));
        assert_eq!(landings.end(&[None; 4]), None);
        let busy = Landings {
            under_way: Some(70),
            waiting: true,
            ..landings
        };
        assert_eq!(busy.end(&[None; 4]), Some(170));
    }
}
