//! An order to the shell. Exactly one event answers every effect except a timer; an examination is answered by its signs of
//! life.

use std::collections::BTreeSet;
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
    /// Create the plan's branch and worktree, or recognise existing ones. Answer: `worktree.created` or `worktree.refused`.
    MakeWorktree {
        /// The plan.
        plan: PlanName,
        /// Lane of the worktree. 0 is the plan's own; the others are created beside it.
        lane: u32,
        /// The commit to start from.
        base: CommitId,
    },
    /// Start an agent. Answer: `agent.started`, `agent.submitted` or `agent.refused`.
    Launch(Launch),
    /// Stop the attempt's processes. Answer: the attempt's `agent.ended`.
    Stop {
        /// The attempt.
        attempt: AttemptId,
        /// True to stop without grace.
        now: bool,
    },
    /// Look for signs of life of an attempt. Answer: [`crate::schedule::Input::Signs`].
    Look {
        /// The plan.
        plan: PlanName,
        /// Lane of the worktree in which the attempt works; 0 is the plan's own.
        lane: u32,
        /// The attempt.
        attempt: AttemptId,
        /// Ages below this need not be exact. After one such sign, more expensive checks may be left out.
        stall_after: Duration,
    },
    /// Examine the attempt's work and commit leftovers. Answer: `attempt.checked`.
    Check {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// Where the attempt worked.
        place: WorkPlace,
        /// The branch's tip when the attempt started.
        since: Option<CommitId>,
        /// Commits on which work was reported done, with that work. They must still be on the branch.
        said: Vec<(CommitId, Vec<ItemId>)>,
        /// Commits of other plans that the branch may contain, including their history.
        handed_on: Vec<CommitId>,
    },
    /// Merge the commits of an attempt into the plan's branch. Answer: `work.merged`, `work.conflicted` or
    /// `work.refused`.
    Integrate {
        /// The plan.
        plan: PlanName,
        /// The attempt.
        attempt: AttemptId,
        /// Where the attempt worked.
        place: WorkPlace,
        /// The tip of the attempt's branch when it was examined. After the merge, the branch is gone.
        tip: Option<CommitId>,
        /// The tip of the plan's branch after the last merged work. The branch must still contain it.
        made: Option<CommitId>,
    },
    /// Run the plan's verification in its worktree. Answer: `verify.passed`, `verify.failed` or
    /// `verify.stopped`.
    Verify {
        /// The plan.
        plan: PlanName,
    },
    /// Stop the plan's own verification. Answer: that verification's own.
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
    /// Stop the verification of a phase. Answer: that verification's own.
    StopPhaseCheck {
        /// The plan.
        plan: PlanName,
        /// The phase.
        phase: PhaseId,
    },
    /// Pin the branch's tip as the commit of this point. Answer: `plan.pinned` or `pin.refused`.
    Pin {
        /// The plan.
        plan: PlanName,
        /// The point.
        point: Point,
        /// The phases that are already done.
        holds: Vec<PhaseId>,
        /// True when another plan waits for the point, so that uncommitted changes should be committed.
        wanted: bool,
        /// The commit that was verified for the point. It is pinned instead of the tip.
        verified: Option<CommitId>,
        /// Commits of other plans that the branch may contain, including their history.
        handed_on: Vec<CommitId>,
    },
    /// An order of the merge train. Answer: [`crate::schedule::Input::Train`].
    Train {
        /// The order.
        order: Order,
        /// A target other than the run's.
        into: Option<String>,
    },
    /// Have an agent resolve the conflict of a plan with the target. Answer: `resolve.done` or `resolve.failed`.
    Resolve(Box<ResolveOrder>),
    /// Merge branches outside every checkout and verify the result, at low priority. Answer:
    /// [`crate::schedule::Input::Union`].
    Union(UnionBuild),
    /// Stop such a build early. The build still sends its own answer.
    StopUnion(BuildId),
    /// Call the scheduler again at this time, without an event.
    Wake {
        /// The moment.
        at: At,
    },
    /// Report that nothing more can happen without a person, and that the run waits for one.
    AwaitPerson,
    /// End, because nothing more can happen without a person.
    End(Ending),
}

