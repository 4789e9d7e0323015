//! Plans that were red. They are tried again, because what they lacked may have landed since.

use std::collections::BTreeMap;

use crate::plan::PlanName;

/// The plans that were ejected because they did not pass, and how much has landed since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ejected {
    plans: BTreeMap<PlanName, Since>,
}

/// An ejected plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Since {
    /// Plans that have landed since it was red.
    landed: u32,
    /// The number of landings after which it is tried again. The number doubles each time.
    after: u32,
}

impl Ejected {
    /// Records that a plan did not pass.
    pub fn red(&mut self, plan: &PlanName) {
        let after = self
            .plans
            .get(plan)
            .map_or(1, |since| since.after.saturating_mul(2));
        self.plans.insert(plan.clone(), Since { landed: 0, after });
    }

    /// Records that a plan has landed.
    pub fn landed(&mut self, plan: &PlanName) {
        self.plans.remove(plan);
        for since in self.plans.values_mut() {
            since.landed += 1;
        }
    }

    /// The plans to try again, among those that `may` allows. At the end, when nothing is under way, one landing is enough.
    pub fn due(&self, at_the_end: bool, may: impl Fn(&PlanName) -> bool) -> Vec<PlanName> {
        let due = self.plans.iter().filter(|(plan, since)| {
            let enough = if at_the_end { 1 } else { since.after };
            since.landed >= enough && may(plan)
        });
        due.map(|(plan, _)| plan.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_red_plan_is_due_again_after_one_landing_then_two_then_four() {
        let name = |name: &str| name.parse::<PlanName>().unwrap();
        let (red, other) = (name("red"), name("other"));
        let mut ejected = Ejected::default();
        let due = |ejected: &Ejected, end| !ejected.due(end, |_| true).is_empty();
        for needed in [1, 2, 4] {
            ejected.red(&red);
            assert!(!due(&ejected, true), "nothing has landed since");
            for landed in 1..=needed {
                ejected.landed(&other);
                assert_eq!(due(&ejected, false), landed == needed);
                assert!(due(&ejected, true));
            }
        }
        assert_eq!(ejected.due(true, |_| false), []);
        ejected.landed(&red);
        assert!(!due(&ejected, true));
    }
}
