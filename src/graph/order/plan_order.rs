//! The order inside one plan: which unit waits for which others, and why.
//!
//! A strategy only decides how these gates are drawn. The scheduler knows only the gates.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::plan::seek::seek;
use crate::plan::{Arrangement, Dispatch, Document, Phase, PhaseId, PipelineStart, Strategy, TaskId, UnitId};

use crate::graph::order::batches;
use crate::graph::order::by_phase::by_phase;
use crate::graph::order::gate::{Counts, Gates, Why};
use crate::graph::order::strategies::{ChosenStrategy, strategies};
use crate::graph::order::waits::UnitWaits;

/// A unit of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The unit's id.
    pub id: UnitId,
    /// Line in the document.
    pub line: usize,
    /// True when all of the unit is ticked in the document.
    pub ticked: bool,
}

/// The order inside one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOrder {
    /// The units in document order.
    pub units: Vec<Unit>,
    /// The gates between units. Members are indexes of units.
    pub gates: Arc<Gates>,
    /// The gates at which each unit waits. All of them must be open.
    pub waits: Arc<UnitWaits>,
    /// The strategy that drew the gates of each phase; never `auto`.
    pub strategies: Vec<Strategy>,
    /// True when each task is a unit, false when each phase is.
    pub by_task: bool,
}

/// Draws the order of a document. `locks` has the files of each task as numbers. Tasks in one batch share no number.
pub fn plan_order(
    document: &Document,
    arrangement: &Arrangement,
    locks: &BTreeMap<TaskId, Vec<u32>>,
) -> PlanOrder {
    let chosen = strategies(document, arrangement, locks);
    match arrangement.dispatch {
        Dispatch::Task => draw(document, arrangement, &chosen, locks),
        Dispatch::Phase | Dispatch::Plan => by_phase(document, &edges(document, arrangement, &chosen)),
    }
}

/// Draws the order of a document's tasks, regardless of how work is dispatched and without barriers between batches. This is
/// the work that anyone with time could pick up.
pub fn task_order(
    document: &Document,
    arrangement: &Arrangement,
    locks: &BTreeMap<TaskId, Vec<u32>>,
) -> PlanOrder {
    edges(document, arrangement, &strategies(document, arrangement, locks))
}

/// Draws the order of tasks under the chosen strategies, with batches.
pub(in crate::graph) fn draw(
    document: &Document,
    arrangement: &Arrangement,
    chosen: &[ChosenStrategy],
    locks: &BTreeMap<TaskId, Vec<u32>>,
) -> PlanOrder {
    let mut order = edges(document, arrangement, chosen);
    if order.strategies.contains(&Strategy::Batched) {
        let lanes = arrangement.lanes.nominal(order.units.len());
        batches::draw(document, &mut order, lanes, locks);
    }
    order
}

/// Draws the order of tasks under the chosen strategies, without batches.
fn edges(document: &Document, arrangement: &Arrangement, chosen: &[ChosenStrategy]) -> PlanOrder {
    let strategies: Vec<Strategy> = chosen.iter().map(|own| own.strategy).collect();
    let mut draft = UnitDraft::new(document, arrangement, &strategies);
    draft.draw();
    PlanOrder {
        units: draft.units,
        gates: Arc::new(draft.gates),
        waits: Arc::new(draft.waits),
        strategies,
        by_task: true,
    }
}

/// Returns the index of each phase's first unit when each task is a unit, and the end of the last phase's units. The units
/// of a phase are its tasks, or the phase itself when it has none, then its VERIFY block.
pub(in crate::graph) fn first_units(document: &Document) -> Vec<usize> {
    let mut firsts = Vec::with_capacity(document.phases.len() + 1);
    let mut next = 0;
    for phase in &document.phases {
        firsts.push(next);
        next += phase.tasks.len().max(1) + usize::from(phase.verify.is_some());
    }
    firsts.push(next);
    firsts
}

/// Returns true for strategies under which a phase waits for all of the earlier phases and not only for a share of them.
fn waits_for_all(strategy: Strategy) -> bool {
    match strategy {
        Strategy::Dag | Strategy::Independent => true,
        Strategy::Auto | Strategy::Batched | Strategy::Pipeline => false,
    }
}

