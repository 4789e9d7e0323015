//! The reasons for the state of a plan or a part of it, as values. The module `words` turns them into sentences.

use std::time::Duration;

use crate::graph::Why;
use crate::plan::{
    AgentName, AttemptId, CommitId, Dependency, ExecutorName, OnStall, PhaseId, PlanName, PlanState,
    ResourceName, TaskId, UnitId, WorkRef,
};
use crate::schedule::event::exit::Exit;
use crate::schedule::event::facts::ObstacleKind;
use crate::schedule::event::merge_facts::Prefix;
use crate::schedule::event::notice::{Ages, WidthChange};
use crate::schedule::event::resolving::ConflictRepaired;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::ready::lanes::LaneCount;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::resolution::WayOut;

/// Everything that explains the state of a plan or of a part of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// The reasons, most important first.
    pub reasons: Vec<Reason>,
    /// The escalation of the first reason, `None` when nobody was told of it.
    pub escalated: Option<Escalated>,
}

/// How long ago a wait was escalated, and how long the wait had lasted by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escalated {
    /// How long ago the wait was escalated.
    pub ago: Duration,
    /// How long the wait had lasted.
    pub after: Duration,
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Every attempt failed.
    Failed {
        /// Why the last attempt failed.
        why: Because,
    },
    /// It was skipped: by a person, or because something that it waits for will not happen.
    Skipped {
        /// The cause.
        why: Because,
    },
    /// A person cancelled it.
    Cancelled,
    /// It had landed, and was reverted on the target.
    Reverted {
        /// The target.
        target: String,
        /// The commit that reverted it.
        commit: CommitId,
    },
    /// It needs a person.
    Held(Hold),
    /// A phase or task of it failed, needs a person or will not be done.
    Lost(UnitId, Lost),
    /// Its agent asks a person. Holds the phase or task that waits (`None` for the whole plan), and the question.
    Asks(Option<UnitId>, String),
    /// It is done.
    Done,
    /// The state of its merge.
    Merge(MergeReason),
    /// A remark about landed work.
    Landed(LandedReason),
    /// It waits for other work or for a person.
    Waits(WaitingFor),
    /// It waits for a time.
    Later(DelayReason),
    /// It is ready, but no capacity or no run is available for it.
    Capacity(CapacityReason),
    /// An attempt is under way.
    AtWork(AttemptId, AttemptActivity),
    /// Its verification runs.
    Verifying,
    /// Messages that no agent has read.
    Unread(Because),
    /// Another agent stands in for the agent that the manifest names.
    StandIn {
        /// The agent that the manifest names.
        own: AgentName,
        /// The agent that has taken over.
        by: AgentName,
    },
    /// Its branch is foreseen to conflict with the branch of another plan, or with the target.
    Foreseen {
        /// The other plan, or the target.
        with: String,
        /// The files.
        files: Vec<String>,
    },
    /// It fails the verification when its branch is merged with the branches of these plans.
    RedWith {
        /// The plans.
        with: Vec<PlanName>,
        /// How the verification failed.
        why: String,
    },
}

/// The state of the merge of a plan, or of its first phases.
#[derive(Debug, Clone, PartialEq)]
pub enum MergeReason {
    /// Nobody has asked for it yet.
    NotAsked,
    /// The merge waits for its turn. Holds the last phase to merge, `None` for the whole plan.
    Queued(Option<PhaseId>),
    /// The merge runs: of the phases up to this one, or (`None`) of the whole plan without a verification.
    Running(Option<PhaseId>),
    /// It is verified in the merge train.
    InTrain {
        /// The plan before it, `None` for the first.
        behind: Option<PlanName>,
        /// Its position, from 1.
        place: usize,
        /// How many plans are in the train.
        of: usize,
    },
    /// The merge did not land it.
    Trouble {
        /// The last phase to merge, `None` for the whole plan.
        up_to: Option<PhaseId>,
        /// Why it did not land.
        trouble: MergeTrouble,
        /// What a person does about a conflict.
        way_out: WayOut,
    },
}

/// A remark about a plan that has landed, as a whole or in part.
#[derive(Debug, Clone, PartialEq)]
pub enum LandedReason {
    /// A person landed it. Holds the evidence.
    ByHand(String),
    /// Its conflict was resolved automatically.
    Repaired(ConflictRepaired),
    /// The agent that resolved its conflict left lines out. Holds the agent's explanation.
    LeftOut(String),
    /// Its tasks changed after it landed.
    Rewritten,
    /// Its first phases have landed.
    Phases {
        /// The phases.
        prefix: Prefix,
        /// The target.
        target: String,
        /// The commit that landed them.
        commit: CommitId,
    },
    /// Phases were reverted on the target, and have not come back since.
    TakenBack {
        /// The phases.
        phases: Vec<PhaseId>,
        /// The target.
        target: String,
        /// The commit that reverted them.
        commit: CommitId,
    },
}

