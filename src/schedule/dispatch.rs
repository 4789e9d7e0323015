//! Which plan gets a slot next, and which of its phases.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::plan::{AgentName, CommitId, Dependency, Priority, ResourceName, WorkRef};

use super::plan_run::{PlanRun, Verify};
use super::state::State;
use super::work::{PhaseWork, PlanWork, Work};

/// What is left of the limits.
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
        for plan in &work.plans {
            let Some(attempt) = &state.plan(&plan.name).attempt else {
                continue;
            };
            if attempt.stage.holds_slot() {
                room.slots = room.slots.saturating_sub(1);
                *room.agents.entry(attempt.agent.clone()).or_default() += 1;
                // A leg never crosses a change of resources, so its first phase speaks for all.
                let first = attempt.phases.iter().find_map(|id| plan.phase(*id));
                for resource in first.into_iter().flat_map(|phase| &phase.uses) {
                    *room.resources.entry(resource.clone()).or_default() += 1;
                }
            }
        }
        room
    }

    /// Why the phase's limits leave no room; none when there is room.
    pub fn refusal(&self, work: &Work, phase: &PhaseWork) -> Option<Limit> {
        let running = self.agents.get(&phase.agent).copied().unwrap_or(0);
        if let Some(&max) = work.agent_limits.get(&phase.agent)
            && running >= max
        {
            return Some(Limit::Agent(phase.agent.clone(), max));
        }
        let short = phase.uses.iter().find(|resource| {
            let taken = self.resources.get(*resource).copied().unwrap_or(0);
            taken >= work.resources.get(*resource).copied().unwrap_or(0)
        });
        if let Some(resource) = short {
            return Some(Limit::Resource(resource.clone()));
        }
        (self.slots == 0).then_some(Limit::Slots(work.slots))
    }

    /// Takes up room for the phase.
    pub fn take(&mut self, phase: &PhaseWork) {
        self.slots = self.slots.saturating_sub(1);
        *self.agents.entry(phase.agent.clone()).or_default() += 1;
        for resource in &phase.uses {
            *self.resources.entry(resource.clone()).or_default() += 1;
        }
    }
}

/// A limit that keeps ready work waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// All slots are taken; how many there are.
    Slots(usize),
    /// The agent runs as often as it may; how often that is.
    Agent(AgentName, usize),
    /// No token of the resource is left.
    Resource(ResourceName),
}

/// Place in the order among ready work; smaller goes first: effective priority, then retries before new work, then
/// the longest remaining path, then manifest order.
pub type Place = (Reverse<Priority>, bool, Reverse<u64>, usize);

/// The place of the plan at `index`, for its next phase.
pub fn place(index: usize, plan: &PlanWork, run: &PlanRun) -> Place {
    let remaining = next_phase(plan, run).map_or(0, |phase| phase.remaining);
    (Reverse(plan.priority), run.tries == 0, Reverse(remaining), index)
}

/// The first phase that no attempt has completed.
pub fn next_phase<'a>(plan: &'a PlanWork, run: &PlanRun) -> Option<&'a PhaseWork> {
    plan.phases.iter().find(|phase| !run.proven.contains(&phase.id))
}

/// The phases that an attempt starting now is given: from the first one with work left up to where it would have to
/// wait for another plan, or where another agent or other resources are asked for. When the plan's verification
/// failed, the phases that were worked on last are gone through once more.
pub fn leg<'a>(plan: &'a PlanWork, run: &PlanRun, state: &State) -> Vec<&'a PhaseWork> {
    if run.verify == Verify::Failed {
        let last = run
            .history
            .last()
            .map(|record| record.phases.as_slice())
            .unwrap_or_default();
        let again: Vec<_> = last.iter().filter_map(|id| plan.phase(*id)).collect();
        return if again.is_empty() {
            plan.phases.iter().collect()
        } else {
            again
        };
    }
    let mut leg: Vec<&PhaseWork> = Vec::new();
    for phase in &plan.phases {
        if run.proven.contains(&phase.id) {
            continue;
        }
        if let Some(first) = leg.first() {
            let same =
                phase.agent == first.agent && phase.uses == first.uses && phase.timeout == first.timeout;
            if !same || !unmet(plan, &phase.depends, state).is_empty() {
                break;
            }
        }
        leg.push(phase);
    }
    leg
}

/// Those of the dependencies that are not satisfied yet, or whose commit is not pinned yet although it is wanted.
pub fn unmet<'a>(plan: &PlanWork, depends: &'a [Dependency], state: &State) -> Vec<&'a Dependency> {
    depends
        .iter()
        .filter(|dependency| {
            !state.is_satisfied(dependency) || (plan.carry && state.commit_of(dependency).is_none())
        })
        .collect()
}

/// What stands between the plan and its next leg.
pub fn waits_for<'a>(plan: &'a PlanWork, run: &PlanRun, state: &State) -> Vec<&'a Dependency> {
    let mut waits = unmet(plan, &plan.depends, state);
    if let Some(phase) = next_phase(plan, run) {
        waits.extend(unmet(plan, &phase.depends, state));
    }
    waits
}

/// The commits that a leg starts from: one for each dependency of the plan and of the phases up to the leg's end.
pub fn carried(plan: &PlanWork, leg: &[&PhaseWork], state: &State) -> Vec<(WorkRef, CommitId)> {
    let mut carried: Vec<(WorkRef, CommitId)> = Vec::new();
    let last = leg.last().map(|phase| phase.id);
    let upto = plan
        .phases
        .iter()
        .position(|phase| Some(phase.id) == last)
        .map_or(0, |i| i + 1);
    let depends = plan
        .depends
        .iter()
        .chain(plan.phases[..upto].iter().flat_map(|phase| &phase.depends));
    for dependency in depends.filter(|_| plan.carry) {
        if let Some(commit) = state.commit_of(dependency)
            && !carried.iter().any(|(_, known)| known == commit)
        {
            carried.push((dependency.on.clone(), commit.clone()));
        }
    }
    carried
}
