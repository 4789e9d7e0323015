//! Doing phases of a plan again: how far its branch is set back, and with it the branches of other plans that contain its
//! commits.

use std::collections::BTreeSet;

use crate::plan::{CommitId, PhaseId, PlanName, Point, UnitId, WorkRef};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::{PlanWork, Work};

/// The commits on the branches of the plans.
pub trait BranchHistory {
    /// The tip of a plan's branch, `None` when there is no branch.
    fn tip(&self, plan: &PlanName) -> Option<CommitId>;

    /// True when the commit is in the history of the holder.
    fn holds(&self, holder: &CommitId, commit: &CommitId) -> bool;
}

/// How far the branch of a plan is to be set back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The plan.
    pub plan: PlanName,
    /// The commit that becomes the tip of the branch.
    pub to: CommitId,
    /// The phases that are reopened, in document order.
    pub phases: Vec<PhaseId>,
}

/// Why nothing is set back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedoRefusal {
    /// There is no such plan or phase.
    Unknown(WorkRef),
    /// It is a task, and branches are set back by phases.
    Task(WorkRef),
    /// No work on it was begun.
    NotBegun(WorkRef),
    /// It has landed on a target.
    Landed(WorkRef),
    /// Somebody works on this plan.
    AtWork(PlanName),
    /// A person or an agent resolves a conflict of this plan.
    Resolving(PlanName),
    /// No commit contains these earlier phases without the work that is to be done again.
    Interwoven {
        /// The work that was to be done again.
        what: WorkRef,
        /// The earlier phases.
        earlier: Vec<PhaseId>,
    },
    /// The branches of other plans contain its commits.
    BuiltOn {
        /// The work that was to be done again.
        what: WorkRef,
        /// The first phase of each other plan that would be reopened.
        by: Vec<WorkRef>,
    },
}

/// How far branches are set back so that a phase and the phases after it can be done again. The plan itself comes first. With
/// `dependents`, plans whose branches contain its commits are set back too.
///
/// # Errors
///
/// When there is nothing to do again, the work has landed, somebody works on it, or the branches of other plans contain its
/// commits.
pub fn redo(
    work: &Work,
    state: &State,
    what: &WorkRef,
    dependents: bool,
    branches: &dyn BranchHistory,
) -> Result<Vec<Rollback>, RedoRefusal> {
    let number = state
        .number(&what.plan)
        .ok_or_else(|| RedoRefusal::Unknown(what.clone()))?;
    let (plan, run) = (&work.plans[number], &state.plans[number]);
    let first = match what.point {
        Point::Plan => plan.phases.first().map(|phase| phase.id),
        Point::Phase(phase) => plan.phase(phase).map(|phase| phase.id),
        Point::Task(_) => return Err(RedoRefusal::Task(what.clone())),
    };
    let first = first.ok_or_else(|| RedoRefusal::Unknown(what.clone()))?;
    let open = begun(plan, run).skip_while(|phase| *phase != first && before(plan, *phase, first));
    let open: Vec<PhaseId> = open.collect();
    if open.is_empty() {
        return Err(RedoRefusal::NotBegun(what.clone()));
    }
    refuse_unfit(state, run, &plan.name, &open)?;
    let own = own_rollback(plan, run, what, &open)?;
    let mut rollbacks = vec![own];
    loop {
        let gone = gone(state, &rollbacks, branches);
        let carriers = others_to_set_back(work, state, &plan.name, &gone, branches);
        let same = carriers == rollbacks[1..];
        rollbacks.truncate(1);
        rollbacks.extend(carriers);
        if same {
            break;
        }
    }
    for other in &rollbacks[1..] {
        refuse_unfit(state, state.plan(&other.plan), &other.plan, &other.phases)?;
    }
    if rollbacks.len() > 1 && !dependents {
        let by = rollbacks[1..].iter().map(first_of).collect();
        return Err(RedoRefusal::BuiltOn {
            what: what.clone(),
            by,
        });
    }
    Ok(rollbacks)
}

/// The first phase that is reopened, or the plan when no phase of it was begun.
fn first_of(rollback: &Rollback) -> WorkRef {
    let point = rollback
        .phases
        .first()
        .map_or(Point::Plan, |phase| Point::Phase(*phase));
    WorkRef::at(&rollback.plan, point)
}

fn before(plan: &PlanWork, phase: PhaseId, other: PhaseId) -> bool {
    let mut phases = plan.phases.iter().map(|phase| phase.id);
    phases.find(|found| *found == phase || *found == other) == Some(phase)
}

/// The phases that were begun by this run or an earlier one, in document order. Work that the document had ticked does not count
/// as begun.
fn begun<'a>(plan: &'a PlanWork, run: &'a PlanRun) -> impl Iterator<Item = PhaseId> + 'a {
    let phases = plan.phases.iter().map(|phase| phase.id);
    phases.filter(move |phase| is_begun(plan, run, *phase))
}