/// What a plan or a part of it waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitingFor {
    /// A point of another plan.
    Plan(Dependency, DependencyState),
    /// Units of the same plan.
    Units {
        /// The units that are missing.
        missing: Vec<UnitId>,
        /// How many of them are needed.
        needed: usize,
        /// Why they come first.
        why: Why,
    },
    /// Units that the same agent works on first.
    SameAgent(Vec<UnitId>),
    /// Work of another plan that touches the same files.
    Overlap {
        /// The plan, or the phase of it.
        on: WorkRef,
        /// The files.
        files: Vec<String>,
        /// The state of that work.
        stands: DependencyState,
    },
    /// A conflict of another plan in files that it touches.
    Conflict {
        /// The plan in conflict, or its first phases.
        of: WorkRef,
        /// The files.
        files: Vec<String>,
        /// The attempt that resolves the conflict; `None` when a person has to.
        by: Option<AttemptId>,
    },
    /// A unit at work that touches the same files.
    Files {
        /// The unit.
        unit: UnitId,
        /// How long it has been at work.
        since: Duration,
        /// The files.
        files: Vec<String>,
    },
    /// A person's approval.
    Approval(WorkRef),
    /// The end of a pause.
    Pause(WorkRef, PausedWork),
    /// A check that failed in the background.
    FailedCheck(TaskId),
}

/// The state of the work while a plan or a part of it is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PausedWork {
    /// No agent works on it.
    Idle,
    /// Its agents are being stopped.
    Stopping,
    /// Its agents continue, but nothing new begins.
    GoesOn,
    /// It is finished, but does not land.
    Finished,
    /// A person is at work in its worktree.
    Attached,
}

/// The state of the work that a plan waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum DependencyState {
    /// Agents work on it, or will work on it.
    Open,
    /// It is done, and its commit is being pinned.
    Pinning,
    /// It is done, and its commit cannot be pinned.
    PinRefused(String),
    /// It is finished, and cannot land as it is.
    CannotLand,
    /// It is finished, and lands after a review.
    Unreviewed,
    /// It is finished, and nobody has asked for its merge.
    NotMerged,
    /// This plan is held or paused, so only a person can let it continue. It is the dependency itself, or a plan further along
    /// the chain of dependencies.
    Stopped(PlanName, PlanState),
}

/// The time that work waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum DelayReason {
    /// The end of an obstacle that its agent met.
    Parked {
        /// The kind of obstacle.
        kind: ObstacleKind,
        /// The agent's words about it.
        why: String,
        /// How long is left.
        left: Duration,
        /// How often the agent met an obstacle in a row.
        times: u32,
    },
    /// The time of the next attempt.
    Retry {
        /// The number of that attempt.
        attempt: u32,
        /// How long is left.
        left: Duration,
        /// Why the last attempt failed, if known.
        failure: Option<Because>,
    },
    /// The end of its agent's rate limit.
    AgentLimited {
        /// The agent.
        agent: AgentName,
        /// The agent's words about it.
        why: String,
        /// How long is left.
        left: Duration,
    },
}

/// Why ready work does not begin.
#[derive(Debug, Clone, PartialEq)]
pub enum CapacityReason {
    /// There was no run yet.
    NothingStarted,
    /// No run is under way.
    NoRun,
    /// Its worktree is being created. Holds the progress, if known.
    MakingWorktree(Option<String>),
    /// All lanes of the plan are taken.
    Lanes(LaneCount),
    /// The machine is short of memory, so nothing more begins. Holds the free memory, in percent.
    Memory(u32),
    /// A slot is reserved for these plans, whose worktrees are being created.
    SlotKept(Vec<PlanName>),
    /// All slots are taken.
    Slots {
        /// The number of slots.
        slots: usize,
        /// The plans that occupy them.
        by: Vec<PlanName>,
    },
    /// The run uses so many slots at once, all of which are taken. Holds the change that narrowed it.
    Narrowed(usize, WidthChange),
    /// The run works in batches, and the batch at work has to end first. Holds the change likewise.
    Batch(WidthChange),
    /// An executor has as many attempts as it is given at once. Holds that number.
    Executor(ExecutorName, usize),
    /// The agent runs as many processes as its limit allows. Holds the limit.
    Agent(AgentName, usize),
    /// No token of a resource is free.
    Resource(TokensTaken),
}

/// All tokens of a resource are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokensTaken {
    /// The resource.
    pub resource: ResourceName,
    /// The work that holds them.
    pub holders: Vec<TokenHolder>,
    /// How long work may hold a token while other work waits, `None` for no limit.
    pub patience: Option<Duration>,
}

impl TokensTaken {
    /// How long the first of its holders has had a token.
    pub fn longest_held(&self) -> Option<Duration> {
        self.holders.iter().map(|holder| holder.since).max()
    }

    /// The work that has held a token for longest, once that is as long as the resource's `patience`.
    pub fn overdue(&self) -> Option<&TokenHolder> {
        let longest = self.holders.iter().max_by_key(|holder| holder.since)?;
        (longest.since >= self.patience?).then_some(longest)
    }
}

/// Work that holds a token of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// The plan.
    pub plan: PlanName,
    /// The phase or task of it.
    pub unit: UnitId,
    /// How long it has held the token.
    pub since: Duration,
}

/// What an attempt does now.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptActivity {
    /// Its agent is being started.
    Starting(AgentName),
    /// It was handed over to this executor, and no agent has begun.
    Submitted(ExecutorName),
    /// Its node has not been heard from for this long.
    Silent(Duration),
    /// Its agent works on these units.
    Working(AgentName, Vec<UnitId>),
    /// Its agent has ended, and its work is being checked.
    Checking(Exit),
    /// Its agent has ended, and its commits are being merged into the plan's branch.
    Integrating(Exit),
    /// It is stalled. Holds the age of each sign of life, and what happens next.
    Stuck(Ages, StuckNext),
}

/// What happens next to a stalled attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StuckNext {
    /// Nothing: the stall is only reported.
    Nothing,
    /// A message was sent to it.
    Nudged,
    /// It is being ended.
    Ending,
    /// This action follows after this time, unless the attempt shows a sign of life.
    In(Duration, OnStall),
}
