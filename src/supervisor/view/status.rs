//! The data of `orch status`: the plans' states according to the journal, joined with git's data.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{CommitId, Plan, PlanName, PlanState, TaskState};
use crate::schedule::{PlanWork, RunPhase, Tally, Width, eta, in_state_since, plan_state, verify_state};

use super::attention::AttentionView;
use super::dirt::dirt_of;
use super::plan::attempt_view::AttemptView;
use super::plan::away_view::{away_words, late_words};
use super::plan::conversation_view::ConversationView;
use super::plan::landed_view::LandedView;
use super::plan::message_view::MessageView;
use super::plan::milestone_view::MilestoneView;
use super::plan::phase_view::PhaseView;
use super::plan::question_view::QuestionView;
use super::situation::Situation;
use super::spent_view::SpentView;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;
use crate::words::{ReasonText, explained};

/// The answer of `orch status --json`.
#[derive(Debug, Clone, Serialize)]
pub struct StatusView {
    /// Version of the document.
    pub schema: u32,
    /// The run's id; `None` before the first run.
    pub run: Option<String>,
    /// The state of the run.
    pub state: RunView,
    /// Where plans land.
    pub target: TargetView,
    /// How many agents the run uses at once.
    pub width: Width,
    /// The run's usage, as far as it is reported.
    pub spent: SpentView,
    /// Items that need a person, the most important first.
    pub attention: Vec<AttentionView>,
    /// Expected seconds until all work is done that needs no person; `None` when there is none.
    pub eta_s: Option<u64>,
    /// The range of `eta_s`, in seconds, that holds in four of five cases; `None` where too little was measured.
    pub eta_range_s: Option<(u64, u64)>,
    /// Money that all plans have cost so far; `None` when no costs are reported.
    pub cost: Option<f64>,
    /// The plans, in manifest order.
    pub plans: Vec<PlanView>,
}

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunView {
    /// No run was ever started.
    Idle,
    /// A supervisor is running.
    Running,
    /// It was asked to stop.
    Stopping,
    /// It was stopped properly, with work left.
    Stopped,
    /// Its supervisor died.
    Interrupted,
    /// Every plan has settled.
    Settled,
}

/// The target branch.
#[derive(Debug, Clone, Serialize)]
pub struct TargetView {
    /// Its full name.
    #[serde(rename = "ref")]
    pub name: String,
    /// Its tip; `None` when the branch does not exist yet.
    pub oid: Option<CommitId>,
}

/// One plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlanView {
    /// Its name.
    pub name: PlanName,
    /// Its state.
    pub state: PlanState,
    /// Why it is in that state; never empty for a plan that neither runs nor has landed.
    pub why: Vec<String>,
    /// The remedy for each reason of `why`.
    #[serde(skip)]
    pub reasons: Vec<ReasonText>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Its priority, as written in the manifest.
    pub priority: String,
    /// Its branch.
    pub branch: String,
    /// Its worktree, when there is one.
    pub worktree: Option<PathBuf>,
    /// The commit at which its branch started.
    pub base: Option<CommitId>,
    /// Its branch's tip.
    pub head: Option<CommitId>,
    /// The number of commits on its branch that are not in its base.
    pub ahead: Option<usize>,
    /// True when its worktree has uncommitted changes; `None` when that was not checked.
    pub dirty: Option<bool>,
    /// The part of it that is on the run's target; `None` for nothing.
    pub landed: Option<LandedView>,
    /// How many of its tasks are done.
    #[serde(skip)]
    pub tally: Tally,
    /// In document order.
    pub phases: Vec<PhaseView>,
    /// The state of its own `verify`; `None` without one.
    pub verify: Option<TaskState>,
    /// The usage of its attempts, as far as it is reported.
    pub spent: SpentView,
    /// Expected seconds until it is done; `None` when it is done or needs a person first.
    pub eta_s: Option<u64>,
    /// Its owner and due day; `None` when it is done or has neither.
    pub milestone: Option<MilestoneView>,
    /// Money that it has cost so far; `None` when no costs are reported.
    pub cost: Option<f64>,
    /// Questions of its agents that wait for an answer.
    pub asks: Vec<QuestionView>,
    /// Messages to its agents, oldest first.
    pub messages: Vec<MessageView>,
    /// The conversation that `orch attach` opens; `None` before an agent has worked on it.
    pub conversation: Option<ConversationView>,
    /// Oldest first.
    pub attempts: Vec<AttemptView>,
}

