//! Which plans land, in which order, and which requests cannot be met.

use std::cmp::Reverse;

use super::foresight::in_the_way_of;
use super::prefix::{prefix, units};
use crate::plan::{PhaseId, PlanName, Point, Priority, WorkRef};
use crate::schedule::event::merge_facts::Prefix;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::event::why::not_landing::NotLanding;
use crate::schedule::ready::file_turns;
use crate::schedule::ready::mutual_dependencies::lands_before;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun};
use crate::schedule::train::TrainEntry;
use crate::schedule::work::plans::{PlanWork, Work};

/// More urgent plans first; on a tie, the plan that conflicts with fewer others.
type MergeUrgency = (Reverse<Priority>, usize);

/// Returns the first request that cannot be met, and why.
pub fn refusal(work: &Work, state: &State) -> Option<(PlanName, MergeTrouble)> {
    let candidates = candidates(work, state);
    let extents: Vec<_> = candidates
        .iter()
        .map(|candidate| extent(candidate, state))
        .collect();
    candidates.iter().zip(&extents).find_map(|(candidate, extent)| {
        let refused = |why: MergeTrouble| Some((candidate.plan.name.clone(), why));
        let extent = match extent {
            Ok(Some(extent)) => extent,
            Ok(None) => return None,
            Err(why) => return refused(why.clone()),
        };
        let lost = blockers(work, candidate, extent, state).into_iter().find(|on| {
            let wanted = candidates.iter().zip(&extents).any(|(other, extent)| {
                let may_hold = match extent {
                    Ok(Some(extent)) => extent.holds(on.point),
                    // It is not known yet which phases the merge contains.
                    Ok(None) => true,
                    Err(_) => false,
                };
                other.plan.name == on.plan && may_hold
            });
            // Nobody asked for this plan right now, so it can wait until the other plan is resumed.
            let idle = state.plan(&candidate.plan.name).merge == Merge::Idle;
            let waits = idle && state.is_landing_paused(&on.plan);
            !wanted && !waits && !will_land_by_itself(work, &on.plan, state)
        })?;
        refused(MergeTrouble::Waits { on: lost.plan })
    })
}

/// Returns the plans that land now, and their target: dependencies first, then effective priority, then plans that conflict
/// with fewer others, then manifest order. A running train takes only plans with its own target.
pub fn queue(
    work: &Work,
    state: &State,
    under_way: Option<Option<String>>,
) -> (Option<String>, Vec<TrainEntry>) {
    let candidates = candidates(work, state);
    let all = candidates.iter().filter_map(|candidate| {
        let extent = extent(candidate, state).ok().flatten()?;
        let needs = blockers(work, candidate, &extent, state);
        Some((candidate, extent, needs))
    });
    let mut waiting: Vec<_> = all.collect();
    let mut goes = under_way;
    let mut queue: Vec<TrainEntry> = Vec::new();
    let mut extents: Vec<Extent> = Vec::new();
    loop {
        let next = waiting.iter().position(|(candidate, _, needs)| {
            let same = goes.as_ref().is_none_or(|goes| *goes == candidate.into);
            let before = |need: &WorkRef| {
                let mut queued = queue.iter().zip(&extents);
                queued.any(|(entry, extent)| entry.plan == need.plan && extent.holds(need.point))
            };
            same && needs.iter().all(before)
        });
        let Some(next) = next else { break };
        let (candidate, extent, needs) = waiting.remove(next);
        goes.get_or_insert_with(|| candidate.into.clone());
        extents.push(extent);
        queue.push(TrainEntry {
            plan: candidate.plan.name.clone(),
            needs: needs.into_iter().map(|need| need.plan).collect(),
        });
    }
    (goes.flatten(), queue)
}

/// Returns the first phases of a plan that will land, when not the whole plan will.
pub fn part(work: &Work, state: &State, name: &PlanName) -> Option<Prefix> {
    let candidate = candidates(work, state)
        .into_iter()
        .find(|candidate| candidate.plan.name == *name)?;
    match extent(&candidate, state).ok()?? {
        Extent::Whole => None,
        Extent::Part(part) => Some(part),
    }
}

/// A requested merge.
struct MergeCandidate<'a> {
    plan: &'a PlanWork,
    run: &'a PlanRun,
    /// A target other than the run's.
    into: Option<String>,
    /// The last phase to land, or `None` for the whole plan.
    up_to: Option<PhaseId>,
}

/// How much of a plan will land.
enum Extent {
    Whole,
    Part(Prefix),
}

impl Extent {
    fn holds(&self, point: Point) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(part) => part.holds(point),
        }
    }
}

/// Returns how much of the plan will land, or `None` while that is being determined.
fn extent(candidate: &MergeCandidate<'_>, state: &State) -> Result<Option<Extent>, MergeTrouble> {
    let MergeCandidate { plan, run, up_to, .. } = candidate;
    let Some(up_to) = *up_to else {
        return match run.outcome == Some(Outcome::Finished) {
            true => Ok(Some(Extent::Whole)),
            false => Err(not_finished(run)),
        };
    };
    if run.has_less_to_show() {
        return Err(not_finished(run));
    }
    // A running merge continues, unless a part of it is open again.
    let still = |part: &&Prefix| {
        part.phases
            .iter()
            .all(|phase| run.phases_done.contains_key(phase))
    };
    if let Some(part) = run.merge_prefix.as_ref().filter(still) {
        return Ok(Some(Extent::Part(part.clone())));
    }
    match prefix(plan, run, up_to)? {
        Some(part) => Ok(Some(Extent::Part(part))),
        None if will_be_pinned(plan, run, state) => Ok(None),
        None => Err(MergeTrouble::Refused {
            why: NotLanding::NotNoted(up_to).into(),
        }),
    }
}