impl Effect {
    /// Returns true when repeating the effect would be wrong, so that the decision must be on disk first. All other effects
    /// detect what was already done and do only the rest.
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
    /// Lane of the worktree; 0 is the plan's own.
    pub lane: u32,
    /// The unit whose branch is used, or `None` for the plan's own branch.
    pub branch_of: Option<UnitId>,
    /// True when that branch starts again from the plan's branch, because its earlier commits did not merge.
    pub fresh: bool,
}

/// An order to start an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The number of the attempt at this stage, from 1.
    pub number: u32,
    /// The agent.
    pub agent: AgentName,
    /// The attempt's units: the phases of a stage, one phase, or one task.
    pub units: Vec<UnitId>,
    /// Where the attempt works.
    pub place: WorkPlace,
    /// The time limit.
    pub timeout: Duration,
    /// Commits to merge into the branch first.
    pub dependencies: Vec<(WorkRef, CommitId)>,
    /// The previous attempt at this stage, and why there is another.
    pub after: Option<After>,
    /// The account to use, or `None` when the agent has only one.
    pub account: Option<String>,
    /// The conversation to continue, if there is one.
    pub conversation: Option<Box<Conversation>>,
    /// The branch's tip when the last agent's work was examined, or when it started. Later commits were made by people.
    /// `None` when units have their own branches.
    pub seen: Option<CommitId>,
    /// Remaining budget in millionths of the currency, or `None` without a budget.
    pub budget: Option<u64>,
    /// The messages to the plan before this attempt, without answers to questions of other units. Those with numbers above `told`
    /// are new.
    pub inbox: Vec<Message>,
    /// Number of messages that an earlier agent was already given.
    pub told: u32,
    /// The numbers of messages with answers to questions of this work. They are new to its agent, even if an agent at other work
    /// of the plan was given them.
    pub owed: BTreeSet<u32>,
    /// The numbers of messages that earlier agents at this work were given and the conversation may lack.
    pub repeated: BTreeSet<u32>,
}

impl Launch {
    /// Returns the messages that are new to the agent.
    pub fn new_messages(&self) -> impl Iterator<Item = &Message> {
        let again = |id: &u32| self.owed.contains(id) || self.repeated.contains(id);
        let is_new = move |message: &&Message| message.id > self.told || again(&message.id);
        self.inbox.iter().filter(is_new)
    }

    /// Returns the message with the last answer to a question of this work, if it is new to the agent.
    pub fn answer(&self) -> Option<&Message> {
        self.inbox.iter().rfind(|message| self.owed.contains(&message.id))
    }
}

/// A conversation to continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The conversation's name, as the agent reported it.
    pub session: String,
    /// The account used so far, or `None` when the agent has only one.
    pub account: Option<String>,
    /// The conversation's usage.
    pub spent: Spent,
}

/// How a supervisor's work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every plan has settled, and none of them failed.
    Settled,
    /// Nothing can continue: something failed or a person is needed.
    NeedsPerson,
    /// A person asked to stop.
    Interrupted,
}

/// An order for an agent to resolve a conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolveOrder {
    /// The plan.
    pub plan: PlanName,
    /// The last phase to land, or `None` for the whole plan.
    pub up_to: Option<PhaseId>,
    /// The attempt.
    pub attempt: AttemptId,
    /// The agent.
    pub agent: AgentName,
    /// The account to use, or `None` when the agent has only one.
    pub account: Option<String>,
    /// The target's tip.
    pub onto: CommitId,
    /// The tip of the plan's branch.
    pub head: CommitId,
    /// Landed plans that changed the same files.
    pub with: Vec<PlanName>,
    /// True when changes of an earlier agent may be moved to a backup first.
    pub anew: bool,
    /// The time limit.
    pub timeout: Duration,
}

impl ResolveOrder {
    /// Returns the work to land: the plan, or its first phases.
    pub fn what(&self) -> WorkRef {
        up_to(&self.plan, self.up_to)
    }
}
