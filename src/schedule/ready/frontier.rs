//! The edge of what is known to be ready: kept from step to step, so that a decision costs what changed and not what there
//! is.
//!
//! It is an index over the state and can be thrown away at any time: every plan is then looked at again.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{AgentName, Point, ResourceName};

use super::dispatch::{Key, QueuePlace};
use super::standing::Standing;
use crate::schedule::event::at::At;

/// Units that ask for the same agent and the same resources: when one of them finds no room, none does.
type Class = (AgentName, BTreeSet<ResourceName>);

/// The ready units, by plan.
#[derive(Debug, Clone, Default)]
pub(in crate::schedule) struct Frontier {
    /// Plans that have to be looked at again.
    pub dirty: BTreeSet<usize>,
    classes: Vec<Class>,
    numbers: BTreeMap<Class, usize>,
    ready: Vec<BTreeSet<QueuePlace>>,
    of_plan: BTreeMap<usize, Vec<(usize, QueuePlace)>>,
    /// Plans that something could be started on soon, in the order in which they want a worktree.
    coming: BTreeSet<(bool, QueuePlace)>,
    coming_of: BTreeMap<usize, (bool, QueuePlace)>,
    /// When a plan has to be looked at again although nothing happens, because then it can continue.
    pub timers: Timers,
    /// The same for what can only be told or ended then: it keeps nobody waiting.
    pub alarms: Timers,
    /// True when plans may have become ready to land.
    pub landing: bool,
    /// True when an agent may be needed for a conflict.
    pub resolving: bool,
    /// When an agent that is wanted for a conflict can be started, where none can now.
    pub reopens: Option<At>,
    /// When agents at conflicts are looked at again.
    pub next_look: Option<At>,
    /// Points of plans that are being pinned, with the place of what comes behind each.
    pub pinning: BTreeMap<(usize, Point), Key>,
    /// Where the units of each plan stand, of those that were looked at.
    pub standing: Vec<Option<Standing>>,
}

/// One moment for each plan, the earliest first.
#[derive(Debug, Clone, Default)]
pub(in crate::schedule) struct Timers {
    by_time: BTreeSet<(At, usize)>,
    of_plan: BTreeMap<usize, At>,
}

impl Timers {
    /// Takes in the plan's moment, instead of any other.
    pub fn set(&mut self, plan: usize, at: Option<At>) {
        if let Some(before) = self.of_plan.remove(&plan) {
            self.by_time.remove(&(before, plan));
        }
        if let Some(at) = at {
            self.by_time.insert((at, plan));
            self.of_plan.insert(plan, at);
        }
    }

    /// The next moment.
    pub fn next(&self) -> Option<At> {
        self.by_time.first().map(|(at, _)| *at)
    }

    fn pop_due(&mut self, now: At) -> Option<usize> {
        let (_, plan) = self.by_time.first().copied().filter(|(at, _)| *at <= now)?;
        self.set(plan, None);
        Some(plan)
    }
}

/// A unit that is ready, at its place in the order; the place says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::schedule) struct ReadyUnit {
    pub place: QueuePlace,
    pub class: usize,
}

impl ReadyUnit {
    pub fn plan(&self) -> usize {
        self.place.3
    }

    pub fn unit(&self) -> usize {
        self.place.4
    }
}

impl Frontier {
    /// A frontier at which every plan has to be looked at.
    pub fn unknown(plans: usize) -> Self {
        Self {
            dirty: (0..plans).collect(),
            landing: true,
            resolving: true,
            standing: vec![None; plans],
            ..Self::default()
        }
    }

    /// The number of a class of units.
    pub fn class(&mut self, agent: &AgentName, uses: &BTreeSet<ResourceName>) -> usize {
        // Nearly all plans ask for the same few.
        let same = |class: &Class| &class.0 == agent && &class.1 == uses;
        if let Some(number) = self.classes.iter().take(8).position(same) {
            return number;
        }
        let class = (agent.clone(), uses.clone());
        if let Some(number) = self.numbers.get(&class) {
            return *number;
        }
        self.classes.push(class.clone());
        self.ready.push(BTreeSet::new());
        let number = self.classes.len() - 1;
        self.numbers.insert(class, number);
        number
    }

    /// Takes in what is ready of a plan: of each class the first is enough, since the plan is looked at again after each
    /// start.
    pub fn set_ready(&mut self, plan: usize, ready: Vec<(usize, QueuePlace)>) {
        for (class, place) in self.of_plan.remove(&plan).unwrap_or_default() {
            self.ready[class].remove(&place);
        }
        for (class, place) in &ready {
            self.ready[*class].insert(*place);
        }
        if !ready.is_empty() {
            self.of_plan.insert(plan, ready);
        }
    }

    /// Takes in whether, and at which place, a plan will want a worktree; true when it still waits for something.
    pub fn set_coming(&mut self, plan: usize, coming: Option<(bool, QueuePlace)>) {
        if let Some(before) = self.coming_of.remove(&plan) {
            self.coming.remove(&before);
        }
        if let Some(coming) = coming {
            self.coming.insert(coming);
            self.coming_of.insert(plan, coming);
        }
    }

    /// Marks the plans whose time has come.
    pub fn ring(&mut self, now: At) {
        for timers in [&mut self.timers, &mut self.alarms] {
            while let Some(plan) = timers.pop_due(now) {
                self.dirty.insert(plan);
            }
        }
    }

    /// The first unit in the order whose class is not refused and whose plan is not passed over.
    pub fn first(&self, refused: &BTreeSet<usize>, passed: &BTreeSet<usize>) -> Option<ReadyUnit> {
        let classes = self.ready.iter().enumerate();
        classes
            .filter(|(class, _)| !refused.contains(class))
            .filter_map(|(class, ready)| {
                let place = ready.iter().find(|place| !passed.contains(&place.3))?;
                Some(ReadyUnit { place: *place, class })
            })
            .min()
    }

    /// The plans that come next, those that could start now before those that still wait.
    pub fn coming(&self, count: usize) -> impl Iterator<Item = usize> + '_ {
        self.coming.iter().take(count).map(|(_, place)| place.3)
    }
}
