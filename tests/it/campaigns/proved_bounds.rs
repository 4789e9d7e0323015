//! What the benchmark of schedules proves where the lower bound is too low.

#[path = "../../../benches/support/proof/mod.rs"]
mod proof;

use orch::graph::{Durations, Generated, Rng};
use orch::schedule::{SimulationSettings, Work, lower_bound, simulate};

use proof::shared;
pub use proof::{Rivals, tighten};

#[test]
fn it_lies_between_the_bound_and_the_schedule_and_more_effort_proves_no_less() {
    let (mut better, mut whole) = (0, 0);
    for seed in 0..40 {
        let mut dice = Rng::of(seed, &[5]);
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
    let mut dice = Rng::new(11);
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
