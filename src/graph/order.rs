//! The order inside one plan: which unit waits for which others, and why.
//!
//! A strategy is only a way of drawing these gates; whoever schedules knows the gates and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Arrangement, Dispatch, Document, Phase, PhaseId, PipelineStart, Strategy, TaskId, UnitId};

use super::batches;
use super::gate::{Counts, Gate, Why};

/// A unit of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Which.
    pub id: UnitId,
    /// Its tasks in document order; for a VERIFY block that block alone.
    pub tasks: Vec<TaskId>,
    /// Places of gates in [`PlanOrder::gates`]; all of them have to be open.
    pub gates: Vec<usize>,
    /// Line in the document.
    pub line: usize,
    /// True when the document has all of it ticked.
    pub ticked: bool,
}

/// The order inside one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOrder {
    /// In document order.
    pub units: Vec<Unit>,
    /// Shared between units.
    pub gates: Vec<Gate>,
    /// The strategy that drew them; never `auto`.
    pub strategy: Strategy,
}

/// The strategy that `auto` stands for: `dag` when a task names dependencies, else `pipeline` when anything is said
/// about phases side by side, else `batched`.
pub fn resolve_strategy(document: &Document, strategy: Strategy) -> Strategy {
    if strategy != Strategy::Auto {
        return strategy;
    }
    let overlaps = |phase: &Phase| {
        phase.pipeline_start.is_some()
            || !phase.parallel_with.is_empty()
            || phase.verify.as_ref().is_some_and(|block| block.background)
    };
    if document.tasks().any(|task| task.depends.is_some()) {
        Strategy::Dag
    } else if document.phases.iter().any(overlaps) {
        Strategy::Pipeline
    } else {
        Strategy::Batched
    }
}

/// Draws the order of a document. `locks` gives each task's files as numbers; tasks of one batch share none.
pub fn plan_order(
    document: &Document,
    arrangement: &Arrangement,
    locks: &BTreeMap<TaskId, Vec<u32>>,
) -> PlanOrder {
    let mut order = task_order(document, arrangement);
    let strategy = order.strategy;
    match arrangement.dispatch {
        Dispatch::Task => {
            if strategy == Strategy::Batched {
                let lanes = arrangement.lanes.nominal(order.units.len());
                batches::draw(&mut order, lanes, locks);
            }
            order
        }
        Dispatch::Phase | Dispatch::Plan => by_phase(document, &order),
    }
}

/// Draws the order of a document's tasks, whatever one agent is given, without the barrier between batches: what could be
/// worked on by whoever has time.
pub fn task_order(document: &Document, arrangement: &Arrangement) -> PlanOrder {
    let strategy = resolve_strategy(document, arrangement.strategy);
    let mut draft = Draft::new(document, arrangement, strategy);
    draft.draw();
    PlanOrder {
        units: draft.units,
        gates: draft.gates,
        strategy,
    }
}

/// The same order between whole phases: a phase waits for another when any of its tasks does. What would wait for a
/// phase behind it in the document does not: such phases go in the order of the document.
fn by_phase(document: &Document, fine: &PlanOrder) -> PlanOrder {
    let phases = document.phases.iter().enumerate();
    let place: BTreeMap<PhaseId, usize> = phases.map(|(place, phase)| (phase.id, place)).collect();
    let phase_of = |unit: usize| place.get(&fine.units[unit].id.phase()).copied();
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); document.phases.len()];
    for unit in 0..fine.units.len() {
        if let Some(phase) = phase_of(unit) {
            parts[phase].push(unit);
        }
    }
    // A gate has members of few phases, and many wait there.
    let met = fine.gates.iter().map(|gate| {
        let mut met: Vec<usize> = gate.of.iter().filter_map(|member| phase_of(*member)).collect();
        met.dedup();
        met
    });
    let met: Vec<Vec<usize>> = met.collect();
    let mut gates: Vec<Gate> = Vec::new();
    let mut drawn: BTreeMap<(usize, Why), usize> = BTreeMap::new();
    let units = document.phases.iter().enumerate().map(|(own, phase)| {
        let mut before: BTreeMap<usize, Why> = BTreeMap::new();
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        for gate in parts[own].iter().flat_map(|unit| &fine.units[*unit].gates) {
            if seen.insert(*gate) {
                for other in met[*gate].iter().filter(|other| **other < own) {
                    before.entry(*other).or_insert(fine.gates[*gate].why);
                }
            }
        }
        let own_gates = before.into_iter().map(|(other, why)| {
            // A phase is one unit here, and half of a unit cannot be waited for.
            let why = match why {
                Why::Threshold(_) => Why::PhaseOrder,
                other => other,
            };
            *drawn.entry((other, why)).or_insert_with(|| {
                gates.push(Gate {
                    of: vec![other],
                    need: 1,
                    counts: Counts::Done,
                    why,
                });
                gates.len() - 1
            })
        });
        Unit {
            id: UnitId::Phase(phase.id),
            tasks: phase.tasks.iter().map(|task| task.id).collect(),
            gates: own_gates.collect(),
            line: phase.line,
            ticked: !phase.tasks.is_empty() && phase.tasks.iter().all(|task| task.ticked),
        }
    });
    PlanOrder {
        units: units.collect(),
        gates,
        strategy: fine.strategy,
    }
}

