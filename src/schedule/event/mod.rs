//! The facts of a project as data: each event with its name on disk, its subject, and what agents and git report with it.
//!
//! Imports nothing else of `schedule`.

pub(super) mod about;
pub(super) mod at;
pub(super) mod exit;
pub(super) mod fact;
pub(super) mod facts;
pub(super) mod form;
pub(super) mod merge_facts;
pub(super) mod names;
pub(super) mod notice;
pub(super) mod omitted;
pub(super) mod person;
pub(super) mod phase_fact;
pub(super) mod plan_of;
pub(super) mod question;
pub(super) mod resolving;
pub(super) mod trouble;
pub(super) mod why;

pub use about::{
    AgentSilence, AgentStart, AgentSubmit, Failed, FlakyMerge, FoundPlan, LaneNote, LaneOf, ManifestEdit,
    OfPlan, PauseAsked, PinRefusal, SkippedPlan, Steered, TakenBack, TaskReport, Ticks, TicksOf, UnitOf,
    VerifiedMerge, WorkConflict, WorkRefusal, WorkSkip,
};
pub use at::At;
pub use exit::{Evidence, Exit, ForeignWork, GoneWork};
pub use fact::Event;
pub use facts::{AgentUsage, Counted, Facts, Fault, Obstacle, ObstacleKind, Parked, Spent, Word};
pub use merge_facts::{FirstBad, Landed, MergeBegun, NotLanded, Pinned, Prefix, TargetChecked};
pub use names::EVENT_NAMES;
pub use notice::{
    Ages, Escalation, Foreseen, LateReport, OfAttempt, Sent, Signs, StallAction, StallNotice, UnionSeen,
    Width, WidthChange,
};
pub use person::person_fact::{AgentReplaced, AttachBegan, AttachEnded, MailUpTo, PersonFact, ToLead};
pub use person::review::{ReviewApproval, ReviewComment, ReviewReturn};
pub use person::set_back::SetBack;
pub use phase_fact::{PhaseSaid, PhaseVerify, Ran};
pub use question::{Question, QuestionAnswer};
pub use resolving::{
    ConflictOpened, ConflictRepaired, ConflictResolved, ResolverFailed, ResolverStarted, Resolving,
};
pub use trouble::{ConflictSides, LaunchTrouble, MergeTrouble, other_side};
pub use why::{
    AgentNeed, Because, Besides, BuiltOn, ClosedBecause, ClosedReport, Hold, LostAs, NotLanding, OddEnd,
    OpenReport, Shortfall,
};
