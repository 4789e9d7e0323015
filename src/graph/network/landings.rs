//! The order in which plans land: each plan after the plans that it builds on.

use crate::plan::Point;

/// A plan that another plan builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::graph) struct BuildsOn {
    /// The plan's index in the manifest.
    pub(in crate::graph) plan: usize,
    /// True when the other plan builds on all of the plan, not only on a part.
    pub(in crate::graph) whole: bool,
}

impl BuildsOn {
    pub(in crate::graph) fn new(plan: usize, point: Point) -> Self {
        let whole = point == Point::Plan;
        Self { plan, whole }
    }
}

/// Returns, for each plan, the plans that land before it. Two plans may each build on a part of the other. Then neither lands
/// before the other. A plan that builds on the whole of another plan still lands after it.
pub(in crate::graph) fn landings(builds_on: &[Vec<BuildsOn>]) -> Vec<Vec<usize>> {
    let mutual = MutualDependencies::of(builds_on);
    let landings = builds_on.iter().enumerate().map(|(number, own)| {
        let before = own.iter().filter(|on| on.whole || !mutual.has(number, on.plan));
        let mut before: Vec<usize> = before.map(|on| on.plan).collect();
        before.sort_unstable();
        before.dedup();
        before
    });
    landings.collect()
}

/// Plans that build on each other, directly or through others.
struct MutualDependencies<'b> {
    builds_on: &'b [Vec<BuildsOn>],
    /// Plans that may be on a cycle: the plans left after repeatedly removing plans that build on none of the others.
    open: Vec<bool>,
}

impl<'b> MutualDependencies<'b> {
    /// Removes plans that cannot be on a cycle until no more can be removed.
    fn of(builds_on: &'b [Vec<BuildsOn>]) -> Self {
        let mut backwards: Vec<Vec<usize>> = vec![Vec::new(); builds_on.len()];
        for (number, own) in builds_on.iter().enumerate() {
            for on in own {
                backwards[on.plan].push(number);
            }
        }
        let mut left: Vec<usize> = builds_on.iter().map(Vec::len).collect();
        let mut open = vec![true; builds_on.len()];
        let mut free: Vec<usize> = (0..left.len()).filter(|number| left[*number] == 0).collect();
        while let Some(number) = free.pop() {
            open[number] = false;
            for &waits in &backwards[number] {
                left[waits] -= 1;
                if left[waits] == 0 {
                    free.push(waits);
                }
            }
        }
        Self { builds_on, open }
    }

    /// Returns true when `on` also builds on `plan`, directly or through others.
    fn has(&self, plan: usize, on: usize) -> bool {
        if !self.open[plan] || !self.open[on] {
            return false;
        }
        let mut seen = vec![false; self.open.len()];
        let mut next = vec![on];
        while let Some(number) = next.pop() {
            if number == plan {
                return true;
            }
            if !std::mem::replace(&mut seen[number], true) {
                let own = self.builds_on[number].iter().map(|on| on.plan);
                next.extend(own.filter(|on| self.open[*on]));
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(plan: usize, whole: bool) -> BuildsOn {
        BuildsOn { plan, whole }
    }

    #[test]
    fn those_that_build_on_each_other_are_told_from_those_that_come_before_and_after() {
        // Plan 0 comes before the others and plan 4 after them. Plans 1, 2 and 3 build on each other.
        let builds_on = [
            vec![],
            vec![on(0, true), on(3, false)],
            vec![on(1, false)],
            vec![on(2, true)],
            vec![on(3, true)],
        ];
        let mutual = MutualDependencies::of(&builds_on);
        let all = builds_on.iter().enumerate();
        let all = all.flat_map(|(plan, own)| own.iter().map(move |on| (plan, on.plan)));
        let found: Vec<_> = all.filter(|(plan, on)| mutual.has(*plan, *on)).collect();
        assert_eq!(found, [(1, 3), (2, 1), (3, 2)]);
    }
}
