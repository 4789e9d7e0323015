//! Draws the gates between the tasks of a document.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::plan::seek::seek;
use crate::plan::{Arrangement, Document, Phase, PhaseId, PipelineStart, Strategy, TaskId, UnitId};

use crate::graph::order::chosen_strategy::ChosenStrategy;
use crate::graph::order::gate::{Counts, Gates, Why};
use crate::graph::order::plan_order::{PlanOrder, Unit, first_units};
use crate::graph::order::waits::UnitWaits;

/// Draws the order of tasks under the chosen strategies, without batches.
pub(in crate::graph) fn edges(
    document: &Document,
    arrangement: &Arrangement,
    chosen: &[ChosenStrategy],
) -> PlanOrder {
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
    /// The places of the phases of each parallel group that has tasks in several phases.
    groups: BTreeMap<&'d str, BTreeSet<usize>>,
    /// Indexes in the chain of the gates at which tasks of a group wait for the rest of a phase, by group, kind of wait and place.
    group_ends: BTreeMap<(&'d str, usize, usize), Range<u32>>,
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
        let groups = parallel_groups(document);
        let simple = alike && groups.is_empty() && document.phases.iter().all(in_a_row);
        Self {
            groups,
            group_ends: BTreeMap::new(),
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
            let order = self.phase_gates(number, phase, None);
            let mut last_of_group: BTreeMap<&str, usize> = BTreeMap::new();
            let mut of_groups: BTreeMap<&str, Range<u32>> = BTreeMap::new();
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
                    let group = task.parallel.as_deref();
                    let order = match group.filter(|group| self.groups.contains_key(group)) {
                        Some(group) => of_groups
                            .entry(group)
                            .or_insert_with(|| self.phase_gates(number, phase, Some(group)))
                            .clone(),
                        None => order.clone(),
                    };
                    order.for_each(|run| self.waits.behind(run));
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

    /// Returns the runs of gates at which every task of a phase waits because of the earlier phases; for the tasks of a parallel
    /// group, without the tasks of the group.
    fn phase_gates(&mut self, number: usize, phase: &Phase, group: Option<&'d str>) -> Range<u32> {
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
        let mut ends: Vec<Range<u32>> = Vec::new();
        for (place, other) in document.phases[..number].iter().enumerate() {
            match group.filter(|group| self.groups[group].contains(&place)) {
                _ if beside(other) => {}
                Some(group) => ends.push(self.group_end(group, place, strategy)),
                None => ends.extend(self.ends[kind][place].clone()),
            }
        }
        self.waits.runs(ends.into_iter().flatten())
    }

    /// The gate at which the tasks of a parallel group wait for the other tasks of an earlier phase. They do not wait for the checks
    /// of the phase, which wait for the group.
    fn group_end(&mut self, group: &'d str, place: usize, strategy: Strategy) -> Range<u32> {
        let for_all = waits_for_all(strategy);
        if let Some(known) = self.group_ends.get(&(group, usize::from(for_all), place)) {
            return known.clone();
        }
        let tasks = self.document.phases[place].tasks.iter().enumerate();
        let others = tasks.filter(|(_, task)| task.parallel.as_deref() != Some(group));
        let of: Vec<usize> = others.map(|(at, _)| self.firsts[place] + at).collect();
        let need = if for_all {
            of.len()
        } else {
            self.arrangement.needed(of.len())
        };
        let first = self.waits.chain().len() as u32;
        if need > 0 {
            let gate = self.gates.add(of, need, Counts::Done, Why::PhaseOrder);
            self.waits.link(gate);
        }
        let end = first..self.waits.chain().len() as u32;
        self.group_ends
            .insert((group, usize::from(for_all), place), end.clone());
        end
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

/// The places of the phases of each parallel group that has tasks in several phases.
fn parallel_groups(document: &Document) -> BTreeMap<&str, BTreeSet<usize>> {
    let mut groups: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (place, phase) in document.phases.iter().enumerate() {
        for group in phase.tasks.iter().filter_map(|task| task.parallel.as_deref()) {
            groups.entry(group).or_default().insert(place);
        }
    }
    groups.retain(|_, places| places.len() > 1);
    groups
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