/// Units and gates while they are being drawn.
struct Draft<'d> {
    document: &'d Document,
    arrangement: &'d Arrangement,
    strategy: Strategy,
    units: Vec<Unit>,
    gates: Vec<Gate>,
    place: BTreeMap<UnitId, usize>,
    /// Gates behind each phase, once something waits there.
    ends: Vec<Option<Vec<usize>>>,
}

impl<'d> Draft<'d> {
    fn new(document: &'d Document, arrangement: &'d Arrangement, strategy: Strategy) -> Self {
        let mut units = Vec::new();
        for phase in &document.phases {
            for task in &phase.tasks {
                units.push(Unit {
                    id: UnitId::Task(task.id),
                    tasks: vec![task.id],
                    gates: Vec::new(),
                    line: task.line,
                    ticked: task.ticked,
                });
            }
            if phase.tasks.is_empty() {
                units.push(Unit {
                    id: UnitId::Phase(phase.id),
                    tasks: Vec::new(),
                    gates: Vec::new(),
                    line: phase.line,
                    ticked: false,
                });
            }
            if let Some(block) = &phase.verify {
                let id = TaskId::verify(phase.id);
                units.push(Unit {
                    id: UnitId::Task(id),
                    tasks: vec![id],
                    gates: Vec::new(),
                    line: block.line,
                    ticked: !phase.tasks.is_empty() && phase.tasks.iter().all(|task| task.ticked),
                });
            }
        }
        let place = units.iter().enumerate().map(|(place, unit)| (unit.id, place));
        Self {
            document,
            arrangement,
            strategy,
            place: place.collect(),
            units,
            gates: Vec::new(),
            ends: vec![None; document.phases.len()],
        }
    }

    fn draw(&mut self) {
        let document = self.document;
        for (number, phase) in document.phases.iter().enumerate() {
            let order = self.phase_gates(number, phase);
            let mut last_of_group: BTreeMap<&str, usize> = BTreeMap::new();
            let tasks = phase.tasks.iter().map(|task| (UnitId::Task(task.id), Some(task)));
            let empty = phase.tasks.is_empty().then_some((UnitId::Phase(phase.id), None));
            for (id, task) in tasks.chain(empty) {
                let own = self.place[&id];
                if let Some(group) = task.and_then(|task| task.sequential.as_deref())
                    && let Some(before) = last_of_group.insert(group, own)
                {
                    self.wait_for(own, vec![before], Why::Sequential);
                }
                let named = task.and_then(|task| task.depends.as_ref());
                if let Some(named) = named.filter(|named| !named.is_empty()) {
                    let of = named.iter().filter_map(|id| self.place.get(&UnitId::Task(*id)));
                    let of: Vec<usize> = of.copied().collect();
                    self.wait_for(own, of, Why::Named);
                }
                if self.keeps_phase_order(named) {
                    self.units[own].gates.extend(&order);
                }
            }
            if let Some(&check) = self.place.get(&UnitId::Task(TaskId::verify(phase.id))) {
                let of = self.work_of(phase);
                self.wait_for(check, of, Why::Checks);
            }
        }
    }

    /// Whether a task with these named dependencies waits for earlier phases too.
    fn keeps_phase_order(&self, named: Option<&Vec<TaskId>>) -> bool {
        match (self.strategy, named) {
            (Strategy::Independent, _) => false,
            (_, Some(named)) if named.is_empty() => false,
            (Strategy::Dag, Some(_)) => false,
            (Strategy::Auto | Strategy::Batched | Strategy::Pipeline | Strategy::Dag, _) => true,
        }
    }

    /// What every task of a phase waits for because of the phases in front of it.
    fn phase_gates(&mut self, number: usize, phase: &Phase) -> Vec<usize> {
        let document = self.document;
        if self.strategy == Strategy::Independent {
            return Vec::new();
        }
        if let Some(start) = phase
            .pipeline_start
            .filter(|_| self.strategy != Strategy::Batched)
        {
            return self.pipeline_start(start).into_iter().collect();
        }
        let mut gates = Vec::new();
        let beside = |other: &Phase| {
            phase.parallel_with.contains(&other.id) || other.parallel_with.contains(&phase.id)
        };
        for (place, other) in document.phases[..number].iter().enumerate() {
            if beside(other) {
                continue;
            }
            let shared = match self.ends[place].take() {
                Some(shared) => shared,
                None => self.end_of(other),
            };
            gates.extend(&shared);
            self.ends[place] = Some(shared);
        }
        gates
    }