/// Units and gates under construction.
struct UnitDraft<'d> {
    document: &'d Document,
    arrangement: &'d Arrangement,
    /// The strategy of each phase.
    strategies: &'d [Strategy],
    units: Vec<Unit>,
    gates: Gates,
    /// Runs cover the gates behind phases, because many units wait there.
    waits: UnitWaits,
    /// Index of the first unit of each phase.
    firsts: Vec<usize>,
    /// Indexes in the chain of the gates behind each phase, once something waits there: first for a share of
    /// the phase, then for all of it.
    ends: [Vec<Option<Range<u32>>>; 2],
    /// Number of phases that have such gates, when each phase comes after all earlier ones and all wait alike. Otherwise
    /// `None`.
    ended: Option<usize>,
}

impl<'d> UnitDraft<'d> {
    fn new(document: &'d Document, arrangement: &'d Arrangement, strategies: &'d [Strategy]) -> Self {
        let firsts = first_units(document);
        let units = firsts.last().copied().unwrap_or(0);
        let in_a_row = |phase: &Phase| phase.pipeline_start.is_none() && phase.parallel_with.is_empty();
        let mut waiting = strategies.iter().filter(|own| **own != Strategy::Independent);
        let first = waiting.next().copied().is_some_and(waits_for_all);
        let alike = waiting.all(|own| waits_for_all(*own) == first);
        let simple = alike && document.phases.iter().all(in_a_row);
        Self {
            ended: simple.then_some(0),
            document,
            arrangement,
            strategies,
            units: Vec::with_capacity(units),
            firsts,
            // Each unit may have one gate of its own, and each phase has one gate whose members are all of its units.
            gates: Gates::with_capacity(units, 2 * units),
            waits: UnitWaits::with_capacity(units),
            ends: [(); 2].map(|()| vec![None; document.phases.len()]),
        }
    }

    fn draw(&mut self) {
        let document = self.document;
        for (number, phase) in document.phases.iter().enumerate() {
            let order = self.phase_gates(number, phase);
            let mut last_of_group: BTreeMap<&str, usize> = BTreeMap::new();
            for task in &phase.tasks {
                if let Some(group) = task.sequential.as_deref()
                    && let Some(before) = last_of_group.insert(group, self.units.len())
                {
                    self.wait_for([before], Why::Sequential);
                }
                let named = task.depends.as_ref();
                if let Some(named) = named.filter(|named| !named.is_empty()) {
                    let firsts = &self.firsts;
                    let of = named.iter().filter_map(|id| task_unit(document, firsts, *id));
                    if let Some(gate) = self.gates.all(of, Counts::Done, Why::Named) {
                        self.waits.at(gate);
                    }
                }
                if self.keeps_phase_order(number, named) {
                    order.clone().for_each(|run| self.waits.behind(run));
                }
                self.end_unit(UnitId::Task(task.id), task.line, task.is_ticked());
            }
            if phase.tasks.is_empty() {
                if self.keeps_phase_order(number, None) {
                    order.clone().for_each(|run| self.waits.behind(run));
                }
                self.end_unit(UnitId::Phase(phase.id), phase.line, false);
            }
            if let Some(block) = &phase.verify {
                self.wait_for(self.work_of(number), Why::Checks);
                let id = UnitId::Task(TaskId::verify(phase.id));
                self.end_unit(id, block.line, phase.is_ticked());
            }
        }
    }

    /// Adds the current unit, whose gates are already drawn.
    fn end_unit(&mut self, id: UnitId, line: usize, ticked: bool) {
        self.waits.next_unit();
        self.units.push(Unit { id, line, ticked });
    }

    /// Returns true when a task of this phase with these named dependencies also waits for earlier phases.
    fn keeps_phase_order(&self, phase: usize, named: Option<&Vec<TaskId>>) -> bool {
        match (self.strategies[phase], named) {
            (Strategy::Independent, _) => false,
            (_, Some(named)) if named.is_empty() => false,
            (Strategy::Dag, Some(_)) => false,
            (Strategy::Auto | Strategy::Batched | Strategy::Pipeline | Strategy::Dag, _) => true,
        }
    }

