//! Boxes that are ticked in a plan's document: those that were when the plan was begun say what is done already; a later one
//! is a person's word, which may no more pass a gate or a verification than any other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::plan::{ItemId, PlanName, Speaker, Statement, TaskId, TaskState, UnitId};

use super::reporting::Heard;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// What a document has ticked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticks {
    /// Tasks, sub-tasks, checks and VERIFY blocks.
    pub items: BTreeSet<ItemId>,
    /// Units of which everything is ticked.
    pub units: BTreeSet<UnitId>,
}

/// The boxes of a plan that has begun are other ones than they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicksOf {
    /// The plan.
    pub plan: PlanName,
    /// What is ticked now.
    pub ticks: Ticks,
}

impl PlanWork {
    /// What the document has ticked.
    pub(in crate::schedule) fn ticks(&self) -> Ticks {
        let boxes = self.document.items().filter(|(_, ticked)| *ticked);
        let tasks = self.phases.iter().flat_map(|phase| &phase.tasks);
        let tasks = tasks
            .filter(|(_, ticked)| *ticked)
            .map(|(task, _)| ItemId::from(*task));
        let units = self.units.iter().filter(|unit| unit.ticked);
        Ticks {
            items: boxes.map(|(item, _)| item).chain(tasks).collect(),
            units: units.map(|unit| unit.id).collect(),
        }
    }
}

impl Scheduler {
    /// Boxes that are ticked now and were not when the documents were looked at last, by plan. Of plans that have not begun,
    /// all that are ticked.
    pub fn new_ticks(&self) -> BTreeMap<PlanName, BTreeSet<ItemId>> {
        let plans = self.work.plans.iter().zip(&self.state.plans);
        let open = plans.filter(|(_, run)| run.landed.is_empty());
        let new = open.map(|(plan, run)| {
            let known = run.ticks.as_ref().map(|known| &known.items);
            let new = plan.ticks().items.into_iter();
            let new = new.filter(|item| !known.is_some_and(|known| known.contains(item)));
            (plan.name.clone(), new.collect())
        });
        new.filter(|(_, new): &(_, BTreeSet<ItemId>)| !new.is_empty())
            .collect()
    }

    /// Takes in the boxes that were ticked in documents of plans that have begun, since these were looked at last; to be asked
    /// once the plans of a run are known. `brought` are those that came with a landing: no person has ticked these.
    pub fn note_ticks(&mut self, at: At, brought: &BTreeMap<PlanName, BTreeSet<ItemId>>) -> Vec<Event> {
        let mut step = Step::default();
        for number in 0..self.work.plans.len() {
            let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
            let brought = brought.get(&plan.name);
            if !run.landed.is_empty() || (run.history.is_empty() && run.ticks.is_none() && brought.is_none())
            {
                continue;
            }
            let (name, mut now) = (plan.name.clone(), plan.ticks());
            if run.history.is_empty() {
                // What is ticked is done when it begins.
                let is_brought = |item: &ItemId| brought.is_some_and(|brought| brought.contains(item));
                now.items.retain(|item| !is_brought(item));
                let items = |unit: &UnitId| plan.unit_tasks(*unit).into_iter().map(ItemId::from);
                now.units
                    .retain(|unit| !items(unit).any(|item| is_brought(&item)));
            }
            if run.ticks.as_ref().is_some_and(|known| known.items == now.items) {
                continue;
            }
            // A journal that does not tell what was ticked in the beginning.
            let known = run.ticks.as_ref().map_or(&now.items, |known| &known.items);
            let new = now.items.difference(known).cloned();
            let new = new.filter(|item| !brought.is_some_and(|brought| brought.contains(item)));
            let said: Vec<Statement> = new
                .filter(|_| !run.history.is_empty())
                .map(|item| Statement {
                    by: Some(Speaker::Person),
                    ..Statement::bare(item, TaskState::Done)
                })
                .collect();
            let head = run.made.clone();
            self.take_report(at, &name, Heard { lane: 0, head, said }, &mut step);
            let ticked = Event::Ticked(TicksOf {
                plan: name,
                ticks: now,
            });
            self.record(at, ticked, &mut step);
        }
        step.events
    }
}

impl PlanRun {
    /// The document had the task ticked when the plan was begun.
    pub(in crate::schedule) fn was_ticked(&self, item: &ItemId) -> bool {
        let begun = self.ticks_at_first.as_ref();
        begun.is_some_and(|begun| begun.items.contains(item))
    }

    /// True for a task that is done as it was when the plan was begun.
    pub(in crate::schedule) fn is_done_by_tick(&self, task: TaskId) -> bool {
        let item = ItemId::from(task);
        self.was_ticked(&item) && self.is_item_settled(&item)
    }

    /// The plan is begun with these boxes ticked: what was ticked since does not count as it is.
    pub(in crate::schedule) fn begin_ticked(&mut self, ticks: &Ticks) {
        let heard = &self.heard;
        self.items
            .retain(|item, _| heard.contains_key(item) || ticks.items.contains(item));
        let later: Vec<UnitId> = self.ticked.difference(&ticks.units).copied().collect();
        for unit in later {
            self.ticked.remove(&unit);
            self.proven.remove(&unit);
        }
        self.ticks_at_first = Some(ticks.clone());
        self.ticks = Some(ticks.clone());
    }

    /// Other boxes are ticked now.
    pub(in crate::schedule) fn note_ticked(&mut self, ticks: &Ticks) {
        if self.history.is_empty() {
            return self.begin_ticked(ticks);
        }
        if self.ticks.is_none() {
            self.ticks_at_first = Some(ticks.clone());
        }
        self.ticks = Some(ticks.clone());
    }
}
