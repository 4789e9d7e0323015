//! The free capacity, and the order of ready work.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::plan::{AgentName, CommitId, Dependency, Point, Priority, ResourceName, UnitId, WorkRef};

use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, UnitWork, Work};

/// The free capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Free slots.
    pub slots: usize,
    /// Processes of each agent.
    pub agents: BTreeMap<AgentName, usize>,
    /// Tokens taken of each resource.
    pub resources: BTreeMap<ResourceName, u32>,
}

impl Room {
    /// Counts what the attempts under way take up.
    pub fn left(work: &Work, state: &State) -> Self {
        let mut room = Self {
            slots: work.slots,
            agents: BTreeMap::new(),
            resources: BTreeMap::new(),
        };
        for (name, _, attempt) in state.open_attempts() {
            room.slots = room.slots.saturating_sub(1);
            *room.agents.entry(attempt.agent.clone()).or_default() += 1;
            // A stage never crosses a change of resources, so its first unit speaks for all.
            let plan = state.number(name).and_then(|number| work.plans.get(number));
            let first = plan.and_then(|plan| attempt.units.iter().find_map(|id| plan.unit(*id)));
            for resource in first.into_iter().flat_map(|unit| &unit.uses) {
                *room.resources.entry(resource.clone()).or_default() += 1;
            }
        }
        for number in &state.resolving {
            room.slots = room.slots.saturating_sub(1);
            if let Some(at_work) = &state.plans[*number].resolution.agent {
                *room.agents.entry(at_work.agent.clone()).or_default() += 1;
            }
        }
        if work.machine.is_short_of_memory() {
            // One is always let in, or nothing would ever go on.
            room.slots = usize::from(room.slots == work.slots).min(room.slots);
        }
        room
    }

    /// Why the limits leave no room for this agent to work on the unit; none when there is room.
    pub fn refusal(&self, work: &Work, unit: &UnitWork, agent: &AgentName) -> Option<DispatchLimit> {
        if let Some(&max) = work.agent_limits.get(agent)
            && self.agents.get(agent).copied().unwrap_or(0) >= max
        {
            return Some(DispatchLimit::Agent(agent.clone(), max));
        }
        let short = unit.uses.iter().find(|resource| {
            let taken = self.resources.get(*resource).copied().unwrap_or(0);
            taken >= work.resources.get(*resource).copied().unwrap_or(0)
        });
        if let Some(resource) = short {
            return Some(DispatchLimit::Resource(resource.clone()));
        }
        let machine = work.machine;
        (self.slots == 0).then(|| match machine.is_short_of_memory() {
            true => DispatchLimit::Memory(machine.free_memory),
            false => DispatchLimit::Slots(work.slots),
        })
    }

    /// Takes up room for the unit.
    pub fn take(&mut self, unit: &UnitWork, agent: &AgentName) {
        self.slots = self.slots.saturating_sub(1);
        *self.agents.entry(agent.clone()).or_default() += 1;
        for resource in &unit.uses {
            *self.resources.entry(resource.clone()).or_default() += 1;
        }
    }
}

/// A limit that keeps ready work waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DispatchLimit {
    /// All slots are taken; how many there are.
    Slots(usize),
    /// The machine has no memory for more than what is at work; how much of it is free, in percent.
    Memory(u32),
    /// The agent runs as often as it may; how often that is.
    Agent(AgentName, usize),
    /// No token of the resource is left.
    Resource(ResourceName),
}

/// Place in the order among ready work; smaller goes first: effective priority, then retries before new work, then
/// the longest remaining path, then manifest order, then document order.
pub type QueuePlace = (Reverse<Priority>, bool, Reverse<u64>, usize, usize);

/// A place without what merely breaks ties.
pub type Key = (Reverse<Priority>, bool, Reverse<u64>);

/// The key of a place, without the tie-breaker.
pub fn key(place: &QueuePlace) -> Key {
    (place.0, place.1, place.2)
}