    /// Returns the runs of gates at which every task of a phase waits because of the earlier phases.
    fn phase_gates(&mut self, number: usize, phase: &Phase) -> Range<u32> {
        let document = self.document;
        let strategy = self.strategies[number];
        if strategy == Strategy::Independent {
            return 0..0;
        }
        if let Some(start) = phase.pipeline_start.filter(|_| strategy != Strategy::Batched) {
            let gate = self.pipeline_start(start);
            let place = gate.map(|gate| self.waits.link(gate));
            return self.waits.runs(place.into_iter());
        }
        if let Some(ended) = self.ended {
            self.ended = Some(number);
            for place in ended..number {
                self.end_of(place, &document.phases[place], strategy);
            }
            let all = self.waits.chain().len();
            let first = self.waits.run_count() as u32;
            return first
                ..(all > 0)
                    .then(|| self.waits.run(0..all))
                    .map_or(first, |run| run + 1);
        }
        let beside = |other: &Phase| {
            phase.parallel_with.contains(&other.id) || other.parallel_with.contains(&phase.id)
        };
        let kind = usize::from(waits_for_all(strategy));
        for (place, other) in document.phases[..number].iter().enumerate() {
            if self.ends[kind][place].is_none() && !beside(other) {
                self.ends[kind][place] = Some(self.end_of(place, other, strategy));
            }
        }
        let before = document.phases[..number].iter().zip(&self.ends[kind]);
        let places = before.filter(|(other, _)| !beside(other));
        self.waits
            .runs(places.flat_map(|(_, end)| end.clone().into_iter().flatten()))
    }

    /// Adds the gates at which later phases wait for this phase, for the given strategy and any strategy that waits alike.
    fn end_of(&mut self, number: usize, phase: &Phase, strategy: Strategy) -> Range<u32> {
        let of = self.work_of(number);
        let all = of.len();
        let need = match waits_for_all(strategy) {
            true => all,
            false => self.arrangement.needed(all),
        };
        let why = match need == all {
            true => Why::PhaseOrder,
            false => Why::Threshold(self.arrangement.threshold),
        };
        let check = of.end;
        let work = self.gate(of, need, why);
        let blocking = phase.verify.as_ref().is_some_and(|block| !block.background);
        let check = blocking.then(|| self.gates.add([check], 1, Counts::Done, Why::Verified));
        let first = self.waits.chain().len() as u32;
        for gate in work.into_iter().chain(check) {
            self.waits.link(gate);
        }
        first..self.waits.chain().len() as u32
    }

    fn pipeline_start(&mut self, start: PipelineStart) -> Option<usize> {
        match start {
            PipelineStart::Task(task) => {
                let unit = task_unit(self.document, &self.firsts, task)?;
                self.gate(unit..unit + 1, 1, Why::PipelineStart)
            }
            PipelineStart::Share { of, percent } => {
                let of = self.work_of(phase_place(self.document, of)?);
                let need = (of.len() * usize::from(percent)).div_ceil(100);
                self.gate(of, need, Why::PipelineStart)
            }
        }
    }

    /// Returns the indexes of a phase's tasks, or of the phase itself when it has no tasks.
    fn work_of(&self, phase: usize) -> Range<usize> {
        let first = self.firsts[phase];
        first..first + self.document.phases[phase].tasks.len().max(1)
    }

    fn gate(&mut self, of: Range<usize>, need: usize, why: Why) -> Option<usize> {
        (need > 0 && !of.is_empty()).then(|| self.gates.add(of, need, Counts::Done, why))
    }

    /// Makes the current unit wait for all of these units.
    fn wait_for(&mut self, of: impl IntoIterator<Item = usize>, why: Why) {
        if let Some(gate) = self.gates.all(of, Counts::Done, why) {
            self.waits.at(gate);
        }
    }
}

fn phase_place(document: &Document, id: PhaseId) -> Option<usize> {
    seek(&document.phases, id.0, |phase| phase.id.0)
}

/// Returns the index of a task's unit. `firsts` has the index of each phase's first unit.
fn task_unit(document: &Document, firsts: &[usize], id: TaskId) -> Option<usize> {
    let phase = phase_place(document, id.phase)?;
    let tasks = &document.phases[phase].tasks;
    Some(firsts[phase] + seek(tasks, id.number, |task| task.id.number)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::FileLocks;
    use crate::plan::Lanes;
    use crate::plan::markdown::read_document;

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
        plan_order(&document, &arrangement, &FileLocks::new(&document).of)
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
            [Strategy::Batched, Strategy::Dag]
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
