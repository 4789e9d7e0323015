//! A better lower bound for little work: all schedules that would be quicker are tried, as far as the effort goes.

mod jobs;
mod moment;
mod search;
mod tree;

use super::work::Work;
use search::Search;
use tree::{Tree, leaves_out};

/// How often less is asked for, half as far above what is proved, where the effort did not do.
const HALVINGS: u32 = 4;

/// Which schedules are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rivals {
    /// All: a slot may be left free on purpose.
    All,
    /// Those that leave no slot free while something could run, as orch's own never do. Earlier is not always better then
    /// (Graham 1969), so that far more has to be looked at.
    Busy,
}

/// A lower bound between `least`, another one, and `makespan`, the time that a schedule takes: branch and bound over what
/// starts when, with room for so many `effort` moments for each question asked.
///
/// An agent may be stopped before any unit that waits for another plan, even if it need not wait any more; where it goes
/// through its plan it is not stopped between two units that wait for nothing else. Resources, limits of agents and waits for
/// something in the middle of an attempt are left out. So nothing that orch does is better.
///
/// Returns `least` where there are more than 128 units, where nothing was proved, and for [`Rivals::Busy`] where something
/// is left out: what could run would be something else.
pub fn tighten(
    work: &Work,
    took: &dyn Fn(usize, usize) -> u64,
    least: u64,
    makespan: u64,
    rivals: Rivals,
    effort: u64,
) -> u64 {
    if rivals == Rivals::Busy && leaves_out(work) {
        return least;
    }
    let Some(tree) = Tree::new(work, took) else {
        return least;
    };
    let mut limit = makespan;
    for _ in 0..=HALVINGS {
        if limit <= least {
            break;
        }
        if let Some(best) = Search::new(&tree, rivals, limit, effort).best() {
            return best.max(least);
        }
        limit = least + (limit - least) / 2;
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Dice, Durations, Generated};
    use crate::schedule::{SimulationSettings, lower_bound, simulate};

    #[test]
    fn it_lies_between_the_bound_and_the_schedule_and_more_effort_proves_no_less() {
        let (mut better, mut whole) = (0, 0);
        for seed in 0..40 {
            let mut dice = Dice::of(seed, &[5]);
            let set = Generated {
                seed,
                plans: 2 + dice.below(5),
                tasks: 4 + dice.below(12),
                cross: 30.0,
                max_agents: 2,
                ..Generated::default()
            };
            let work = Work::new(&set.plan_set(), &Durations::default(), false);
            let found = simulate(work.clone(), &SimulationSettings::default());
            let took = |plan: usize, unit: usize| work.plans[plan].units[unit].expected;
            let least = lower_bound(&work, &took);
            let proved = |rivals, effort| tighten(&work, &took, least, found.makespan, rivals, effort);
            let [little, much] = [20, 20_000].map(|effort| proved(Rivals::All, effort));
            let busy = proved(Rivals::Busy, 20_000);
            assert!(
                least <= little && little <= much && least <= busy && much.max(busy) <= found.makespan,
                "seed {seed}"
            );
            better += usize::from(much > least);
            whole += usize::from(busy == found.makespan);
        }
        assert!(better >= 5, "{better}");
        assert!(whole >= 25, "{whole}");
    }

    #[test]
    fn work_that_is_too_large_to_look_at_keeps_its_bound() {
        let set = Generated {
            plans: 70,
            tasks: 12,
            ..Generated::default()
        };
        let work = Work::new(&set.plan_set(), &Durations::default(), false);
        assert!(work.plans.iter().map(|plan| plan.units.len()).sum::<usize>() > 128);
        assert_eq!(tighten(&work, &|_, _| 1, 3, 1000, Rivals::All, 1_000_000), 3);
    }
}
