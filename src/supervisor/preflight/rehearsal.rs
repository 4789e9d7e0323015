//! `orch merge --dry-run`: the real scheduler decides and candidates are built, but nothing is verified and nothing
//! moves.

use std::collections::BTreeMap;

use crate::journal::JournalReader;
use crate::plan::{AgentName, CommitId, PlanName, WorkRef};
use crate::schedule::train::{Build, BuildId, LandedPlan, Order, TrainAnswer, Tried, Verdict};
use crate::schedule::{Effect, Event, Exit, Input, MergeTrouble, ResolveOrder, ResolverFailed, Resolving};
use crate::words::because;

use super::checks as preflight;
use crate::supervisor::control::merge_request::MergeRequest;
use crate::supervisor::control::request::{MergeOutcome, MergeReport};
use crate::supervisor::perform;
use crate::supervisor::perform::build::known::KnownPlans;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::recovery::changed_documents;
use crate::supervisor::view::situation::Situation;

/// Rehearses a merge request.
///
/// # Errors
///
/// When the repository cannot be read, or the whole merge would be refused.
pub fn rehearse_merge(
    project: &Project,
    situation: Situation,
    plans: &[WorkRef],
    into: Option<&str>,
) -> Result<MergeReport, SupervisorError> {
    let mut scheduler = situation.scheduler;
    // A running supervisor uses the documents that it has read.
    if !situation.driven {
        preflight::check_branches(project, scheduler.state())?;
        preflight::check_documents(project, scheduler.state())?;
        let records = || match JournalReader::open(&project.dir)? {
            Some(reader) => Ok(reader.after(0, None)?),
            None => Ok(Vec::new()),
        };
        let at = scheduler.state().now;
        for event in changed_documents::found(project, &scheduler, &records)? {
            let _ = scheduler.take(at, &event);
        }
    }
    let target = into.unwrap_or(&project.target).to_owned();
    let before = project.repo.branch_tip(&target)?;
    let mut request = MergeRequest::new(plans, &target, before.clone(), scheduler.state(), None);
    let at = scheduler.state().now;
    let run = scheduler
        .state()
        .run
        .as_ref()
        .map(|run| run.id)
        .unwrap_or_default();
    let start = Event::RunStarted {
        run,
        base: project.base.clone(),
        target: project.target.clone(),
        only: Vec::new(),
        merge_only: true,
    };
    let ask = Event::MergeRequested {
        plans: plans.to_vec(),
        into: into.map(str::to_owned),
    };
    // The supervisor applies both before it decides, and so does the rehearsal.
    let _ = scheduler.take(at, &start);
    let mut inputs = vec![Input::Event(ask)];
    let mut pool = Rehearsal {
        project,
        target: target.clone(),
        onto: before.clone().unwrap_or_else(|| project.base.clone()),
        known: KnownPlans::of(&scheduler, &target),
        built: BTreeMap::new(),
        repaired: BTreeMap::new(),
    };
    let mut given: BTreeMap<WorkRef, AgentName> = BTreeMap::new();
    while let Some(input) = inputs.pop() {
        let step = scheduler.handle(at, input);
        // No agent is started, so the events of resolvers do not count.
        for event in step
            .events
            .iter()
            .filter(|event| !matches!(event, Event::Resolve(_)))
        {
            request.hear(event);
        }
        for effect in step.effects {
            match effect {
                Effect::Train { order, .. } => {
                    pool.known.parts = KnownPlans::of(&scheduler, &pool.target).parts;
                    inputs.extend(pool.answer(order).map(Input::Train));
                }
                Effect::Resolve(order) => {
                    given.insert(order.what(), order.agent.clone());
                    inputs.push(Input::Event(Event::Resolve(Resolving::Failed(not_started(
                        &order,
                    )))));
                }
                _ => {}
            }
        }
    }
    let mut report = request.finish(scheduler.state()).unwrap_or(MergeReport {
        target,
        before: before.clone(),
        after: None,
        plans: Vec::new(),
    });
    report.after = before;
    for plan in &mut report.plans {
        if let (MergeOutcome::Landed, Some(words)) = (plan.outcome, pool.repaired.get(&plan.name.plan)) {
            plan.why = plan.why.take().or_else(|| Some(words.clone()));
        }
        if let (MergeOutcome::Held, Some(agent)) = (plan.outcome, given.get(&plan.name)) {
            let why = plan.why.take().unwrap_or_default();
            plan.why = Some(format!("{why}\nagent {agent} would be given it before that"));
        }
    }
    Ok(report)
}

fn not_started(order: &ResolveOrder) -> ResolverFailed {
    let why = "this is a rehearsal".to_owned();
    ResolverFailed {
        plan: order.plan.clone(),
        up_to: order.up_to,
        attempt: order.attempt.clone(),
        exit: Exit::NotStarted { why: why.clone() },
        why: why.into(),
        path: None,
    }
}

/// The target's commit after the merges so far.
struct Rehearsal<'a> {
    project: &'a Project,
    target: String,
    onto: CommitId,
    known: KnownPlans,
    built: BTreeMap<BuildId, Vec<LandedPlan>>,
    /// How conflicts would be repaired.
    repaired: BTreeMap<PlanName, String>,
}

impl Rehearsal<'_> {
    /// Answers orders as if everything that can be merged passed its verification.
    fn answer(&mut self, order: Order) -> Option<TrainAnswer> {
        match order {
            Order::Stop(_) => None,
            Order::Try(build) => {
                let tried = match self.build(&build) {
                    Ok(moves) => {
                        self.built.insert(build.id, moves);
                        Tried::Verdict(Verdict::unasked())
                    }
                    Err(tried) => tried,
                };
                Some(TrainAnswer::Tried {
                    build: build.id,
                    tried,
                    tip_green: true,
                })
            }
            Order::Land(landing) => {
                let moves = self.built.remove(&landing.build).unwrap_or_default();
                let moves = moves
                    .into_iter()
                    .filter(|(plan, ..)| landing.batch.contains(plan));
                let moves: Vec<LandedPlan> = moves.collect();
                for (plan, _, commit) in &moves {
                    self.onto = commit.clone();
                    self.known.landed.insert(plan.clone(), commit.clone());
                }
                Some(TrainAnswer::Landed(Ok(moves)))
            }
        }
    }

    fn build(&mut self, build: &Build) -> Result<Vec<LandedPlan>, Tried> {
        let mut onto = self.onto.clone();
        let mut moves: Vec<LandedPlan> = Vec::new();
        for plan in &build.batch {
            let merged = perform::rehearse(self.project, plan, &self.target, &onto, &self.known);
            let (commit, repaired) = merged.map_err(|why| match why {
                MergeTrouble::Refused { why } => Tried::Impossible(plan.clone(), because(&why)),
                MergeTrouble::Obstacle { why } => Tried::InTheWay(plan.clone(), why),
                other => Tried::Conflict(plan.clone(), other),
            })?;
            self.repaired.remove(plan);
            self.repaired.extend(repaired.map(|words| (plan.clone(), words)));
            moves.push((plan.clone(), Some(onto), commit.clone()));
            onto = commit;
        }
        Ok(moves)
    }
}