impl Situation {
    /// The whole status, to the given depth.
    ///
    /// # Errors
    ///
    /// When the repository cannot be read.
    pub fn view(&self, project: &Project, depth: Depth) -> Result<StatusView, SupervisorError> {
        let state = self.scheduler.state();
        let expected = eta(self.scheduler.work(), state);
        let now = Timestamp::now();
        let late = if depth > Depth::Table {
            late_words(project)
        } else {
            Vec::new()
        };
        let mut plans = Vec::new();
        for (number, (plan, work)) in project
            .set
            .plans
            .iter()
            .zip(&self.scheduler.work().plans)
            .enumerate()
        {
            let eta = expected.plans.get(number).copied().flatten();
            let view = self.plan(project, plan, work, depth, &late)?;
            plans.push(PlanView {
                eta_s: eta.map(|eta| eta / 1000),
                milestone: MilestoneView::of(&plan.milestone, view.state, eta, self, now),
                ..view
            });
        }
        if depth == Depth::Worktrees {
            let worktrees: Vec<Option<PathBuf>> = plans.iter().map(|plan| plan.worktree.clone()).collect();
            for (plan, dirty) in plans.iter_mut().zip(dirt_of(&project.repo, &worktrees)) {
                plan.dirty = dirty;
            }
        }
        let spent = SpentView::of(state.spent, project.set.run.budget, project.set.run.currency);
        Ok(StatusView {
            schema: SCHEMA,
            run: state.run.as_ref().map(|run| run.id.to_string()),
            state: self.run_view(),
            target: TargetView {
                name: format!("refs/heads/{}", project.target),
                oid: project.repo.branch_tip(&project.target)?,
            },
            eta_s: expected.run.map(|eta| eta / 1000),
            eta_range_s: expected.range.map(|(from, to)| (from / 1000, to / 1000)),
            cost: SpentView::of(state.spent_on_plans(), None, spent.currency).cost,
            width: state.allowed_width(self.scheduler.work()),
            spent,
            attention: AttentionView::all(project, self),
            plans,
        })
    }

    /// The state of the run.
    pub fn run_view(&self) -> RunView {
        match (self.scheduler.state().phase, self.driven) {
            (RunPhase::Idle, false) => RunView::Idle,
            (RunPhase::Stopping { .. }, true) => RunView::Stopping,
            (RunPhase::Settled, _) => RunView::Settled,
            (_, true) => RunView::Running,
            (RunPhase::Driving | RunPhase::Stopping { .. }, false) => RunView::Interrupted,
            (RunPhase::Stopped { .. }, false) => RunView::Stopped,
        }
    }

    fn plan(
        &self,
        project: &Project,
        plan: &Plan,
        work: &PlanWork,
        depth: Depth,
        late: &[(PlanName, String)],
    ) -> Result<PlanView, SupervisorError> {
        let state = self.scheduler.state();
        let run = state.plan(&plan.name);
        let mut reasons = explained(self.scheduler.work(), state, &plan.name);
        let unseen = self.unseen.iter().filter(|(name, _)| *name == plan.name);
        reasons.extend(unseen.map(|(_, why)| ReasonText::plain(why)));
        reasons.extend(away_words(project, run).into_iter().map(ReasonText::plain));
        let late = late.iter().filter(|(name, _)| *name == plan.name);
        reasons.extend(late.map(|(_, words)| ReasonText::plain(words)));
        let now = plan_state(self.scheduler.work(), state, &plan.name);
        let in_parts = depth > Depth::Table || now == PlanState::Running;
        let made = run.worktree().filter(|_| depth > Depth::Journal);
        let head = match made {
            Some(_) => project.repo.branch_tip(&plan.branch)?,
            None => None,
        };
        let base = run.worktree().map(|made| made.base.clone());
        let ahead = head.as_ref().zip(base.as_ref());
        let ahead = ahead.and_then(|(head, base)| Some(project.repo.ahead_behind(head, base).ok()?.ahead));
        let phases = plan.document.phases.iter().filter(|_| in_parts);
        let phases = phases.map(|phase| PhaseView::of(work, run, phase));
        let attempts = run.history.iter().filter(|_| in_parts);
        let attempts = attempts.map(|attempt| AttemptView::of(project, self, attempt));
        let spent = SpentView::of(run.spent, plan.budget, project.set.run.currency);
        Ok(PlanView {
            name: plan.name.clone(),
            state: now,
            why: reasons.iter().map(|reason| reason.text.clone()).collect(),
            reasons,
            since: in_state_since(self.scheduler.work(), state, &plan.name).and_then(|at| self.wall(at)),
            priority: plan.priority.to_string(),
            branch: plan.branch.clone(),
            worktree: made
                .map(|made| PathBuf::from(&made.path))
                .filter(|path| path.is_dir()),
            base,
            head,
            ahead,
            dirty: None,
            landed: LandedView::of(state, run),
            tally: Tally::of(work, run),
            phases: phases.collect(),
            verify: work.verify.then(|| verify_state(run)),
            cost: spent.cost,
            spent,
            eta_s: None,
            milestone: None,
            asks: QuestionView::all(state, &plan.name),
            messages: MessageView::all(self, run, in_parts),
            conversation: ConversationView::of(project, run, in_parts),
            attempts: attempts.collect(),
        })
    }
}

/// How much data to gather.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The data for a table of all plans: phases and attempts only of running plans.
    Table,
    /// Everything in the journal.
    Journal,
    /// Also the tips of branches.
    Branches,
    /// Also uncommitted changes, which costs a `git status` for each worktree.
    Worktrees,
}
