//! The free capacity, and the order of ready work.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::plan::{AgentName, CommitId, Dependency, ExecutorName, Priority, ResourceName, UnitId, WorkRef};

use super::file_turns;
use crate::schedule::event::notice::Width;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::files_in_turn::FilesInTurn;
use crate::schedule::work::locality::Locality;
use crate::schedule::work::plans::{PlanWork, UnitWork, Work};

/// The free capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Free slots on this machine.
    pub slots: usize,
    /// Free slots of each executor, by its index in the work's localities.
    pub away: Vec<usize>,
    /// Processes of each agent.
    pub agents: BTreeMap<AgentName, usize>,
    /// Tokens taken of each resource.
    pub resources: BTreeMap<ResourceName, u32>,
    /// The width of the run.
    pub width: Width,
    /// True until the batch at work has ended.
    pub closed: bool,
}

impl Room {
    /// Computes the capacity that the attempts under way leave free.
    pub fn left(work: &Work, state: &State) -> Self {
        let width = state.allowed_width(work);
        let executors = work.localities.executors.iter();
        let mut room = Self {
            slots: width.of(work.slots),
            away: executors.map(|(_, slots)| width.of(*slots)).collect(),
            agents: BTreeMap::new(),
            resources: BTreeMap::new(),
            width,
            closed: false,
        };
        for (name, _, attempt) in state.open_attempts() {
            let plan = state.number(name).and_then(|number| work.plans.get(number));
            let at = plan.map(|plan| work.locality(plan, &attempt.agent));
            // A stage never crosses a change of resources, so its first unit speaks for all.
            let first = plan.and_then(|plan| attempt.units.iter().find_map(|id| plan.unit(*id)));
            let uses = first.map(|unit| &unit.uses);
            room.take(at.unwrap_or_default(), &attempt.agent, uses.into_iter().flatten());
        }
        for number in &state.resolving {
            room.slots = room.slots.saturating_sub(1);
            if let Some(at_work) = &state.plans[*number].resolution.agent {
                *room.agents.entry(at_work.agent.clone()).or_default() += 1;
            }
        }
        if work.machine.is_short_of_memory() {
            // One attempt may always run, or nothing would ever continue.
            room.slots = usize::from(room.slots == width.of(work.slots)).min(room.slots);
        }
        if width == Width::Batched && state.width.batch_ends() && state.open_attempts().next().is_some() {
            room.slots = 0;
            room.away.fill(0);
            room.closed = true;
        }
        room
    }

    /// The free slots there.
    pub fn free(&self, at: Locality) -> usize {
        match at {
            Locality::Here => self.slots,
            Locality::Away(executor) => self.away[executor],
        }
    }

    /// True when there is no free slot anywhere.
    pub fn is_full(&self) -> bool {
        self.slots == 0 && self.away.iter().all(|slots| *slots == 0)
    }

    /// The limit that keeps this agent from working on the unit there, `None` when there is capacity.
    pub fn refusal(
        &self,
        work: &Work,
        at: Locality,
        unit: &UnitWork,
        agent: &AgentName,
    ) -> Option<DispatchLimit> {
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
        (self.free(at) == 0).then(|| match at {
            _ if self.closed => DispatchLimit::Batch,
            Locality::Away(executor) => {
                let (name, slots) = work.localities.executors[executor].clone();
                DispatchLimit::Executor(name, self.width.of(slots))
            }
            Locality::Here if machine.is_short_of_memory() => DispatchLimit::Memory(machine.free_memory),
            Locality::Here => DispatchLimit::Slots(self.width.of(work.slots)),
        })
    }

    /// Takes up capacity for work of this agent there, which uses these resources.
    pub fn take<'a>(
        &mut self,
        at: Locality,
        agent: &AgentName,
        uses: impl IntoIterator<Item = &'a ResourceName>,
    ) {
        let slots = match at {
            Locality::Here => &mut self.slots,
            Locality::Away(executor) => &mut self.away[executor],
        };
        *slots = slots.saturating_sub(1);
        *self.agents.entry(agent.clone()).or_default() += 1;
        for resource in uses {
            *self.resources.entry(resource.clone()).or_default() += 1;
        }
    }
}

/// A limit that keeps ready work waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DispatchLimit {
    /// The batch at work has to end first.
    Batch,
    /// All slots of this machine are taken. Holds the number of slots.
    Slots(usize),
    /// An executor has as many attempts as it is given at once. Holds that number.
    Executor(ExecutorName, usize),
    /// The machine is short of memory, so nothing more begins. Holds the free memory, in percent.
    Memory(u32),
    /// The agent runs as many processes as its limit allows. Holds the limit.
    Agent(AgentName, usize),
    /// No token of the resource is left.
    Resource(ResourceName),
}

/// The rank of ready work; smaller ranks go first. The order is: effective priority, retries before new work, the longest
/// remaining path, manifest order, document order.
pub type QueuePlace = (Reverse<Priority>, bool, Reverse<u64>, usize, usize);

/// A rank without the parts that only break ties.
pub type Key = (Reverse<Priority>, bool, Reverse<u64>);

/// The key of a rank.
pub fn key(place: &QueuePlace) -> Key {
    (place.0, place.1, place.2)
}

/// The rank of a unit. `plan` and `unit` are its indices in the manifest and in the plan.
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

/// True when the dependency is satisfied, and its commit is pinned if the plan merges dependencies in.
pub fn is_met(plan: &PlanWork, dependency: &Dependency, state: &State) -> bool {
    state.is_satisfied(dependency) && (!plan.carry || state.commit_of(dependency).is_some())
}

/// True when nothing of other plans keeps the plan or its unit from beginning: every dependency is met, and whatever comes first
/// in the same files has settled.
pub(in crate::schedule) fn is_free(
    plan: &PlanWork,
    depends: &[Dependency],
    after: &[FilesInTurn],
    state: &State,
) -> bool {
    let mut depends = depends.iter();
    depends.all(|dependency| is_met(plan, dependency, state))
        && file_turns::open(plan, after, state).next().is_none()
}

/// The commits that an attempt starts from: one for each dependency of the plan and of its units up to the attempt's last one.
/// When units have branches of their own, only the dependencies of the attempt's units are merged in besides those of the plan.
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
        .chain(own.iter().flat_map(|unit| &unit.depends))
    {
        add(dependency.on.clone(), state.commit_of(dependency));
    }
    let turns = plan.after.iter().chain(own.iter().flat_map(|unit| &unit.after));
    for on in turns.flat_map(FilesInTurn::points) {
        let commit = state.plan(&on.plan).pins.get(&on.point);
        add(on, commit);
    }
    to_merge_in
}

/// The commits of other plans that the plan may contain, with their whole history: every commit that was ever pinned for the plan
/// to start from, and everything that has landed.
pub fn handed_on(plan: &PlanWork, state: &State) -> Vec<CommitId> {
    let on = plan.all_depends().map(|dependency| dependency.on.clone());
    let on = on.chain(plan.all_turns().flat_map(FilesInTurn::points));
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
