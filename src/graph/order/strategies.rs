//! Chooses the strategy that draws the edges of each phase, and gives the reason.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::plan::{Arrangement, Dispatch, Document, Phase, Strategy, Task, TaskId, UnitId};

use crate::graph::order::batches::{OpenUnits, draw};
use crate::graph::order::chosen_strategy::{ChosenStrategy, StrategyReason};
use crate::graph::order::durations::Durations;
use crate::graph::order::plan_order::PlanOrder;

/// Plans with more tasks than this are not simulated to choose a strategy.
const MOST_UNITS: usize = 200;

/// In plans with more phases than this, all phases that `auto` decides get the same strategy, or what the flowchart says.
const MOST_PHASES: usize = 10;

/// What a phase may have instead of what the flowchart says. `independent` is left out: that tasks do not touch each other's
/// work has to be known.
const TRIED: [Strategy; 3] = [Strategy::Dag, Strategy::Pipeline, Strategy::Batched];

/// Chooses the strategy of each phase. `auto` follows what the phase says, unless another strategy makes the plan end sooner.
/// Only the document's estimates and the number of agents count, so the same document always has the same edges. `locks` has the
/// files of each task. At most `slots` agents work at once.
pub fn strategies(
    document: &Document,
    arrangement: &Arrangement,
    locks: &BTreeMap<TaskId, Vec<u32>>,
    slots: usize,
) -> Vec<ChosenStrategy> {
    let phases = document.phases.iter().enumerate();
    let chosen: Vec<ChosenStrategy> = phases
        .map(|(place, phase)| match arrangement.strategy_of(phase.id) {
            Strategy::Auto => by_flowchart(&document.phases[..place], phase, locks),
            strategy => ChosenStrategy { strategy, why: None },
        })
        .collect();
    let is_open = |own: &ChosenStrategy| own.strategy != Strategy::Independent && own.why.is_some();
    let open: Vec<usize> = (0..chosen.len())
        .filter(|place| is_open(&chosen[*place]))
        .collect();
    let units = document.tasks().count();
    if arrangement.dispatch != Dispatch::Task || units > MOST_UNITS || open.is_empty() {
        return chosen;
    }
    let end = |chosen: &[ChosenStrategy]| {
        let order = draw(document, arrangement, chosen, locks, slots);
        let lanes = arrangement.lanes.nominal(order.units.len()).min(slots);
        expected_end(document, lanes, &order, locks)
    };
    let instead = |place: usize, strategy: Strategy| match chosen[place].strategy {
        same if same == strategy => chosen[place],
        than => ChosenStrategy {
            strategy,
            why: Some(StrategyReason::EndsSooner(than)),
        },
    };
    let (mut best, mut soonest) = (chosen.clone(), end(&chosen));
    for strategy in TRIED {
        let mut all = chosen.clone();
        for place in &open {
            all[*place] = instead(*place, strategy);
        }
        let ends = end(&all);
        if ends < soonest {
            (best, soonest) = (all, ends);
        }
    }
    if open.len() > MOST_PHASES {
        return best;
    }
    for place in open {
        // What the flowchart says is kept where nothing ends sooner without it.
        for strategy in [chosen[place].strategy].into_iter().chain(TRIED) {
            let (kept, tried) = (best[place], instead(place, strategy));
            if tried == kept {
                continue;
            }
            best[place] = tried;
            let ends = end(&best);
            match ends < soonest || ends == soonest && tried == chosen[place] {
                true => soonest = ends,
                false => best[place] = kept,
            }
        }
    }
    best
}

/// Returns what `auto` chooses for a phase, from the contents of the phase and of the phases `before` it.
fn by_flowchart(before: &[Phase], phase: &Phase, locks: &BTreeMap<TaskId, Vec<u32>>) -> ChosenStrategy {
    let names = |task: &Task| task.depends.is_some();
    let is_first = before.iter().all(|other| is_beside(phase, other));
    let goes_on = before.last().and_then(|other| other.verify.as_ref());
    let (strategy, why) = if phase.tasks.iter().any(names) {
        (Strategy::Dag, StrategyReason::NamesDependencies)
    } else if is_first && are_disjoint(&phase.tasks, locks) {
        (Strategy::Independent, StrategyReason::DisjointAlone)
    } else if phase.pipeline_start.is_some()
        || !phase.parallel_with.is_empty()
        || goes_on.is_some_and(|block| block.background)
    {
        (Strategy::Pipeline, StrategyReason::BeginsEarly)
    } else if phase.tasks.iter().any(|task| task.parallel.is_some()) {
        (Strategy::Pipeline, StrategyReason::StatedParallel)
    } else if are_disjoint(&phase.tasks, locks) {
        (Strategy::Pipeline, StrategyReason::DisjointBehind)
    } else {
        (Strategy::Batched, StrategyReason::OrderAlone)
    };
    ChosenStrategy {
        strategy,
        why: Some(why),
    }
}