fn is_begun(plan: &PlanWork, run: &PlanRun, phase: PhaseId) -> bool {
    let inside = |unit: &UnitId| unit.phase() == phase;
    let mut units = plan.units.iter().map(|unit| unit.id).filter(inside);
    let shown = units.any(|unit| run.is_unit_done(unit) && !run.ticked.contains(&unit));
    let given = || {
        let since = run.history.get(run.set_back_after..).unwrap_or_default();
        since.iter().flat_map(|record| &record.units).any(inside)
    };
    shown || run.touched.contains(&phase) || given()
}

fn refuse_unfit(state: &State, run: &PlanRun, name: &PlanName, open: &[PhaseId]) -> Result<(), RedoRefusal> {
    if state.is_landed(name) || !run.landed.is_empty() {
        return Err(RedoRefusal::Landed(WorkRef::whole(name)));
    }
    let landed = run
        .landed_prefix
        .values()
        .flat_map(|landed| &landed.prefix.phases);
    let landed: BTreeSet<PhaseId> = landed.copied().collect();
    if let Some(phase) = open.iter().find(|phase| landed.contains(phase)) {
        return Err(RedoRefusal::Landed(WorkRef::at(name, Point::Phase(*phase))));
    }
    if run.is_at_work() || run.hands.attached.is_some() {
        return Err(RedoRefusal::AtWork(name.clone()));
    }
    if run.resolution.agent.is_some() || run.resolution.path.is_some() {
        return Err(RedoRefusal::Resolving(name.clone()));
    }
    Ok(())
}

/// The plan's own rollback: to the last commit that contains all earlier phases that were begun, and nothing of the reopened
/// phases.
fn own_rollback(
    plan: &PlanWork,
    run: &PlanRun,
    what: &WorkRef,
    open: &[PhaseId],
) -> Result<Rollback, RedoRefusal> {
    let earlier: BTreeSet<PhaseId> = begun(plan, run).filter(|phase| !open.contains(phase)).collect();
    let interwoven = || RedoRefusal::Interwoven {
        what: what.clone(),
        earlier: earlier.iter().copied().collect(),
    };
    let fits = |start: &Start| {
        earlier.iter().all(|phase| start.done.contains(phase))
            && open.iter().all(|phase| !start.touches(*phase))
    };
    let start = starts(run)
        .into_iter()
        .filter(fits)
        .max_by_key(|start| start.done.len());
    let start = start.ok_or_else(interwoven)?;
    Ok(Rollback {
        plan: plan.name.clone(),
        to: start.commit,
        phases: open.to_vec(),
    })
}

/// A commit from which work can begin again.
struct Start {
    commit: CommitId,
    /// The done phases that it contains.
    done: BTreeSet<PhaseId>,
    /// Other phases that it may contain parts of.
    begun: BTreeSet<PhaseId>,
}

impl Start {
    fn touches(&self, phase: PhaseId) -> bool {
        self.done.contains(&phase) || self.begun.contains(&phase)
    }
}

/// Where the branch began, and the commits with which its phases ended.
fn starts(run: &PlanRun) -> Vec<Start> {
    let base = run.worktree().map(|made| Start {
        commit: made.base.clone(),
        done: BTreeSet::new(),
        begun: BTreeSet::new(),
    });
    let ends = run.ends.iter().filter(|(_, end)| end.uncommitted == 0);
    let ends = ends.filter_map(|(phase, end)| {
        let commit = run.pins.get(&Point::Phase(*phase))?.clone();
        let (done, begun) = (end.done.clone(), end.begun.clone());
        Some(Start { commit, done, begun })
    });
    base.into_iter().chain(ends).collect()
}

/// Every commit that was handed on and that the branches no longer contain after the rollbacks.
fn gone(state: &State, rollbacks: &[Rollback], branches: &dyn BranchHistory) -> BTreeSet<CommitId> {
    let handed_on = rollbacks.iter().flat_map(|rollback| {
        let all = state.plan(&rollback.plan).handed_on.values().flatten();
        all.filter(|commit| !branches.holds(&rollback.to, commit))
    });
    handed_on.cloned().collect()
}

/// The rollbacks of other plans whose branches contain one of these commits, in manifest order.
fn others_to_set_back(
    work: &Work,
    state: &State,
    but: &PlanName,
    gone: &BTreeSet<CommitId>,
    branches: &dyn BranchHistory,
) -> Vec<Rollback> {
    let free = |commit: &CommitId| !gone.iter().any(|gone| branches.holds(commit, gone));
    let others = work
        .plans
        .iter()
        .zip(&state.plans)
        .filter(|(plan, _)| plan.name != *but);
    let carriers = others.filter(|(plan, run)| {
        let tip = branches.tip(&plan.name);
        run.worktree().is_some() && tip.is_some_and(|tip| !free(&tip))
    });
    let back = carriers.filter_map(|(plan, run)| {
        let start = starts(run)
            .into_iter()
            .filter(|start| free(&start.commit))
            .max_by_key(|start| start.done.len())?;
        let phases = begun(plan, run).filter(|phase| !start.done.contains(phase));
        Some(Rollback {
            plan: plan.name.clone(),
            phases: phases.collect(),
            to: start.commit,
        })
    });
    back.collect()
}
