//! The plan that an event is about.

use super::about::{AgentStart, AgentSubmit, SkippedPlan, WorkConflict};
use super::fact::Event;
use super::phase_fact::PhaseVerify;
use crate::plan::PlanName;

impl Event {
    /// Returns the plan that the event is about.
    pub fn plan(&self) -> Option<&PlanName> {
        match self {
            Self::RunStarted { .. }
            | Self::RunStopping { .. }
            | Self::RunStopped { .. }
            | Self::RunSettled {}
            | Self::RunWidth(_)
            | Self::ManifestChanged(_)
            | Self::TargetChecked(_)
            | Self::MergeRequested { .. } => None,
            Self::Warning { plan, .. } => plan.as_ref(),
            Self::Resumed(about)
            | Self::RetryRequested(about)
            | Self::CancelRequested(about)
            | Self::Approved(about) => Some(&about.plan),
            Self::PinRefused(about) => Some(&about.plan),
            Self::MergeVerified(about) => about.plan.as_ref(),
            Self::MergeFlaky(about) => about.plan.as_ref(),
            Self::WorkSkipped(about) => Some(&about.plan),
            Self::MergeFound(about) => Some(&about.plan),
            Self::MergeReverted(about) | Self::MergeRestored(about) => Some(&about.plan),
            Self::PlanFailed(about) | Self::VerifyFailed(about) => Some(&about.plan),
            Self::VerifyStarted(of)
            | Self::VerifyStopped(of)
            | Self::PlanFinished(of)
            | Self::PlanCancelled(of) => Some(&of.plan),
            Self::Pinned(about) => Some(&about.plan),
            Self::MergeStarted(about) => Some(&about.plan),
            Self::MergeLanded(about) => Some(&about.plan),
            Self::MergeFailed(about) => Some(&about.plan),
            Self::Resolve(fact) => Some(fact.plan()),
            Self::Person(fact) => fact.plan(),
            Self::WorkRefused(refusal) => Some(&refusal.plan),
            Self::WorktreeLost(of) => Some(&of.plan),
            Self::WorktreeRefused(of) | Self::WorktreeWaits(of) | Self::WorktreeDeferred(of) => {
                Some(&of.plan)
            }
            Self::AgentUsage(usage) => Some(&usage.plan),
            Self::AttemptParked(parked) => Some(&parked.plan),
            Self::Ticked(of) => Some(&of.plan),
            Self::AgentStalled(of) => Some(&of.plan),
            Self::StallActed(of) => Some(&of.plan),
            Self::AgentStirred(of) | Self::AgentHeard(of) => Some(&of.plan),
            Self::AgentSilent(silence) => Some(&silence.plan),
            Self::AgentSubmitted(AgentSubmit { plan, .. }) => Some(plan),
            Self::ReportLate(late) => Some(&late.plan),
            Self::MessageSent(sent) => Some(&sent.plan),
            Self::Paused(asked) => Some(&asked.plan),
            Self::QuestionAsked(question) => Some(&question.plan),
            Self::QuestionAnswered(answer) => Some(&answer.plan),
            Self::Escalated(wait) => Some(&wait.plan),
            Self::UnionRed(seen) | Self::UnionGreen(seen) => Some(&seen.plan),
            Self::ConflictForeseen(seen) | Self::ConflictGone(seen) => Some(&seen.plan),
            Self::WorkLeftOut(about) | Self::WorkAdded(about) | Self::WorkCancelled(about) => {
                Some(&about.plan)
            }
            Self::TaskStarted(report)
            | Self::TaskDone(report)
            | Self::TaskFailed(report)
            | Self::TaskSkipped(report) => Some(&report.plan),
            Self::WorktreeCreated { plan, .. }
            | Self::AttemptAssigned { plan, .. }
            | Self::AgentStarted(AgentStart { plan, .. })
            | Self::AgentRefused { plan, .. }
            | Self::AgentEnded { plan, .. }
            | Self::AttemptChecked { plan, .. }
            | Self::AttemptFailed { plan, .. }
            | Self::StageDone { plan, .. }
            | Self::WorkMerged { plan, .. }
            | Self::WorkConflicted(WorkConflict { plan, .. })
            | Self::WorkFailed { plan, .. }
            | Self::PhaseDone { plan, .. }
            | Self::PhaseVerify(PhaseVerify { plan, .. })
            | Self::VerifyPassed { plan, .. }
            | Self::PlanSkipped(SkippedPlan { plan, .. })
            | Self::PlanHeld { plan, .. } => Some(plan),
        }
    }
}
