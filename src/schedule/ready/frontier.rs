//! The frontier of ready work. It is kept from step to step, so that a decision costs as much as has changed and not as much as
//! there is.
//!
//! The frontier is an index over the state and can be dropped at any time. Every plan is then examined again.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{AgentName, Point, ResourceName};

use super::dispatch::{Key, QueuePlace};
use super::standing::Standing;
use crate::schedule::event::at::At;
use crate::schedule::work::locality::Locality;

/// Units that need the same agent in the same place and the same resources: when there is no capacity for one of them, there is none
/// for any.
type Class = (AgentName, Locality, BTreeSet<ResourceName>);

/// The ready units, by plan.
#[derive(Debug, Clone, Default)]
pub(in crate::schedule) struct Frontier {
    /// Plans that have to be examined again.
    pub dirty: BTreeSet<usize>,
    classes: Vec<Class>,
    numbers: BTreeMap<Class, usize>,
    ready: Vec<BTreeSet<QueuePlace>>,
    of_plan: BTreeMap<usize, Vec<(usize, QueuePlace)>>,
    /// Plans whose work could start soon, in the order in which they need a worktree.
    coming: BTreeSet<(bool, QueuePlace)>,
    coming_of: BTreeMap<usize, (bool, QueuePlace)>,
    /// When a plan has to be examined again even without news, because it can continue then.
    pub timers: Timers,
    /// The same for waits and stalls, which can only be reported or ended then. No work waits for these moments.
    pub alarms: Timers,
    /// True when plans may have become ready to land.
    pub landing: bool,
    /// True when an agent may be needed for a conflict.
    pub resolving: bool,
    /// When an agent that is needed for a conflict can be started, if it cannot be started now.
    pub reopens: Option<At>,
    /// When agents at conflicts are examined again.
    pub next_look: Option<At>,
    /// Points of plans that are being pinned, each with the rank of the work behind it.
    pub pinning: BTreeMap<(usize, Point), Key>,
    /// The standing of each plan's units, for plans that have been examined.
    pub standing: Vec<Option<Standing>>,
}

/// One moment for each plan, the earliest first.
#[derive(Debug, Clone, Default)]
pub(in crate::schedule) struct Timers {
    by_time: BTreeSet<(At, usize)>,
    of_plan: BTreeMap<usize, At>,
}

impl Timers {
    /// Sets the plan's moment, in place of its previous one.
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

/// A ready unit and its rank, which also tells which unit it is.
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
    /// A frontier at which every plan has to be examined.
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
    pub fn class(&mut self, agent: &AgentName, at: Locality, uses: &BTreeSet<ResourceName>) -> usize {
        // Nearly all plans have the same few classes.
        let same = |class: &Class| &class.0 == agent && class.1 == at && &class.2 == uses;
        if let Some(number) = self.classes.iter().take(8).position(same) {
            return number;
        }
        let class = (agent.clone(), at, uses.clone());
        if let Some(number) = self.numbers.get(&class) {
            return *number;
        }
        self.classes.push(class.clone());
        self.ready.push(BTreeSet::new());
        let number = self.classes.len() - 1;
        self.numbers.insert(class, number);
        number
    }

    /// Sets the ready units of a plan. The first unit of each class is enough, because the plan is examined again after each
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

    /// Sets whether a plan will need a worktree, and at which rank. The flag is true while the plan still waits for something.
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

    /// The first unit by rank whose class is not refused and whose plan is not passed over.
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

    /// The plans that need a worktree next. Plans that could start now come before plans that still wait.
    pub fn coming(&self, count: usize) -> impl Iterator<Item = usize> + '_ {
        self.coming.iter().take(count).map(|(_, place)| place.3)
    }
}
