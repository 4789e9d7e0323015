//! The order of a document, by tasks or by phases.

use std::collections::BTreeMap;

use crate::plan::{Arrangement, Dispatch, Document, TaskId};

use crate::graph::order::batches::draw;
use crate::graph::order::by_phase::by_phase;
use crate::graph::order::plan_order::PlanOrder;
use crate::graph::order::strategies::strategies;
use crate::graph::order::unit_draft::edges;

/// Draws the order of a document. `locks` has the files of each task as numbers. Tasks in one batch share no number. At most
/// `slots` agents work at once.
pub fn plan_order(
    document: &Document,
    arrangement: &Arrangement,
    locks: &BTreeMap<TaskId, Vec<u32>>,
    slots: usize,
) -> PlanOrder {
    let chosen = strategies(document, arrangement, locks, slots);
    match arrangement.dispatch {
        Dispatch::Task => draw(document, arrangement, &chosen, locks, slots),
        Dispatch::Phase | Dispatch::Plan => by_phase(document, &edges(document, arrangement, &chosen)),
    }
}

/// Draws the order of a document's tasks, regardless of how work is dispatched and without barriers between batches. This is
/// the work that anyone with time could pick up.
pub fn task_order(
    document: &Document,
    arrangement: &Arrangement,
    locks: &BTreeMap<TaskId, Vec<u32>>,
    slots: usize,
) -> PlanOrder {
    edges(
        document,
        arrangement,
        &strategies(document, arrangement, locks, slots),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::FileLocks;
    use crate::graph::order::gate::{Counts, Why};
    use crate::plan::markdown::read_document;
    use crate::plan::{Lanes, Strategy};

    const PHASES: &str = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n- [ ] 1.4 d\n- [ ] 1.5 e\n\n\
                          ## Phase 2: B\n\n- [ ] 2.1 f\n- [ ] 2.2 g (depends: 1.1)\n- [ ] 2.3 h (depends: none)\n";

    fn drawn(text: &str, strategy: Strategy, dispatch: Dispatch) -> PlanOrder {
        let (document, diagnostics) = read_document(text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let arrangement = Arrangement {
            strategy,
            dispatch,
            lanes: Lanes::Count(2),
            ..Arrangement::default()
        };
        plan_order(&document, &arrangement, &FileLocks::new(&document).of, usize::MAX)
    }

    /// Returns the gates of a unit, one word per gate: `1.1`, `4of(1.1,1.2,…)`. Leaves out batches.
    fn waits(order: &PlanOrder, unit: &str) -> Vec<String> {
        let mut units = order.units.iter();
        let unit = units.position(|found| found.id.to_string() == unit).unwrap();
        let gates = order.waits.of(unit).map(|gate| order.gates.get(gate));
        gates
            .filter(|gate| gate.why != Why::Batch)
            .map(|gate| {
                let ids = gate.of().map(|place| order.units[place].id.to_string());
                let ids: Vec<String> = ids.collect();
                match (gate.need, ids.len()) {
                    (need, all) if need < all => format!("{need} of {}", ids.join(" ")),
                    _ => ids.join(" "),
                }
            })
            .collect()
    }

    /// Returns the units that can start in each round, when everything that starts in a round is done after it.
    fn rounds(order: &PlanOrder) -> Vec<String> {
        let mut done: Vec<bool> = order.units.iter().map(|unit| unit.ticked).collect();
        let mut rounds = Vec::new();
        while done.iter().any(|done| !done) {
            let open = |gate: usize| order.gates.get(gate).missing(|member| done[member]) == 0;
            let ready: Vec<usize> = (0..done.len())
                .filter(|unit| !done[*unit] && order.waits.of(*unit).all(open))
                .collect();
            assert!(!ready.is_empty(), "a circle");
            let ids: Vec<String> = ready
                .iter()
                .map(|unit| order.units[*unit].id.to_string())
                .collect();
            rounds.push(ids.join(" "));
            ready.into_iter().for_each(|unit| done[unit] = true);
        }
        rounds
    }

    #[test]
    fn a_strategy_is_a_way_of_drawing_gates() {
        let of = |strategy| {
            let order = drawn(PHASES, strategy, Dispatch::Task);
            ["2.1", "2.2", "2.3"].map(|unit| waits(&order, unit))
        };
        let all = "1.1 1.2 1.3 1.4 1.5";
        let share = "4 of 1.1 1.2 1.3 1.4 1.5";
        assert_eq!(of(Strategy::Dag), [vec![all], vec!["1.1"], vec![]]);
        assert_eq!(of(Strategy::Pipeline), [vec![share], vec!["1.1", share], vec![]]);
        assert_eq!(of(Strategy::Batched), [vec![share], vec!["1.1", share], vec![]]);
        assert_eq!(of(Strategy::Independent), [vec![], vec!["1.1"], vec![]]);
        assert_eq!(
            drawn(PHASES, Strategy::Auto, Dispatch::Task).strategies,
            [Strategy::Dag, Strategy::Dag]
        );
    }

    #[test]
    fn batches_take_as_many_as_there_are_lanes_and_nothing_that_shares_a_file() {
        let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a in `src/x.rs`\n- [ ] 1.2 b in `src/x.rs`\n- [ ] 1.3 c\n- [x] 1.4 d\n- [ ] 1.5 e\n";
        assert_eq!(
            rounds(&drawn(text, Strategy::Batched, Dispatch::Task)),
            ["1.1 1.3", "1.2 1.5"]
        );
        let order = drawn(PHASES, Strategy::Batched, Dispatch::Task);
        assert_eq!(rounds(&order), ["1.1 1.2", "1.3 1.4", "1.5 2.1", "2.2 2.3"]);
        let barrier = order.gates.iter().find(|gate| gate.why == Why::Batch).unwrap();
        assert_eq!(
            barrier.counts,
            Counts::Settled,
            "a failure does not hold the next batch"
        );
    }

    #[test]
    fn pipeline_starts_replace_the_phases_in_front() {
        let text = |start: &str| {
            format!(
                "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n\n## Phase 2: B ({start})\n\n- [ ] 2.1 c\n"
            )
        };
        let of = |start: &str, strategy| waits(&drawn(&text(start), strategy, Dispatch::Task), "2.1");
        assert_eq!(
            of("pipeline-start: when 1.2 completes", Strategy::Pipeline),
            ["1.2"]
        );
        assert_eq!(
            of("pipeline-start: 50% of Phase 1", Strategy::Dag),
            ["1 of 1.1 1.2"]
        );
        assert_eq!(
            of("pipeline-start: when 1.2 completes", Strategy::Batched),
            ["1.1 1.2"]
        );
    }

    #[test]
    fn sequential_tasks_and_checks_hold_under_every_strategy() {
        let text = "# P\n\n## Phase 1: A\n\n**Execution Note:** Tasks 1.1-1.2 are [SEQUENTIAL] - why\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n\n\
                    **VERIFY Phase 1:**\n- [ ] x\n\n## Phase 2: B\n\n- [ ] 2.1 c\n\n**VERIFY Phase 2:** (non-blocking)\n- [ ] y\n\n\
                    ## Phase 3: C\n\n- [ ] 3.1 d\n";
        for strategy in Strategy::DRAWN {
            let order = drawn(text, strategy, Dispatch::Task);
            assert_eq!(waits(&order, "1.2"), ["1.1"], "{strategy}");
            assert_eq!(waits(&order, "1.verify"), ["1.1 1.2"], "{strategy}");
            let blocking = waits(&order, "2.1").contains(&"1.verify".to_owned());
            assert_eq!(blocking, strategy != Strategy::Independent, "{strategy}");
            assert!(
                !waits(&order, "3.1").contains(&"2.verify".to_owned()),
                "{strategy}"
            );
        }
    }

    #[test]
    fn parallel_tasks_do_not_wait_for_each_other_because_of_their_phases() {
        let text = "# P\n\n**Execution Note:** Tasks 1.2 to 2.1 are [PARALLEL]\n\n## Phase 1: A\n\n- [ ] 1.1 a\n- [ ] 1.2 b\n\n\
                    **VERIFY Phase 1:**\n- [ ] x\n\n## Phase 2: B\n\n- [ ] 2.1 c\n- [ ] 2.2 d\n";
        for strategy in [Strategy::Dag, Strategy::Pipeline] {
            let order = drawn(text, strategy, Dispatch::Task);
            assert_eq!(waits(&order, "1.2"), [] as [&str; 0], "{strategy}");
            assert_eq!(waits(&order, "2.1"), ["1.1"], "{strategy}");
            assert!(
                waits(&order, "2.2").contains(&"1.verify".to_owned()),
                "{strategy}"
            );
        }
        // Tasks that are all parallel need no batches.
        let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a [PARALLEL]\n- [ ] 1.2 b [PARALLEL]\n- [ ] 1.3 c [PARALLEL]\n";
        let order = drawn(text, Strategy::Auto, Dispatch::Task);
        assert_eq!(rounds(&order), ["1.1 1.2 1.3"]);
    }

    #[test]
    fn phases_wait_for_each_other_when_any_of_their_tasks_do() {
        let text = "# P\n\n**Execution Note:** Phases 2-3 are [PARALLEL] - why\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n- [ ] 2.1 b\n\n## Phase 3: C\n\n- [ ] 3.1 c\n\n## Phase 4: D\n\n- [ ] 4.1 d\n";
        for dispatch in [Dispatch::Phase, Dispatch::Plan] {
            let order = drawn(text, Strategy::Auto, dispatch);
            assert_eq!(rounds(&order), ["1", "2 3", "4"]);
        }
        // A dependency on a later phase of the document is left to the agent.
        let backwards = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (depends: 2.1)\n\n## Phase 2: B\n\n- [ ] 2.1 b (depends: none)\n";
        assert_eq!(
            rounds(&drawn(backwards, Strategy::Dag, Dispatch::Task)),
            ["2.1", "1.1"]
        );
        assert_eq!(rounds(&drawn(backwards, Strategy::Dag, Dispatch::Phase)), ["1 2"]);
    }
}
