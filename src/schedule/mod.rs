//! Floor 2: the functional core. Facts in, decisions out; no clock, no files, no processes, no git.
//!
//! [`Scheduler::handle`] is the only door. [`State`] is the fold of [`Event`]s ([`fold`]); deciding is spread over
//! `dispatch` (who gets a slot), `judge` (is a leg done) and `landing` (who is merged next).

mod answers;
mod at;
mod backoff;
mod completion;
mod dispatch;
mod effect;
mod ending;
mod event;
mod exit;
mod explain;
mod fold;
mod invariants;
mod judge;
mod landing;
mod plan_run;
mod reporting;
mod scheduler;
mod starting;
mod state;
mod trouble;
mod work;

pub use at::At;
pub use effect::{Effect, Ending, Launch};
pub use event::Event;
pub use exit::{Evidence, Exit};
pub use explain::{Reason, explain, phase_state, plan_state};
pub use fold::point_word;
pub use plan_run::{Attempt, AttemptRecord, Item, Merge, Outcome, PlanRun, Stage, Verify, WorktreeMade};
pub use scheduler::{Input, Scheduler, Step};
pub use state::{Phase, RunInfo, State};
pub use trouble::{Hold, LaunchTrouble, MergeTrouble, other_side};
pub use work::{PhaseWork, PlanWork, Work};
