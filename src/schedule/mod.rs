//! Floor 2: the functional core. Facts in, decisions out; no clock, no files, no processes, no git.
//!
//! [`Scheduler::handle`] is the only door. [`State`] is the fold of [`Event`]s ([`fold`]); deciding is spread over
//! `dispatch` (who gets a slot), `ahead` (whether another order ends earlier), `judge` (is a leg done), `landing` (who is to be merged) and [`train`] (who is verified and landed together).

mod agent_work;
mod ahead;
mod answers;
mod at;
mod attempt;
mod backoff;
mod behind;
mod bound;
mod budget;
mod completion;
mod dispatch;
mod early;
mod effect;
mod ending;
mod escalating;
mod event;
mod event_about;
mod event_names;
mod exit;
mod explain;
mod explain_delay;
mod explain_outcome;
mod explain_prefix;
mod explain_wait;
mod facts;
mod fold;
mod fold_attempt;
mod fold_merge;
mod fold_notice;
mod fold_plan;
mod fold_worktree;
mod foresight;
mod frontier;
pub mod history;
mod integrating;
mod invariants;
mod judge;
mod landing;
mod lanes;
mod loop_breaker;
mod losing;
mod mail;
mod merge_facts;
mod merging;
mod notice;
mod outlook;
mod outlook_draft;
mod parking;
mod pinning;
mod plan_run;
mod prefix;
mod readiness;
mod reopening;
mod reporting;
mod resolver;
mod resolving;
mod reworking;
mod rollout;
mod scheduler;
mod search;
mod simulate;
mod simulation;
mod standing;
mod starting;
mod state;
mod steering;
mod stuck;
pub mod train;
mod trouble;
mod unions;
mod work;

pub use agent_work::AgentWork;
pub use at::At;
pub use attempt::{Attempt, AttemptRecord, Integration, Stage, Stuck};
pub use bound::lower_bound;
pub use budget::money;
pub use early::{EARLY, Heads, Union, UnionSaid, UnionTrial};
pub use effect::{Conversation, Effect, Ending, Launch, WorkPlace};
pub use event::Event;
pub use event_about::{
    Failed, FlakyMerge, Found, LaneNote, LaneOf, ManifestEdit, OfPlan, PinRefusal, Steered, TakenBack,
    TaskReport, UnitOf, VerifiedMerge, WorkRefusal, WorkSkip,
};
pub use event_names::EVENT_NAMES;
pub use exit::{Evidence, Exit};
pub use explain::{Reason, explain, explain_unit, phase_state, plan_state, task_state};
pub use facts::{Counted, Facts, Obstacle, ObstacleKind, Spent, Told, Word};
pub use fold::point_word;
pub use foresight::{Clashing, foresee};
pub use lanes::Machine;
pub use mail::send;
pub use merge_facts::{Landed, MergeBegun, NotLanded, Pinned};
pub use notice::{Ages, Escalation, Foreseen, LateReport, OfAttempt, Sent, Signs, StuckAction, StuckNotice};
pub use parking::{Limit, Parked, Parking};
pub use plan_run::{Item, Lost, Merge, Outcome, PlanRun, Tries, Verify, WorktreeMade};
pub use prefix::{LandedPrefix, PhaseEnd, Prefix};
pub use readiness::{Readiness, Wait};
pub use resolver::ResolveOrder;
pub use resolving::{
    ConflictMended, ConflictOpened, ConflictResolved, Resolution, ResolverFailed, ResolverStarted, Resolving,
};
pub use scheduler::{Input, Scheduler, Step};
pub use simulate::simulate;
pub use simulation::{Overheads, Simulation, SimulationSettings, Span};
pub use state::{Phase, RunInfo, State};
pub use steering::{Steer, SteerRefusal, steer};
pub use trouble::{ConflictSides, Hold, LaunchTrouble, MergeTrouble, conflict_words, other_side};
pub use unions::{UnionSeen, red_unions};
pub use work::{PhaseWork, PlanWork, UnitWork, Work};
