//! Events: the facts of the journal, named as `orch events` prints them. The state is the fold of all events.

use super::{AgentUsage, OfPlan, Parked, PinRefusal, Steered, TaskReport, UnitOf, WorkRefusal, WorkSkip};
use super::{Because, BuiltOn, Evidence, Exit, Failed, FoundPlan, Hold, LaneNote, LaunchTrouble, OfAttempt};
use crate::plan::{AgentName, AttemptId, CommitId, PhaseId, PlanName, RunId, UnitId, WorkRef};

/// One fact. The derived code reads and writes all variants except the last two; `form.rs` adds those.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "event", remote = "Self")]
pub enum Event {
    /// `orch up` started or continued a run.
    #[serde(rename = "run.started")]
    RunStarted {
        /// The run.
        run: RunId,
        /// The commit where new branches start.
        base: CommitId,
        /// The branch on which plans land, without `refs/heads/`.
        target: String,
        /// The plans to drive; empty for all.
        only: Vec<PlanName>,
        /// True for a supervisor that lands finished plans and starts no agents.
        merge_only: bool,
    },
    /// A person asked to stop.
    #[serde(rename = "run.stopping")]
    RunStopping {
        /// True to stop without grace.
        now: bool,
    },
    /// The supervisor ended in order.
    #[serde(rename = "run.stopped")]
    RunStopped {
        /// Why.
        why: Because,
        /// True when the next `orch up` continues this run instead of starting another.
        resume: bool,
    },
    /// The run uses fewer agents at once than before, or more.
    #[serde(rename = "run.width")]
    RunWidth(super::notice::WidthChange),
    /// Every plan has settled.
    #[serde(rename = "run.settled")]
    RunSettled {},
    /// The plan's worktree and branch exist.
    #[serde(rename = "worktree.created")]
    WorktreeCreated {
        /// The plan.
        plan: PlanName,
        /// Lane of the worktree; 0 is the plan's own.
        #[serde(default, skip_serializing_if = "super::omitted::is_zero")]
        lane: u32,
        /// The worktree's folder.
        path: String,
        /// The worktree's branch.
        branch: String,
        /// The commit that the branch started from.
        base: CommitId,
    },
    /// The worktree could not be created.
    #[serde(rename = "worktree.refused")]
    WorktreeRefused(LaneNote),
    /// Creating the worktree takes a while: it waits for disk space, or is being set up.
    #[serde(rename = "worktree.waits")]
    WorktreeWaits(LaneNote),
    /// The worktree is not created now, because a person asked to stop. It will be requested again.
    #[serde(rename = "worktree.deferred")]
    WorktreeDeferred(LaneNote),
    /// The worktree is gone. It is created again when needed.
    #[serde(rename = "worktree.lost")]
    WorktreeLost(super::about::LaneOf),
    /// An attempt was given work. Written before its process starts.
    #[serde(rename = "attempt.assigned")]
    AttemptAssigned {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// The number of the attempt at this stage, from 1.
        number: u32,
        /// The agent.
        agent: AgentName,
        /// The attempt's units: the phases of a stage, one phase, or one task.
        #[serde(alias = "phases")]
        units: Vec<UnitId>,
        /// Lane of the worktree; 0 is the plan's own.
        #[serde(default, skip_serializing_if = "super::omitted::is_zero")]
        lane: u32,
        /// The agent's account, or `None` when it has only one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// With the plan's first attempt: the boxes ticked in its document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticks: Option<super::about::Ticks>,
    },
    /// The ticked boxes of a plan's document changed since it was last read.
    #[serde(rename = "plan.ticked")]
    Ticked(super::about::TicksOf),
    /// The agent's process runs.
    #[serde(rename = "agent.started")]
    AgentStarted(super::about::AgentStart),
    /// The attempt was handed over to an executor, or its engine has named the job.
    #[serde(rename = "agent.submitted")]
    AgentSubmitted(super::about::AgentSubmit),
    /// Nothing was heard from the attempt's node for `silent_after`. That ends nothing.
    #[serde(rename = "agent.silent")]
    AgentSilent(super::about::AgentSilence),
    /// The node is heard from again.
    #[serde(rename = "agent.heard")]
    AgentHeard(OfAttempt),
    /// The agent could not be started.
    #[serde(rename = "agent.refused")]
    AgentRefused {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        why: LaunchTrouble,
    },
    /// The agent's process ended.
    #[serde(rename = "agent.ended")]
    AgentEnded {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// How it ended.
        exit: Exit,
        /// Why an attempt on another machine ended, when its agent did not end by itself; `None` otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Box<str>>,
    },
    /// The facts in the agent's output: last word, denied tools, turns, tokens, cost, conversation.
    #[serde(rename = "agent.told")]
    AgentUsage(AgentUsage),
    /// The attempt met a rate limit or an outage. The plan continues afterwards, and no attempt is spent.
    #[serde(rename = "attempt.parked")]
    AttemptParked(Parked),
    /// The attempt's work was inspected, and leftover changes were committed.
    #[serde(rename = "attempt.checked")]
    AttemptChecked {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// The evidence.
        evidence: Evidence,
    },
    /// The attempt's work did not complete its stage.
    #[serde(rename = "attempt.failed")]
    AttemptFailed {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// The missing evidence.
        why: Because,
        /// Milliseconds until the next attempt, or `None` when there is no next attempt.
        retry_in_ms: Option<u64>,
        /// True when the attempt used up one of the plan's retries.
        counted: bool,
        /// True when the attempt made nothing. Work it reported done is open for the next attempt.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        nothing_made: bool,
        /// True when the attempt was not judged, because messages were unread. The next attempt continues with them.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unread: bool,
    },
    /// The attempt's stage is done.
    #[serde(rename = "leg.done")]
    StageDone {
        /// The plan.
        plan: PlanName,
        /// The attempt that finished it.
        attempt: AttemptId,
        /// The units that are done.
        #[serde(alias = "phases")]
        units: Vec<UnitId>,
    },
    /// The commits of an attempt with its own branch are on the plan's branch.
    #[serde(rename = "work.merged")]
    WorkMerged {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// The tip of the plan's branch afterwards.
        commit: CommitId,
    },
    /// The commits of an attempt conflict with the plan's branch.
    #[serde(rename = "work.conflicted")]
    WorkConflicted(super::about::WorkConflict),
    /// The commits of an attempt could not be merged into the plan's branch, for a reason other than a conflict.
    #[serde(rename = "work.refused")]
    WorkRefused(WorkRefusal),
    /// A task that no agent worked on was reported needless.
    #[serde(rename = "work.left_out")]
    WorkLeftOut(UnitOf),
    /// A task, a VERIFY block or a phase was added to done work, which is open again.
    #[serde(rename = "work.added")]
    WorkAdded(UnitOf),
    /// The attempts at one phase or task are used up; the rest of the plan continues.
    #[serde(rename = "work.failed")]
    WorkFailed {
        /// The plan.
        plan: PlanName,
        /// The phase or task.
        unit: UnitId,
        /// Why.
        why: Because,
        /// True when a person has to look at it, because of a conflict or a background check.
        held: bool,
        /// Work that was built on this work before its check failed.
        built_on: Vec<BuiltOn>,
    },
    /// A phase or task was skipped, because its dependency will never be done.
    #[serde(rename = "work.skipped")]
    WorkSkipped(WorkSkip),
    /// A task was started.
    #[serde(rename = "task.started")]
    TaskStarted(TaskReport),
    /// A task was reported done.
    #[serde(rename = "task.done")]
    TaskDone(TaskReport),
    /// A task was reported failed.
    #[serde(rename = "task.failed")]
    TaskFailed(TaskReport),
    /// A task was left out on purpose.
    #[serde(rename = "task.skipped")]
    TaskSkipped(TaskReport),
    /// All tasks of a phase are done or skipped.
    #[serde(rename = "phase.done")]
    PhaseDone {
        /// The plan.
        plan: PlanName,
        /// The phase.
        phase: PhaseId,
        /// True when the tasks were proven one by one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        proven: bool,
    },
    /// The verification of a phase started or ended. `said` tells which.
    #[serde(rename = "phase.verify")]
    PhaseVerify(super::phase_fact::PhaseVerify),
    /// The commit that dependents of a point start from was pinned.
    #[serde(rename = "plan.pinned")]
    Pinned(super::merge_facts::Pinned),
    /// The commit of a point could not be pinned.
    #[serde(rename = "pin.refused")]
    PinRefused(PinRefusal),
    /// The plan's own verification started.
    #[serde(rename = "verify.started")]
    VerifyStarted(OfPlan),
    /// The plan's own verification succeeded.
    #[serde(rename = "verify.passed")]
    VerifyPassed {
        /// The plan.
        plan: PlanName,
        /// The commit that was verified.
        commit: CommitId,
        /// The command and its commit, or `None` if unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran: Option<super::phase_fact::Ran>,
    },
    /// The plan's own verification failed.
    #[serde(rename = "verify.failed")]
    VerifyFailed(Failed),
    /// The plan's own verification was stopped because a person asked. It has no result.
    #[serde(rename = "verify.stopped")]
    VerifyStopped(OfPlan),
    /// All work is done and verified on the branch.
    #[serde(rename = "plan.finished")]
    PlanFinished(OfPlan),
    /// The plan's attempts are used up.
    #[serde(rename = "plan.failed")]
    PlanFailed(Failed),
    /// A dependency of the plan did not succeed.
    #[serde(rename = "plan.skipped")]
    PlanSkipped(super::about::SkippedPlan),
    /// The plan needs a person.
    #[serde(rename = "plan.held")]
    PlanHeld {
        /// The plan.
        plan: PlanName,
        /// Why.
        why: Hold,
    },
    /// A person asked to start nothing new in a plan or a part of it.
    #[serde(rename = "plan.paused")]
    Paused(super::about::PauseAsked),
    /// A person ended a pause.
    #[serde(rename = "plan.resumed")]
    Resumed(Steered),
    /// A person asked to try again failed, held, skipped or cancelled work.
    #[serde(rename = "retry.requested")]
    RetryRequested(Steered),
    /// A person asked to stop a plan or a part of it for good.
    #[serde(rename = "cancel.requested")]
    CancelRequested(Steered),
    /// A cancelled phase or task has stopped.
    #[serde(rename = "work.cancelled")]
    WorkCancelled(UnitOf),
    /// A cancelled plan has stopped.
    #[serde(rename = "plan.cancelled")]
    PlanCancelled(OfPlan),
    /// A person approved a gate.
    #[serde(rename = "gate.approved")]
    Approved(Steered),
    /// A person, or the manifest, asked to land plans.
    #[serde(rename = "merge.requested")]
    MergeRequested {
        /// The plans, whole or up to the end of a phase; empty for all finished plans.
        plans: Vec<WorkRef>,
        /// A target other than the run's.
        into: Option<String>,
    },
    /// A candidate is being built and verified.
    #[serde(rename = "merge.started")]
    MergeStarted(super::merge_facts::MergeBegun),
    /// A candidate was verified.
    #[serde(rename = "merge.verified")]
    MergeVerified(super::about::VerifiedMerge),
    /// A candidate passed that had failed before.
    #[serde(rename = "merge.flaky")]
    MergeFlaky(super::about::FlakyMerge),
    /// The plan is on the target.
    #[serde(rename = "merge.landed")]
    MergeLanded(super::merge_facts::Landed),
    /// A finished plan was found on the target. `orch` did not land it, so a person did.
    #[serde(rename = "merge.found")]
    MergeFound(FoundPlan),
    /// A person reverted the plan on the target.
    #[serde(rename = "merge.reverted")]
    MergeReverted(super::about::TakenBack),
    /// Somebody reverted the revert of the plan.
    #[serde(rename = "merge.restored")]
    MergeRestored(super::about::TakenBack),
    /// The plan could not be landed.
    #[serde(rename = "merge.failed")]
    MergeFailed(super::merge_facts::NotLanded),
    /// The attempt has shown no sign of life for `stuck_after`.
    #[serde(rename = "agent.stuck")]
    AgentStalled(super::notice::StallNotice),
    /// The attempt shows signs of life again.
    #[serde(rename = "agent.stirred")]
    AgentStirred(OfAttempt),
    /// The stall continued, and `on_stuck` took effect.
    #[serde(rename = "stuck.acted")]
    StallActed(super::notice::StallAction),
    /// An agent reported after its end. The report does not count.
    #[serde(rename = "report.late")]
    ReportLate(super::notice::LateReport),
    /// Somebody wrote to the agents of a plan.
    #[serde(rename = "message.sent")]
    MessageSent(super::notice::Sent),
    /// An agent asked a person, and its work waits for the answer.
    #[serde(rename = "question.asked")]
    QuestionAsked(super::question::Question),
    /// A person answered.
    #[serde(rename = "question.answered")]
    QuestionAnswered(super::question::QuestionAnswer),
    /// The plan's branch conflicts with another live branch, or with the target.
    #[serde(rename = "conflict.foreseen")]
    ConflictForeseen(super::notice::Foreseen),
    /// The foreseen conflict is gone.
    #[serde(rename = "conflict.gone")]
    ConflictGone(super::notice::Foreseen),
    /// Branches that pass alone do not pass together.
    #[serde(rename = "union.red")]
    UnionRed(super::notice::UnionSeen),
    /// The branches pass together now.
    #[serde(rename = "union.green")]
    UnionGreen(super::notice::UnionSeen),
    /// The tip that a run landed was verified again at its end.
    #[serde(rename = "target.checked")]
    TargetChecked(super::merge_facts::TargetChecked),
    /// A plan has waited for longer than `[escalate]` allows.
    #[serde(rename = "wait.escalated")]
    Escalated(super::notice::Escalation),
    /// The manifest or a document was edited during a run.
    #[serde(rename = "manifest.changed")]
    ManifestChanged(super::about::ManifestEdit),
    /// Something that needs a person's attention and changes no state.
    #[serde(rename = "warning")]
    Warning {
        /// The plan it is about.
        plan: Option<PlanName>,
        /// The warning.
        why: Because,
    },
    /// A fact about resolving a conflict with the target.
    #[serde(skip)]
    Resolve(super::resolving::Resolving),
    /// A fact about agents and people.
    #[serde(skip)]
    Person(super::person::person_fact::PersonFact),
}
