//! Why a plan or a part of it is where it is, as values. The room `words` puts them into sentences.

use std::time::Duration;

use crate::graph::Why;
use crate::plan::{
    AgentName, AttemptId, CommitId, Dependency, OnStall, PhaseId, PlanName, PlanState, ResourceName, TaskId,
    UnitId, WorkRef,
};
use crate::schedule::event::exit::Exit;
use crate::schedule::event::facts::ObstacleKind;
use crate::schedule::event::merge_facts::Prefix;
use crate::schedule::event::notice::Ages;
use crate::schedule::event::resolving::ConflictRepaired;
use crate::schedule::event::trouble::{Hold, MergeTrouble};
use crate::schedule::ready::lanes::LaneCount;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::resolution::WayOut;

/// Everything that explains the state of a plan or of a part of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// Most important first.
    pub reasons: Vec<Reason>,
    /// That somebody was told of the first reason; none when nobody was.
    pub escalated: Option<Escalated>,
}

/// How long ago somebody was told of a wait, and how long it had lasted by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escalated {
    /// How long ago.
    pub ago: Duration,
    /// After how long a wait.
    pub after: Duration,
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Every attempt failed.
    Failed {
        /// What the last one said.
        why: String,
    },
    /// What it waits for will not come.
    Skipped {
        /// What that is.
        why: String,
    },
    /// A person cancelled it.
    Cancelled,
    /// It was taken off the target again.
    Reverted {
        /// The target.
        target: String,
        /// By this commit.
        commit: CommitId,
    },
    /// It needs a person.
    Held(Hold),
    /// A phase or task of it failed, needs a person or is not to be done.
    Lost(UnitId, Lost),
    /// Its agent asks a person: the phase or task that waits, none for the whole plan, and the question.
    Asks(Option<UnitId>, String),
    /// It is done.
    Done,
    /// Where its merge stands.
    Merge(MergeReason),
    /// What is to be known about what has landed.
    Landed(LandedReason),
    /// It waits for other work or for a person.
    Waits(WaitingFor),
    /// It waits for a time.
    Later(DelayReason),
    /// It could begin, and no slot or run is there for it.
    Capacity(CapacityReason),
    /// An agent has it.
    AtWork(AttemptId, AttemptActivity),
    /// Its verification runs.
    Verifying,
    /// Messages that no agent has read, in words.
    Unread(String),
    /// An agent works in the place of the one that the manifest names.
    StandIn {
        /// The one that the manifest names.
        own: AgentName,
        /// The one that has taken over.
        by: AgentName,
    },
    /// A merge of its branch with that of another plan, or with the target, is foreseen to conflict.
    Foreseen {
        /// The other plan, or the target.
        with: String,
        /// The files.
        files: Vec<String>,
    },
    /// Merged with the branches of these plans it does not pass its verification.
    RedWith {
        /// The plans.
        with: Vec<PlanName>,
        /// What the verification said.
        why: String,
    },
}

/// Where the merge of a plan, or of its first phases, stands.
#[derive(Debug, Clone, PartialEq)]
pub enum MergeReason {
    /// Nobody has asked for it yet.
    NotAsked,
    /// It waits for its turn; the last phase where not the whole plan is merged.
    Queued(Option<PhaseId>),
    /// It is being merged, without a verification or only up to a phase.
    Running(Option<PhaseId>),
    /// It is verified in the merge train.
    InTrain {
        /// The plan before it; none for the first.
        behind: Option<PlanName>,
        /// Its place, from 1.
        place: usize,
        /// How many plans are in the train.
        of: usize,
    },
    /// It did not land.
    Trouble {
        /// The last phase; none where it is about the whole plan.
        up_to: Option<PhaseId>,
        /// Why.
        trouble: MergeTrouble,
        /// What a person does about a conflict.
        way_out: WayOut,
    },
}

/// What is to be known about a plan of which something has landed.
#[derive(Debug, Clone, PartialEq)]
pub enum LandedReason {
    /// A person landed it, by this evidence.
    ByHand(String),
    /// Its conflict was resolved without anybody.
    Repaired(ConflictRepaired),
    /// The agent that resolved its conflict left lines out, and said this.
    LeftOut(String),
    /// Its tasks changed after it landed.
    Rewritten,
    /// Its first phases have landed.
    Phases {
        /// The phases.
        prefix: Prefix,
        /// Where.
        target: String,
        /// With this commit.
        commit: CommitId,
    },
    /// Phases were taken off the target again, and have not come back since.
    TakenBack {
        /// The phases.
        phases: Vec<PhaseId>,
        /// The target.
        target: String,
        /// By this commit.
        commit: CommitId,
    },
}

