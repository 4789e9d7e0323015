//! Floor 2: the functional core. Facts in, decisions out; no clock, no files, no processes, no git.
//!
//! [`Scheduler::handle`] is the only door. [`State`] is the fold of [`Event`]s, and nothing else. A policy is a function over the
//! `Board`: it reads what is known, records events and asks for effects. The scheduler calls the policies in their order.
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 13 | `simulate` | a run without agents, and bounds for how short a run can be |
//! | 12 | `drive` | the scheduler: the loop over the policies |
//! | 11 | `forecast` | what needs a person, and when work will be done |
//! | 11 | `steer` | what a person can ask for |
//! | 10 | `explain` | why a plan does not run, and who is told when that takes too long |
//! | 9 | `merge` | who is to be merged, pinned commits, conflicts and those who resolve them |
//! | 8 | `attempts` | who gets a slot, what follows from the end of an attempt, limits, money |
//! | 7 | `judge` | evidence, completion, and what agents and people report |
//! | 6 | `board` | what the policies share, and the effects |
//! | 5 | `ready` | what may begin, and who goes first |
//! | 4 | `fold` | events into state |
//! | 3 | `state` | what is known |
//! | 2 | `work` | what is to be done |
//! | 1 | [`train`] | who is verified and landed together |
//! | 0 | `event` | the facts, as data |
//!
//! A sub-room imports from those on lower floors; `tests/architecture.rs` fails when one does not.

mod attempts;
mod board;
mod drive;
mod event;
mod explain;
mod fold;
mod forecast;
mod judge;
mod merge;
mod ready;
mod simulate;
mod state;
mod steer;
pub mod train;
mod width;
mod work;

pub use attempts::starting::work_place;
pub use board::effect::{Conversation, Effect, Ending, Launch, ResolveOrder, WorkPlace};
pub use board::orch_message::OrchMessage;
pub use board::step::Step;
pub use drive::scheduler::{Input, Scheduler};
pub use event::{
    AgentNeed, AgentReplaced, AgentSilence, AgentStart, AgentSubmit, AgentUsage, Ages, At, AttachBegan,
    AttachEnded, Because, Besides, BuiltOn, ClosedBecause, ClosedReport, ConflictOpened, ConflictRepaired,
    ConflictResolved, ConflictSides, Counted, EVENT_NAMES, Escalation, Event, Evidence, Exit, Facts, Failed,
    Fault, FirstBad, FlakyMerge, ForeignWork, Foreseen, FoundPlan, GoneWork, Hold, Landed, LaneNote, LaneOf,
    LateReport, LaunchTrouble, LostAs, MailUpTo, ManifestEdit, MergeBegun, MergeTrouble, NotLanded,
    NotLanding, Obstacle, ObstacleKind, OddEnd, OfAttempt, OfPlan, OpenReport, Parked, PauseAsked,
    PersonFact, PhaseSaid, PhaseVerify, PinRefusal, Pinned, Prefix, Question, QuestionAnswer, Ran,
    ResolverFailed, ResolverStarted, Resolving, ReviewApproval, ReviewComment, ReviewReturn, Sent, SetBack,
    Shortfall, Signs, SkippedPlan, Spent, StallAction, StallNotice, Steered, TakenBack, TargetChecked,
    TaskReport, Ticks, TicksOf, ToLead, UnionSeen, UnitOf, VerifiedMerge, Width, WidthChange, Word,
    WorkConflict, WorkRefusal, WorkSkip, other_side,
};
pub use explain::outcome::is_rewritten;
pub use explain::reason::{
    AttemptActivity, CapacityReason, DelayReason, DependencyState, Escalated, Explanation, LandedReason,
    MergeReason, PausedWork, Reason, StuckNext, TokenHolder, TokensTaken, WaitingFor,
};
pub use explain::reasons::{explain, explain_unit, token_holders, tokens_taken};
pub use explain::since::in_state_since;
pub use explain::states::{phase_state, plan_state, task_state, verify_state};
pub use explain::tally::{Tally, needs_no_more_work};
pub use fold::run::point_word;
pub use forecast::attention::{Attention, AttentionKind, attention};
pub use forecast::eta::{Eta, eta};
pub use judge::proof_of::{Claim, Proof};
pub use judge::reporting::takes;
pub use merge::foresight::{Clashing, foresee};
pub use merge::unions::red_unions;
pub use ready::admission;
pub use ready::dispatch::handed_on;
pub use ready::file_turns::waits_in_files;
pub use ready::lanes::{LaneCount, LaneHold, lanes};
pub use ready::readiness::Readiness;
pub use ready::wait::Wait;
pub use simulate::bound::lower_bound;
pub use simulate::history;
pub use simulate::simulation::{Overheads, Simulation, SimulationSettings, Span, TooLong, WaitedMoment};
pub use simulate::world::simulate;
pub use state::after::{After, after};
pub use state::attempt::{Attempt, AttemptRecord, AttemptState, AwayJob, Integration, Stall};
pub use state::known::{RunInfo, RunPhase, State};
pub use state::limits::{Limit, Parking};
pub use state::lost::Lost;
pub use state::person::attached::{Attached, Hands};
pub use state::person::mail::{LeadMail, Letter, Mail, MailState};
pub use state::person::review::Review;
pub use state::person::stand_in::agent_of;
pub use state::phase_run::{LandedBefore, LandedPrefix, PhaseCheck, PhaseEnd};
pub use state::plan_run::{Item, Merge, Outcome, PlanRun, Verify, WorktreeMade};
pub use state::resolution::{Resolution, WayOut};
pub use state::tries::Tries;
pub use steer::answer::{answer, answer_in, questions};
pub use steer::attach::{attach, attempt_to_attach};
pub use steer::command::Steer;
pub use steer::mail::{MOST_UNREAD, Outgoing, check_text, has_reader, seen, send};
pub use steer::redo::{BranchHistory, RedoRefusal, Rollback, redo};
pub use steer::refusal::SteerRefusal;
pub use steer::remark::{SteerRemark, remarks};
pub use steer::review::{ReviewStep, review};
pub use steer::steering::steer;
pub use train::early::{EARLY, Heads, Union, UnionBuild, UnionSaid};
pub use work::agent_work::AgentWork;
pub use work::files_in_turn::FilesInTurn;
pub use work::locality::{Localities, Locality};
pub use work::machine::Machine;
pub use work::plans::{PhaseWork, PlanWork, UnitWork, Work};
