//! An order for the shell. Every effect but a timer is answered by exactly one event, a look by what it saw.

use std::time::Duration;

use crate::plan::{
    AgentName, AttemptId, CommitId, ItemId, Message, PhaseId, PlanName, Point, UnitId, WorkRef,
};
use crate::schedule::event::at::At;
use crate::schedule::event::facts::Spent;
use crate::schedule::event::resolving::up_to;
use crate::schedule::state::after::After;
use crate::schedule::train::early::UnionBuild;
use crate::schedule::train::{BuildId, Order};

/// One thing to do in the world.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "few live at once, and each is taken apart at once"
)]
pub enum Effect {
    /// Make the plan's branch and worktree, or recognise them. Answer: `worktree.created` or `worktree.refused`.
    MakeWorktree {
        /// The plan.
        plan: PlanName,
        /// Which of its worktrees; 0 is the plan's own, the others are made beside it.
        lane: u32,
        /// The commit to start from.
        base: CommitId,
    },
    /// Start an agent. Answer: `agent.started` or `agent.refused`.
    Launch(Launch),
    /// Make the attempt's processes end. Answer: the attempt's `agent.ended`.
    Stop {
        /// The attempt.
        attempt: AttemptId,
        /// Without grace.
        now: bool,
    },
    /// Look for signs of life of an attempt. Answer: [`crate::schedule::Input::Signs`].
    Look {
        /// The plan.
        plan: PlanName,
        /// The worktree in which it works; 0 is the plan's own.
        lane: u32,
        /// The attempt.
        attempt: AttemptId,
        /// Ages below this need not be known exactly: with one such sign, what costs more to look at may be left out.
        stall_after: Duration,
    },
    /// Look at what the attempt left and commit leftovers. Answer: `attempt.checked`.
    Check {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// Where it worked.
        place: WorkPlace,
        /// The branch's tip when the attempt started.
        since: Option<CommitId>,
        /// Commits on which work was reported done, with what was: they have to be on the branch still.
        said: Vec<(CommitId, Vec<ItemId>)>,
        /// Commits of other plans that the branch may hold, with all that is in their history.
        handed_on: Vec<CommitId>,
    },
    /// Merge the commits of an attempt into the plan's branch. Answer: `work.merged`, `work.conflicted` or
    /// `work.refused`.
    Integrate {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// Where it worked.
        place: WorkPlace,
        /// Where its branch stood when it was looked at: once merged, the branch is gone.
        tip: Option<CommitId>,
        /// Where the plan's branch stood when the last work came to it: the branch has to hold that still.
        made: Option<CommitId>,
    },
    /// Run the plan's verification in its worktree. Answer: `verify.passed`, `verify.failed` or
    /// `verify.stopped`.
    Verify {
        /// The plan.
        plan: PlanName,
    },
    /// Make the plan's own verification end. Answer: that verification's own.
    StopVerification {
        /// The plan.
        plan: PlanName,
    },
    /// Run the verification of a phase on the tip of the plan's branch. Answer: `phase.verify`.
    VerifyPhase {
        /// The plan.
        plan: PlanName,
        /// The phase.
        phase: PhaseId,
    },
    /// Make the verification of a phase end. Answer: that verification's own.
    StopPhaseCheck {
        /// The plan.
        plan: PlanName,
        /// The phase.
        phase: PhaseId,
    },
    /// Pin the branch's tip as the commit of this point. Answer: `plan.pinned`.
    Pin {
        /// The plan.
        plan: PlanName,
        /// The point.
        point: Point,
        /// The phases that are done by now.
        holds: Vec<PhaseId>,
        /// True when somebody waits for it, so that what is not committed yet should be.
        wanted: bool,
        /// The commit that was verified for it, which is pinned instead of the tip.
        verified: Option<CommitId>,
        /// Commits of other plans that the branch may hold, with all that is in their history.
        handed_on: Vec<CommitId>,
    },
    /// What the merge train wants done. Answer: [`crate::schedule::Input::Train`].
    Train {
        /// What.
        order: Order,
        /// Another target than the run's.
        into: Option<String>,
    },
    /// Have an agent resolve the conflict of a plan with the target. Answer: `resolve.done` or `resolve.failed`.
    Resolve(Box<ResolveOrder>),
    /// Merge branches off every checkout and verify the result, as gently as may be. Answer: [`crate::schedule::Input::Union`].
    Union(UnionBuild),
    /// End such a build early; its own answer follows.
    StopUnion(BuildId),
    /// Call again at this moment, with no event.
    Wake {
        /// The moment.
        at: At,
    },
    /// Say that nothing more can happen without a person, and that the run waits for one.
    AwaitPerson,
    /// Nothing more will happen without a person: end.
    End(Ending),
}