/// The place of a unit: `plan` and `unit` are its places in the manifest and in its plan.
pub(in crate::schedule) fn place(plan: usize, unit: usize, work: &PlanWork, run: &PlanRun) -> QueuePlace {
    let own = &work.units[unit];
    let tries = run.tries_of(Some(own.id), run.verify == Verify::Failed);
    (
        Reverse(own.priority),
        tries.attempts == 0,
        Reverse(own.remaining),
        plan,
        unit,
    )
}

/// The dependencies that are not satisfied, or whose wanted commit is not pinned yet.
pub fn unmet<'a>(plan: &PlanWork, depends: &'a [Dependency], state: &State) -> Vec<&'a Dependency> {
    depends
        .iter()
        .filter(|dependency| !is_met(plan, dependency, state))
        .collect()
}

/// True when the dependency is satisfied, and its commit pinned if it is wanted.
pub fn is_met(plan: &PlanWork, dependency: &Dependency, state: &State) -> bool {
    state.is_satisfied(dependency) && (!plan.carry || state.commit_of(dependency).is_some())
}

/// Plans that touch the same files and have to settle first, as far as they have not.
pub fn not_settled<'a>(
    plan: &'a PlanWork,
    state: &'a State,
) -> impl Iterator<Item = &'a crate::plan::PlanName> {
    plan.after.iter().filter(|other| {
        let run = state.plan(other);
        let finished = matches!(
            run.outcome,
            Some(crate::schedule::state::plan_run::Outcome::Finished)
        );
        !run.has_settled() || (finished && plan.carry && !run.pins.contains_key(&Point::Plan))
    })
}

/// The commits that an attempt starts from: one for each dependency of the plan and of what comes up to the attempt's
/// last unit. Where units go their own ways, only their own dependencies are merged in.
pub fn to_merge_in(plan: &PlanWork, units: &[UnitId], state: &State) -> Vec<(WorkRef, CommitId)> {
    let mut to_merge_in: Vec<(WorkRef, CommitId)> = Vec::new();
    if !plan.carry {
        return to_merge_in;
    }
    let own: Vec<&UnitWork> = if plan.by_units() {
        units.iter().filter_map(|id| plan.unit(*id)).collect()
    } else {
        let last = units.iter().filter_map(|id| plan.unit_place(*id)).max();
        plan.units[..last.map_or(0, |place| place + 1)].iter().collect()
    };
    let mut add = |on: WorkRef, commit: Option<&CommitId>| {
        if let Some(commit) = commit
            && !to_merge_in.iter().any(|(_, known)| known == commit)
        {
            to_merge_in.push((on, commit.clone()));
        }
    };
    for dependency in plan
        .depends
        .iter()
        .chain(own.into_iter().flat_map(|unit| &unit.depends))
    {
        add(dependency.on.clone(), state.commit_of(dependency));
    }
    for other in &plan.after {
        add(WorkRef::whole(other), state.plan(other).pins.get(&Point::Plan));
    }
    to_merge_in
}

/// The commits of other plans that the plan may hold with all that is in their history: those which were ever pinned for it to
/// start from, and what has landed.
pub fn handed_on(plan: &PlanWork, state: &State) -> Vec<CommitId> {
    let on = plan.all_depends().map(|dependency| dependency.on.clone());
    let on = on.chain(plan.after.iter().map(WorkRef::whole));
    let pinned = on.flat_map(|on| {
        state
            .plan(&on.plan)
            .handed_on
            .get(&on.point)
            .into_iter()
            .flatten()
    });
    let landed = state.plans().flat_map(|(_, run)| {
        let parts = run.landed_prefix.values().map(|part| &part.prefix.head);
        run.landed_heads.values().chain(parts)
    });
    let base = state.run.iter().map(|run| &run.base);
    pinned.chain(landed).chain(base).cloned().collect()
}