fn is_beside(phase: &Phase, other: &Phase) -> bool {
    phase.parallel_with.contains(&other.id) || other.parallel_with.contains(&phase.id)
}

/// Returns true when there are several tasks, each names files, and no two share a file.
fn are_disjoint(tasks: &[Task], locks: &BTreeMap<TaskId, Vec<u32>>) -> bool {
    let mut seen = BTreeSet::new();
    let of = |task: &Task| locks.get(&task.id).map(Vec::as_slice).unwrap_or_default();
    let alone = |task: &Task| !of(task).is_empty() && of(task).iter().all(|file| seen.insert(*file));
    tasks.len() > 1 && tasks.iter().all(alone)
}

/// Returns when the last unit ends, in milliseconds, if each unit starts as soon as its gates and a free lane allow, those with
/// the longest work behind them first. Uses the document's estimates.
fn expected_end(
    document: &Document,
    lanes: usize,
    order: &PlanOrder,
    locks: &BTreeMap<TaskId, Vec<u32>>,
) -> u64 {
    let stated = |task: TaskId| {
        let phase = document.phase(task.phase)?;
        let own = phase.tasks.iter().find(|own| own.id == task);
        let whole = phase
            .expected
            .map(|whole| whole / phase.tasks.len().max(1) as u32);
        own.and_then(|own| own.expected).or(whole)
    };
    let length = |unit: UnitId| match unit {
        UnitId::Task(task) => stated(task).map_or(Durations::EQUAL, |time| time.as_millis() as u64),
        UnitId::Phase(_) => 0,
    };
    let lengths: Vec<u64> = order.units.iter().map(|unit| length(unit.id)).collect();
    let files = |unit: usize| match order.units[unit].id {
        UnitId::Task(task) => locks.get(&task).map(Vec::as_slice).unwrap_or_default(),
        UnitId::Phase(_) => &[],
    };
    let remaining = remaining(order, &lengths);
    let mut open = OpenUnits::new(order);
    let mut running: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let (mut now, mut begun, mut held) = (0, BTreeSet::new(), BTreeSet::<u32>::new());
    loop {
        let mut ready: Vec<usize> = open.startable.iter().copied().collect();
        ready.sort_by_key(|unit| Reverse(remaining[*unit]));
        for unit in ready {
            let is_free = files(unit).iter().all(|file| !held.contains(file));
            if running.len() < lanes && is_free && begun.insert(unit) {
                held.extend(files(unit));
                running.push(Reverse((now + lengths[unit], unit)));
            }
        }
        let Some(Reverse((end, unit))) = running.pop() else {
            return now;
        };
        now = end;
        files(unit).iter().for_each(|file| {
            held.remove(file);
        });
        open.end(&[unit]);
    }
}