/// Returns true when the commit of a done phase is about to be pinned.
fn will_be_pinned(plan: &PlanWork, run: &PlanRun, state: &State) -> bool {
    let driving = state.run.as_ref().is_some_and(|run| run.merge_only.is_none());
    let open = run.is_open() && run.worktree().is_some() && run.phases_done.len() < plan.phases.len();
    driving && open && state.drives(&plan.name)
}

/// Returns every requested merge with its target, the most urgent first.
fn candidates<'a>(work: &'a Work, state: &'a State) -> Vec<MergeCandidate<'a>> {
    let mut candidates: Vec<(MergeUrgency, MergeCandidate<'a>)> = Vec::new();
    for (index, plan) in work.plans.iter().enumerate() {
        let run = &state.plans[index];
        if let Some(into) = wanted(plan, run, state) {
            let order = (Reverse(plan.priority), in_the_way_of(state, run));
            let candidate = MergeCandidate {
                plan,
                run,
                into,
                up_to: run.merge_up_to,
            };
            candidates.push((order, candidate));
        }
    }
    candidates.sort_by_key(|candidate| candidate.0);
    candidates.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Returns the target to merge the plan into, when a merge is requested now.
fn wanted(plan: &PlanWork, run: &PlanRun, state: &State) -> Option<Option<String>> {
    match &run.merge {
        Merge::Wanted(into) => Some(into.clone()),
        Merge::Running(into) => Some(into.clone()),
        Merge::Idle => {
            let finished = run.outcome == Some(Outcome::Finished);
            // While an agent resolves a conflict of the plan's first phases, the whole plan waits until they have landed.
            let free = run.may_merge() && run.resolution.agent.is_none();
            let by_itself = plan.auto_merge && finished && free && !run.is_landing_paused();
            (by_itself && state.drives(&plan.name) && !state.is_landed(&plan.name)).then_some(None)
        }
    }
}

/// Returns the plans that will land without a request.
pub fn automatic<'a>(work: &'a Work, state: &'a State) -> impl Iterator<Item = (&'a PlanName, &'a PlanRun)> {
    let plans = work.plans.iter().zip(&state.plans);
    let idle = plans.filter(|(_, run)| run.merge == Merge::Idle);
    idle.filter(|(plan, run)| wanted(plan, run, state).is_some())
        .map(|(plan, run)| (&plan.name, run))
}

/// Returns the work that must land first.
fn blockers(work: &Work, candidate: &MergeCandidate<'_>, extent: &Extent, state: &State) -> Vec<WorkRef> {
    let MergeCandidate { plan, run, into, .. } = candidate;
    let own = state.run.as_ref().map(|run| &run.target);
    let Some(target) = into.as_ref().or(own) else {
        return Vec::new();
    };
    let units = match extent {
        Extent::Whole => plan.units.iter().collect(),
        Extent::Part(part) => units(plan, run, part),
    };
    let depends = plan
        .depends
        .iter()
        .chain(units.iter().flat_map(|unit| &unit.depends));
    let after = plan.after.iter().chain(units.iter().flat_map(|unit| &unit.after));
    depends
        .map(|dependency| dependency.on.clone())
        .chain(file_turns::merged_in(plan, after, state))
        .filter(|on| state.number(&on.plan).is_some())
        .filter(|on| !state.has_landed(on, target))
        .filter(|on| !(matches!(extent, Extent::Whole) && lands_before(work, plan, on, state)))
        .collect()
}

/// Returns true when the plan is still in progress, or about to land, and lands without a request.
pub(in crate::schedule) fn will_land_by_itself(work: &Work, name: &PlanName, state: &State) -> bool {
    let run = state.plan(name);
    let open = run.is_open() && state.run.as_ref().is_none_or(|info| info.merge_only.is_none());
    let unhindered = open || (run.outcome == Some(Outcome::Finished) && run.may_merge());
    let busy = matches!(run.merge, Merge::Running(_));
    let auto = state
        .number(name)
        .is_some_and(|number| work.plans[number].auto_merge);
    busy || (auto && unhindered && !run.is_landing_paused() && state.drives(name))
}

fn not_finished(run: &PlanRun) -> MergeTrouble {
    let why = match &run.outcome {
        None => Because::Unfinished,
        Some(Outcome::Failed(why)) => Because::Failed {
            why: Box::new(why.clone()),
        },
        Some(Outcome::Skipped(why)) => Because::Skipped {
            why: Box::new(why.clone()),
        },
        Some(Outcome::Held(Hold::Verification { .. })) => Because::NotVerified,
        Some(Outcome::Held(hold)) => Because::OnHold {
            why: Box::new(hold.because()),
        },
        Some(Outcome::Cancelled) => Because::PlanCancelled,
        Some(Outcome::Finished) => Because::Finished,
    };
    MergeTrouble::NotFinished { why }
}
