//! Events: the facts of the journal, named as `orch events` prints them. The state is their fold.

use super::{AgentUsage, OfPlan, Parked, PinRefusal, Steered, TaskReport, UnitOf, WorkRefusal, WorkSkip};
use super::{BuiltOn, Evidence, Exit, Failed, FoundPlan, Hold, LaneNote, LaneOf, LaunchTrouble, OfAttempt};
use crate::plan::{AgentName, AttemptId, CommitId, PhaseId, PlanName, RunId, UnitId, WorkRef};
use serde::{Deserialize, Serialize};

/// One fact. What is derived here writes and reads all but the last two; `form.rs` joins them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", remote = "Self")]
pub enum Event {
    /// `orch up` began a run or continued with one.
    #[serde(rename = "run.started")]
    RunStarted {
        /// The run.
        run: RunId,
        /// The commit where new branches start.
        base: CommitId,
        /// Where plans land, without `refs/heads/`.
        target: String,
        /// The plans it drives; empty for all.
        only: Vec<PlanName>,
        /// True for a supervisor that lands finished plans and starts no agents.
        merge_only: bool,
    },
    /// A person asked to stop.
    #[serde(rename = "run.stopping")]
    RunStopping {
        /// Without grace.
        now: bool,
    },
    /// The supervisor ended in order.
    #[serde(rename = "run.stopped")]
    RunStopped {
        /// Why, for people.
        why: String,
        /// True when the next `orch up` continues with this run instead of beginning another.
        resume: bool,
    },
    /// Every plan has settled.
    #[serde(rename = "run.settled")]
    RunSettled {},
    /// The plan's worktree and branch exist.
    #[serde(rename = "worktree.created")]
    WorktreeCreated {
        /// The plan.
        plan: PlanName,
        /// Which of the plan's worktrees; 0 is the plan's own.
        #[serde(default, skip_serializing_if = "super::words::is_zero")]
        lane: u32,
        /// Its folder.
        path: String,
        /// Its branch.
        branch: String,
        /// The commit that the branch started from.
        base: CommitId,
    },
    /// The worktree could not be made.
    #[serde(rename = "worktree.refused")]
    WorktreeRefused(LaneNote),
    /// Making the worktree takes a while: it waits for room on the disk, or is being set up.
    #[serde(rename = "worktree.waits")]
    WorktreeWaits(LaneNote),
    /// The worktree is not made for now, because a person asked to stop; it is asked for again.
    #[serde(rename = "worktree.deferred")]
    WorktreeDeferred(LaneNote),
    /// The worktree is gone; it is made again when it is needed.
    #[serde(rename = "worktree.lost")]
    WorktreeLost(LaneOf),
    /// An attempt was given work. Written before its process starts.
    #[serde(rename = "attempt.assigned")]
    AttemptAssigned {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// Which attempt at this stage, from 1.
        number: u32,
        /// The agent.
        agent: AgentName,
        /// Its units: the phases of a stage, one phase, or one task.
        #[serde(alias = "phases")]
        units: Vec<UnitId>,
        /// Which of the plan's worktrees; 0 is the plan's own.
        #[serde(default, skip_serializing_if = "super::words::is_zero")]
        lane: u32,
        /// The agent's account; none when it has but one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// With the plan's first attempt: what its document had ticked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticks: Option<super::about::Ticks>,
    },
    /// Other boxes of a plan's document are ticked than when it was looked at last.
    #[serde(rename = "plan.ticked")]
    Ticked(super::about::TicksOf),
    /// The agent's process runs.
    #[serde(rename = "agent.started")]
    AgentStarted {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// The runner's process id.
        pid: u32,
        /// The branch's tip when it started, with what was merged in; none when nobody saw it start.
        head: Option<CommitId>,
    },
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
    /// The agent's process is gone.
    #[serde(rename = "agent.ended")]
    AgentEnded {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// How it ended.
        exit: Exit,
    },
    /// The facts in the agent's output: last word, denied tools, turns, tokens, cost, conversation.
    #[serde(rename = "agent.told")]
    AgentUsage(AgentUsage),
    /// The attempt met a rate limit or an outage; the plan continues when that is over, and no attempt is spent.
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
        why: String,
        /// Milliseconds until the next attempt; none when there is no next one.
        retry_in_ms: Option<u64>,
        /// True when it used up one of the plan's retries.
        counted: bool,
        /// True when nothing was made: what was reported done of its work is open to the next.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        nothing_made: bool,
        /// True when it was not judged, because messages were unread: the next one continues with these.
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
    /// The commits of an attempt on a branch of its own are on the plan's branch.
    #[serde(rename = "work.merged")]
    WorkMerged {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// The plan's branch after that.
        commit: CommitId,
    },
    /// The commits of an attempt do not merge into the plan's branch.
    #[serde(rename = "work.conflicted")]
    WorkConflicted(super::about::WorkConflict),
    /// The commits of an attempt could not be merged into the plan's branch, for another reason than a conflict.
    #[serde(rename = "work.refused")]
    WorkRefused(WorkRefusal),
    /// A task that nobody worked on was said to be needless.
    #[serde(rename = "work.left_out")]
    WorkLeftOut(UnitOf),
    /// A task, a VERIFY block or a phase was added to what was done: that is open again.
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
        why: String,
        /// True when a person has to look at it: a conflict, or a check in the background.
        held: bool,
        /// Work that was built on this while it was open.
        built_on: Vec<BuiltOn>,
    },
    /// A phase or task waits for what will not come.
    #[serde(rename = "work.skipped")]
    WorkSkipped(WorkSkip),
    /// A task was begun.
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
        /// True when its tasks were proven one by one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        proven: bool,
    },
    /// The verification of a phase began or ended: `said` tells which.
    #[serde(rename = "phase.verify")]
    PhaseVerify(super::phase_fact::PhaseVerify),
    /// The commit that dependents of a point start from was pinned.
    #[serde(rename = "plan.pinned")]
    Pinned(super::merge_facts::Pinned),
    /// The commit of a point could not be pinned.
    #[serde(rename = "pin.refused")]
    PinRefused(PinRefusal),
    /// The plan's own verification began.
    #[serde(rename = "verify.started")]
    VerifyStarted(OfPlan),
    /// The plan's own verification succeeded.
    #[serde(rename = "verify.passed")]
    VerifyPassed {
        /// The plan.
        plan: PlanName,
        /// The commit that was verified.
        commit: CommitId,
        /// The command and its commit; none if unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran: Option<super::phase_fact::Ran>,
    },
    /// The plan's own verification failed.
    #[serde(rename = "verify.failed")]
    VerifyFailed(Failed),
    /// The plan's own verification was stopped because a person asked; it says nothing.
    #[serde(rename = "verify.stopped")]
    VerifyStopped(OfPlan),
    /// All work is done and verified on the branch.
    #[serde(rename = "plan.finished")]
    PlanFinished(OfPlan),
    /// The attempts are used up.
    #[serde(rename = "plan.failed")]
    PlanFailed(Failed),
    /// Something the plan depends on did not succeed.
    #[serde(rename = "plan.skipped")]
    PlanSkipped {
        /// The plan.
        plan: PlanName,
        /// The plan that is the cause.
        cause: PlanName,
        /// Why, in words.
        why: String,
    },
    /// The plan needs a person.
    #[serde(rename = "plan.held")]
    PlanHeld {
        /// The plan.
        plan: PlanName,
        /// Why.
        why: Hold,
    },
    /// A person asked to begin nothing new of a plan or a part of it.
    #[serde(rename = "plan.paused")]
    Paused(super::about::PauseAsked),
    /// A person let it continue.
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
    /// A person let a gate be passed.
    #[serde(rename = "gate.approved")]
    Approved(Steered),
    /// A person, or the manifest, asked for plans to be landed.
    #[serde(rename = "merge.requested")]
    MergeRequested {
        /// The plans, whole or up to the end of a phase; empty for every plan that is finished.
        plans: Vec<WorkRef>,
        /// Another target than the run's.
        into: Option<String>,
    },
    /// A candidate is being built and verified.
    #[serde(rename = "merge.started")]
    MergeStarted(super::merge_facts::MergeBegun),
    /// A candidate was verified.
    #[serde(rename = "merge.verified")]
    MergeVerified(super::about::VerifiedMerge),
    /// A candidate passed that was red before.
    #[serde(rename = "merge.flaky")]
    MergeFlaky(super::about::FlakyMerge),
    /// The plan is on the target.
    #[serde(rename = "merge.landed")]
    MergeLanded(super::merge_facts::Landed),
    /// A finished plan was found on the target without orch having landed it: a person has.
    #[serde(rename = "merge.found")]
    MergeFound(FoundPlan),
    /// A person took the plan off the target again.
    #[serde(rename = "merge.reverted")]
    MergeReverted(super::about::TakenBack),
    /// Somebody has undone what took the plan off the target.
    #[serde(rename = "merge.restored")]
    MergeRestored(super::about::TakenBack),
    /// The plan could not be landed.
    #[serde(rename = "merge.failed")]
    MergeFailed(super::merge_facts::NotLanded),
    /// Nothing of an attempt has moved for as long as `stuck_after` says.
    #[serde(rename = "agent.stuck")]
    AgentStalled(super::notice::StallNotice),
    /// It has moved again.
    #[serde(rename = "agent.stirred")]
    AgentStirred(OfAttempt),
    /// It stayed still, and what `on_stuck` says is done about it.
    #[serde(rename = "stuck.acted")]
    StallActed(super::notice::StallAction),
    /// A word of an agent that had ended; it counts for nothing.
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
    /// The plan's branch does not merge with another live one, or with the target, as both stand.
    #[serde(rename = "conflict.foreseen")]
    ConflictForeseen(super::notice::Foreseen),
    /// By now it does.
    #[serde(rename = "conflict.gone")]
    ConflictGone(super::notice::Foreseen),
    /// Branches that pass alone do not pass together.
    #[serde(rename = "union.red")]
    UnionRed(super::notice::UnionSeen),
    /// By now they do.
    #[serde(rename = "union.green")]
    UnionGreen(super::notice::UnionSeen),
    /// The tip that a run landed was verified again at its end.
    #[serde(rename = "target.checked")]
    TargetChecked(super::merge_facts::TargetChecked),
    /// A plan has waited for longer than `[escalate]` allows.
    #[serde(rename = "wait.escalated")]
    Escalated(super::notice::Escalation),
    /// The manifest or a document was edited while plans were worked on.
    #[serde(rename = "manifest.changed")]
    ManifestChanged(super::about::ManifestEdit),
    /// Something worth a person's attention that changes no state.
    #[serde(rename = "warning")]
    Warning {
        /// The plan it is about.
        plan: Option<PlanName>,
        /// The warning.
        why: String,
    },
    /// About resolving a conflict with the target.
    #[serde(skip)]
    Resolve(super::resolving::Resolving),
    /// About a person's review.
    #[serde(skip)]
    Review(super::lead::review::Reviewing),
}
