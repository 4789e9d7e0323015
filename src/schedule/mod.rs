//! Floor 2: the functional core. Facts in, decisions out; no clock, no files, no processes, no git.
//!
//! [`Scheduler::handle`] is the only door. [`State`] is the fold of [`Event`]s ([`fold`]); deciding is spread over
//! `dispatch` (who gets a slot), `judge` (is a leg done), `landing` (who is to be merged) and [`train`] (who is verified and landed together).

mod attempts;
mod board;
mod drive;
mod event;
mod explain;
mod fold;
mod judge;
mod merge;
mod ready;
mod simulate;
mod state;
mod steer;
mod work;

pub mod train;

pub use attempts::budget::money;
pub use attempts::starting::work_place;
pub use board::effect::{Conversation, Effect, Ending, Launch, WorkPlace};
pub use drive::scheduler::{Input, Scheduler, Step};
pub use event::about::{
    Failed, FlakyMerge, Found, LaneNote, LaneOf, ManifestEdit, OfPlan, PinRefusal, Steered, TakenBack,
    TaskReport, UnitOf, VerifiedMerge, WorkConflict, WorkRefusal, WorkSkip,
};
pub use event::at::At;
pub use event::exit::{Evidence, Exit, ForeignWork, GoneWork};
pub use event::fact::Event;
pub use event::facts::{Counted, Facts, Obstacle, ObstacleKind, Spent, Told, Word};
pub use event::merge_facts::{FirstBad, Landed, MergeBegun, NotLanded, Pinned, TargetChecked};
pub use event::names::EVENT_NAMES;
pub use event::notice::{
    Ages, Escalation, Foreseen, LateReport, OfAttempt, Sent, Signs, StuckAction, StuckNotice,
};
pub use event::resolving::{
    ConflictMended, ConflictOpened, ConflictResolved, Resolution, ResolverFailed, ResolverStarted, Resolving,
};
pub use event::trouble::{ConflictSides, Hold, LaunchTrouble, MergeTrouble, conflict_words, other_side};
pub use explain::delay::clause;
pub use explain::outcome::rewritten;
pub use explain::reasons::{Reason, explain, explain_unit, phase_state, plan_state, task_state};
pub use explain::tally::{Tally, needs_no_more_work};
pub use fold::run::point_word;
pub use judge::phase_check::{PhaseCheck, PhaseSaid, PhaseVerify, Ran};
pub use judge::proof_of::{Claim, Proof};
pub use judge::ticks::{Ticks, TicksOf};
pub use merge::foresight::{Clashing, foresee};
pub use merge::prefix::{LandedPrefix, PhaseEnd, Prefix};
pub use merge::resolver::ResolveOrder;
pub use merge::unions::{UnionSeen, red_unions};
pub use ready::admission;
pub use ready::built_on::BuiltOn;
pub use ready::dispatch::handed_on;
pub use ready::lanes::Machine;
pub use ready::readiness::{Readiness, Wait};
pub use simulate::bound::lower_bound;
pub use simulate::history;
pub use simulate::simulation::{Cause, Overheads, Simulation, SimulationSettings, Span, TooLong};
pub use simulate::world::simulate;
pub use state::after::{After, after};
pub use state::attempt::{Attempt, AttemptRecord, Integration, Stage, Stuck};
pub use state::known::{Phase, RunInfo, State};
pub use state::lost::Lost;
pub use state::parking::{Limit, Parked, Parking};
pub use state::plan_run::{Item, LandedBefore, Merge, Outcome, PlanRun, Verify, WorktreeMade};
pub use state::tries::Tries;
pub use steer::mail::{check_text, send};
pub use steer::refusal::SteerRefusal;
pub use steer::remark::remarks;
pub use steer::steering::{Steer, steer};
pub use train::early::{EARLY, Heads, Union, UnionSaid, UnionTrial};
pub use work::agent_work::AgentWork;
pub use work::plans::{PhaseWork, PlanWork, UnitWork, Work};