/// What a plan or a part of it waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitingFor {
    /// A point of another plan.
    Plan(Dependency, DependencyState),
    /// So many of these units of the same plan.
    Units {
        /// Those that are missing.
        missing: Vec<UnitId>,
        /// How many of them are needed.
        needed: usize,
        /// Why they come first.
        why: Why,
    },
    /// Units that the same agent works on first.
    SameAgent(Vec<UnitId>),
    /// Another plan that touches the same files.
    Overlap(PlanName),
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

/// What becomes of a paused plan or part meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PausedWork {
    /// Nothing of it is at work.
    Idle,
    /// Its agents are being stopped.
    Stopping,
    /// Its agents go on, and nothing new begins.
    GoesOn,
    /// It is finished and does not land.
    Finished,
    /// A person is at work in its worktree.
    Attached,
}

/// Where the work stands that a plan waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum DependencyState {
    /// It is worked on, or will be.
    Open,
    /// It is done, and its commit is being pinned.
    Pinning,
    /// It is done, and its commit cannot be pinned.
    PinRefused(String),
    /// It is finished, and cannot land as it is.
    CannotLand,
    /// It is finished, and nobody has asked for its merge.
    NotMerged,
    /// This plan, which may be another one further on, can only be moved by a person: it is held or paused.
    Stopped(PlanName, PlanState),
}

/// Which time is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum DelayReason {
    /// The end of an obstacle that its agent met.
    Parked {
        /// What sort.
        kind: ObstacleKind,
        /// What was said of it.
        why: String,
        /// How long still.
        left: Duration,
        /// How many times in a row.
        times: u32,
    },
    /// The time of the next attempt.
    Retry {
        /// Its number.
        attempt: u32,
        /// How long still.
        left: Duration,
        /// Why the last one failed, where that is known.
        failure: Option<String>,
    },
    /// The end of its agent's rate limit.
    AgentLimited {
        /// The agent.
        agent: AgentName,
        /// What was said of it.
        why: String,
        /// How long still.
        left: Duration,
    },
}

/// Why work that could begin does not.
#[derive(Debug, Clone, PartialEq)]
pub enum CapacityReason {
    /// There was no run yet.
    NothingStarted,
    /// No run is under way.
    NoRun,
    /// Its worktree is being made; what is done for that, where it is known.
    MakingWorktree(Option<String>),
    /// All lanes of the plan are taken.
    Lanes(LaneCount),
    /// The machine has no memory for more than what is at work; how much of it is free, in percent.
    Memory(u32),
    /// A slot is kept for these plans, whose worktrees are being made.
    SlotKept(Vec<PlanName>),
    /// All slots are taken.
    Slots {
        /// How many there are.
        slots: usize,
        /// The plans that have them.
        by: Vec<PlanName>,
    },
    /// The agent runs as often as it may.
    Agent(AgentName, usize),
    /// No token of a resource is free.
    Resource(TokensTaken),
}

/// All tokens of a resource are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokensTaken {
    /// The resource.
    pub resource: ResourceName,
    /// Who has them.
    pub holders: Vec<TokenHolder>,
    /// How long somebody may have one while others wait; none for as long as it takes.
    pub patience: Option<Duration>,
}

impl TokensTaken {
    /// Who has had a token for longest, once that is longer than the resource's patience.
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
    /// Since when.
    pub since: Duration,
    /// How long it is expected to take in all.
    pub expected: Duration,
}

/// What an attempt is at.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptActivity {
    /// Its agent is being started.
    Starting(AgentName),
    /// Its agent works on these units.
    Working(AgentName, Vec<UnitId>),
    /// Its agent has ended, and what it left is being checked.
    Checking(Exit),
    /// Its agent has ended, and its commits are being merged into the plan's branch.
    Integrating(Exit),
    /// Nothing of it has moved for long.
    Stuck(Ages, StuckNext),
}

/// What comes next for an attempt that is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StuckNext {
    /// Nothing but the notice.
    Nothing,
    /// It was sent a message.
    Nudged,
    /// It is being ended.
    Ending,
    /// This is done after so long, unless something moves.
    In(Duration, OnStall),
}