    /// The gates at which everything behind a phase waits; the same for all of them.
    fn end_of(&mut self, phase: &Phase) -> Vec<usize> {
        let of = self.work_of(phase);
        let all = of.len();
        let (need, why) = match self.strategy {
            Strategy::Dag | Strategy::Independent => (all, Why::PhaseOrder),
            Strategy::Auto | Strategy::Batched | Strategy::Pipeline => {
                let need = self.arrangement.needed(all);
                if need == all {
                    (all, Why::PhaseOrder)
                } else {
                    (need, Why::Threshold(self.arrangement.threshold))
                }
            }
        };
        let mut gates: Vec<usize> = self.gate(of, need, why).into_iter().collect();
        let blocking = phase.verify.as_ref().is_some_and(|block| !block.background);
        if blocking && let Some(&check) = self.place.get(&UnitId::Task(TaskId::verify(phase.id))) {
            gates.extend(self.gate(vec![check], 1, Why::Verified));
        }
        gates
    }

    fn pipeline_start(&mut self, start: PipelineStart) -> Option<usize> {
        match start {
            PipelineStart::Task(task) => {
                let of = self.place.get(&UnitId::Task(task)).copied();
                self.gate(of.into_iter().collect(), 1, Why::PipelineStart)
            }
            PipelineStart::Share { of, percent } => {
                let of = self.work_of(self.document.phase(of)?);
                let need = (of.len() * usize::from(percent)).div_ceil(100);
                self.gate(of, need, Why::PipelineStart)
            }
        }
    }

    /// Places of a phase's tasks, or of the phase itself when it has none.
    fn work_of(&self, phase: &Phase) -> Vec<usize> {
        if phase.tasks.is_empty() {
            return self
                .place
                .get(&UnitId::Phase(phase.id))
                .copied()
                .into_iter()
                .collect();
        }
        let tasks = phase.tasks.iter().map(|task| UnitId::Task(task.id));
        tasks.filter_map(|id| self.place.get(&id).copied()).collect()
    }

    fn gate(&mut self, of: Vec<usize>, need: usize, why: Why) -> Option<usize> {
        if need == 0 || of.is_empty() {
            return None;
        }
        self.gates.push(Gate {
            of,
            need,
            counts: Counts::Done,
            why,
        });
        Some(self.gates.len() - 1)
    }

    fn wait_for(&mut self, unit: usize, of: Vec<usize>, why: Why) {
        let need = of.len();
        let gate = self.gate(of, need, why);
        self.units[unit].gates.extend(gate);
    }
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
        let (document, faults) = read_document(text);
        assert!(faults.is_empty(), "{faults:?}");
        let arrangement = Arrangement {
            strategy,
            dispatch,
            lanes: Lanes::Count(2),
            ..Arrangement::default()
        };
        plan_order(&document, &arrangement, &FileLocks::new(&document).of)
    }

    /// What a unit waits for, one gate a word: `1.1`, `4of(1.1,1.2,…)`, batches left out.
    fn waits(order: &PlanOrder, unit: &str) -> Vec<String> {
        let unit = order
            .units
            .iter()
            .find(|found| found.id.to_string() == unit)
            .unwrap();
        let gates = unit.gates.iter().map(|gate| &order.gates[*gate]);
        gates
            .filter(|gate| gate.why != Why::Batch)
            .map(|gate| {
                let ids: Vec<String> = gate
                    .of
                    .iter()
                    .map(|place| order.units[*place].id.to_string())
                    .collect();
                match (gate.need, ids.len()) {
                    (need, all) if need < all => format!("{need} of {}", ids.join(" ")),
                    _ => ids.join(" "),
                }
            })
            .collect()
    }

    /// The units that can begin, round by round, when everything that begins is done.
    fn rounds(order: &PlanOrder) -> Vec<String> {
        let mut done: Vec<bool> = order.units.iter().map(|unit| unit.ticked).collect();
        let mut rounds = Vec::new();
        while done.iter().any(|done| !done) {
            let open = |gate: &usize| order.gates[*gate].missing(|member| done[member]) == 0;
            let ready: Vec<usize> = (0..done.len())
                .filter(|unit| !done[*unit] && order.units[*unit].gates.iter().all(open))
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
            drawn(PHASES, Strategy::Auto, Dispatch::Task).strategy,
            Strategy::Dag
        );
    }

    #[test]
    fn auto_goes_by_what_the_document_says() {
        let of = |text: &str| resolve_strategy(&read_document(text).0, Strategy::Auto);
        assert_eq!(of("# P\n\n## Phase 1: A\n- [ ] 1.1 a\n"), Strategy::Batched);
        assert_eq!(
            of(
                "# P\n\n## Phase 1: A\n- [ ] 1.1 a\n\n## Phase 2: B [PARALLEL]\n- [ ] 2.1 b\n\n## Phase 3: C [PARALLEL]\n- [ ] 3.1 c\n"
            ),
            Strategy::Pipeline
        );
        assert_eq!(
            of("# P\n\n## Phase 1: A\n- [ ] 1.1 a (depends: none)\n"),
            Strategy::Dag
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
        // What a phase would wait for behind it in the document is left to the agent.
        let backwards = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (depends: 2.1)\n\n## Phase 2: B\n\n- [ ] 2.1 b (depends: none)\n";
        assert_eq!(
            rounds(&drawn(backwards, Strategy::Dag, Dispatch::Task)),
            ["2.1", "1.1"]
        );
        assert_eq!(rounds(&drawn(backwards, Strategy::Dag, Dispatch::Phase)), ["1 2"]);
    }
}