/// The time from each unit's start to the end of everything behind it.
fn remaining(order: &PlanOrder, lengths: &[u64]) -> Vec<u64> {
    let mut open = OpenUnits::new(order);
    let mut sorted = Vec::with_capacity(lengths.len());
    while !open.startable.is_empty() {
        let next: Vec<usize> = open.startable.iter().copied().collect();
        open.end(&next);
        sorted.extend(next);
    }
    let mut member_of: Vec<Vec<usize>> = vec![Vec::new(); lengths.len()];
    for gate in 0..order.gates.len() {
        for member in order.gates.get(gate).of() {
            member_of[member].push(gate);
        }
    }
    let mut behind = vec![0; order.gates.len()];
    let mut remaining = vec![0; lengths.len()];
    for unit in sorted.into_iter().rev() {
        let longest = member_of[unit].iter().map(|gate| behind[*gate]).max();
        remaining[unit] = longest.unwrap_or(0) + lengths[unit];
        for gate in order.waits.of(unit) {
            behind[gate] = remaining[unit].max(behind[gate]);
        }
    }
    remaining
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::FileLocks;
    use crate::graph::chance::rng::Rng;
    use crate::plan::PhaseId;
    use crate::plan::markdown::read_document;

    fn chosen(text: &str, arrangement: &Arrangement) -> Vec<ChosenStrategy> {
        let (document, diagnostics) = read_document(text);
        assert_eq!(diagnostics, [], "{text}");
        strategies(&document, arrangement, &FileLocks::new(&document).of, usize::MAX)
    }

    fn auto(text: &str) -> Vec<Strategy> {
        let arrangement = Arrangement {
            dispatch: Dispatch::Task,
            ..Arrangement::default()
        };
        chosen(text, &arrangement)
            .iter()
            .map(|own| own.strategy)
            .collect()
    }

    #[test]
    fn auto_goes_by_what_each_phase_says() {
        let text = "## Phase 1: docs\n- [ ] 1.1 `docs/a.md`\n- [ ] 1.2 `docs/b.md`\n\n\
                    ## Phase 2: types\n- [ ] 2.1 a\n- [ ] 2.2 b (depends: 2.1)\n\n\
                    ## Phase 3: rest\n- [ ] 3.1 a\n- [ ] 3.2 b\n\n\
                    ## Phase 4: tests (parallel-with: Phase 3)\n- [ ] 4.1 a\n- [ ] 4.2 b\n\n\
                    ## Phase 5: files\n- [ ] 5.1 `src/a.rs`\n- [ ] 5.2 `src/b.rs`\n\n\
                    ## Phase 6: one file\n- [ ] 6.1 `src/a.rs`\n- [ ] 6.2 `src/a.rs`\n\n\
                    ## Phase 7: marked\n- [ ] 7.1 a [PARALLEL]\n- [ ] 7.2 b [PARALLEL]\n";
        use Strategy::{Batched, Dag, Independent, Pipeline};
        assert_eq!(
            auto(text),
            [Independent, Dag, Pipeline, Pipeline, Pipeline, Batched, Pipeline]
        );
    }

    #[test]
    fn auto_takes_pipeline_for_named_dependencies_where_it_ends_sooner() {
        // With `dag`, tasks that name nothing wait for all of phase 1, including its long last task.
        let text = "## Phase 1: a\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n- [ ] 1.4 d\n- [ ] 1.5 e (expected: 2h)\n\n\
                    ## Phase 2: b\n- [ ] 2.1 f (expected: 1h)\n- [ ] 2.2 g (depends: 2.1) (expected: 1h)\n";
        let arrangement = Arrangement {
            dispatch: Dispatch::Task,
            ..Arrangement::default()
        };
        let found = chosen(text, &arrangement);
        assert_eq!(found[1].strategy, Strategy::Pipeline);
        assert_eq!(found[1].why, Some(StrategyReason::EndsSooner(Strategy::Dag)));
        let alike = "## Phase 1: a\n- [ ] 1.1 a\n\n## Phase 2: b\n- [ ] 2.1 f\n- [ ] 2.2 g (depends: 1.1)\n";
        assert_eq!(auto(alike)[1], Strategy::Dag);
    }

    #[test]
    fn auto_ends_no_later_than_any_one_strategy_for_all_phases() {
        let short = "## Phase 1: a\n- [ ] 1.1 a (expected: 1h)\n- [ ] 1.2 b\n- [ ] 1.3 c\n- [ ] 1.4 d\n- [ ] 1.5 e\n\n\
                     ## Phase 2: b\n- [ ] 2.1 f (depends: 1.1)\n- [ ] 2.2 g (expected: 1h)\n- [ ] 2.3 h (expected: 1h)\n";
        let mut texts = vec![short.to_owned()];
        let mut rng = Rng::new(7);
        for _ in 0..60 {
            texts.push(random_text(&mut rng));
        }
        for text in texts {
            let (document, _) = read_document(&text);
            let locks = FileLocks::new(&document).of;
            let ends = |strategy: Strategy| {
                let arrangement = Arrangement {
                    dispatch: Dispatch::Task,
                    strategy,
                    ..Arrangement::default()
                };
                let chosen = strategies(&document, &arrangement, &locks, 2);
                let order = draw(&document, &arrangement, &chosen, &locks, 2);
                expected_end(&document, 2, &order, &locks)
            };
            let auto = ends(Strategy::Auto);
            for strategy in TRIED {
                assert!(auto <= ends(strategy), "{strategy}: {text}");
            }
        }
    }

    /// A few phases whose tasks take different times, and name what they wait for or their files, or neither.
    fn random_text(rng: &mut Rng) -> String {
        let mut text = String::new();
        for phase in 1..=2 + rng.below(3) {
            text.push_str(&format!("## Phase {phase}: p\n"));
            for task in 1..=1 + rng.below(5) {
                text.push_str(&format!("- [ ] {phase}.{task} t"));
                match rng.below(4) {
                    0 if phase > 1 => text.push_str(&format!(" (depends: {}.1)", phase - 1)),
                    1 => text.push_str(&format!(" (touches: f{}.rs)", rng.below(3))),
                    _ => {}
                }
                text.push_str(&format!(" (expected: {}m)\n", 10 * (1 + rng.below(9))));
            }
            text.push('\n');
        }
        text
    }

    #[test]
    fn what_is_written_for_a_phase_counts_for_that_phase() {
        let arrangement = Arrangement {
            dispatch: Dispatch::Task,
            strategy: Strategy::Dag,
            phases: [(PhaseId(2), Strategy::Independent)].into(),
            ..Arrangement::default()
        };
        let text = "## Phase 1: a\n- [ ] 1.1 a\n\n## Phase 2: b\n- [ ] 2.1 b\n\n## Phase 3: c\n- [ ] 3.1 c\n";
        let found = chosen(text, &arrangement);
        let found: Vec<_> = found.iter().map(|own| (own.strategy, own.why)).collect();
        assert_eq!(
            found,
            [
                (Strategy::Dag, None),
                (Strategy::Independent, None),
                (Strategy::Dag, None)
            ]
        );
    }
}