impl Effect {
    /// True when doing it twice would be wrong, so that the decision must be on the disk before it is performed. All
    /// other effects find what was done already and do only the rest.
    pub fn must_not_repeat(&self) -> bool {
        match self {
            Self::Launch(_)
            | Self::Resolve(_)
            | Self::Train {
                order: Order::Land(_),
                ..
            }
            | Self::End(_) => true,
            Self::MakeWorktree { .. }
            | Self::Stop { .. }
            | Self::Look { .. }
            | Self::Check { .. }
            | Self::Integrate { .. }
            | Self::Verify { .. }
            | Self::VerifyPhase { .. }
            | Self::StopPhaseCheck { .. }
            | Self::Train { .. }
            | Self::StopVerification { .. }
            | Self::Union(_)
            | Self::StopUnion(_)
            | Self::Pin { .. }
            | Self::Wake { .. }
            | Self::AwaitPerson => false,
        }
    }
}

/// Where an attempt works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkPlace {
    /// Which of the plan's worktrees; 0 is the plan's own.
    pub lane: u32,
    /// The unit on whose branch it works; none for the plan's own branch.
    pub branch_of: Option<UnitId>,
    /// True when that branch begins again on the plan's branch, because what was there did not merge.
    pub fresh: bool,
}

/// An agent to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// Which attempt at this stage, from 1.
    pub number: u32,
    /// The agent.
    pub agent: AgentName,
    /// What it is given: the phases of a stage, one phase, or one task.
    pub units: Vec<UnitId>,
    /// Where it works.
    pub place: WorkPlace,
    /// Longest duration.
    pub timeout: Duration,
    /// Commits to merge into the branch first.
    pub dependencies: Vec<(WorkRef, CommitId)>,
    /// The attempt before at this stage, and why there is another.
    pub after: Option<After>,
    /// The account to use; none when the agent has but one.
    pub account: Option<String>,
    /// The conversation to continue with, if there is one.
    pub conversation: Option<Box<Conversation>>,
    /// Where the branch stood when the last agent's work was looked at, or began: people made what came since. None where units
    /// have branches of their own.
    pub seen: Option<CommitId>,
    /// Millionths of money that are left for it; none where there is no budget.
    pub budget: Option<u64>,
    /// Every message to the plan that came before it; those beyond `told` are news.
    pub inbox: Vec<Message>,
    /// How many of them were told to an agent that began before.
    pub told: u32,
}

/// A conversation to continue with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its name, as the agent gave it.
    pub session: String,
    /// The account it was begun with; none when the agent has but one.
    pub account: Option<String>,
    /// Its usage.
    pub spent: Spent,
}

/// How a supervisor's work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every plan has settled, none of them failed.
    Settled,
    /// Nothing can continue: something failed or a person is needed.
    NeedsPerson,
    /// A person asked to stop.
    Interrupted,
}

/// An agent that is to resolve a conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolveOrder {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    pub up_to: Option<PhaseId>,
    /// The attempt.
    pub attempt: AttemptId,
    /// The agent.
    pub agent: AgentName,
    /// The account it uses; none when the agent has but one.
    pub account: Option<String>,
    /// Where the target stood.
    pub onto: CommitId,
    /// Where the plan's branch stood.
    pub head: CommitId,
    /// Landed plans that changed the same files.
    pub with: Vec<PlanName>,
    /// True when the changes of an earlier agent may go to a backup first.
    pub anew: bool,
    /// Longest duration.
    pub timeout: Duration,
}

impl ResolveOrder {
    /// The plan to land, or its first phases.
    pub fn what(&self) -> WorkRef {
        up_to(&self.plan, self.up_to)
    }
}
