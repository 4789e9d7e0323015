//! Floor 4: the imperative shell. It selects what happened, lets the scheduler decide, writes the decision down and
//! performs it; it has no opinion of its own about a plan's state.

mod campaign;
mod clock;
mod control;
pub mod doctor;
mod effects;
mod engine;
mod environment;
mod error;
mod escapes;
mod inbox;
mod landed_by_hand;
mod load;
mod machine;
mod mail;
mod merge_request;
mod message;
mod notifier;
mod observer;
mod perform;
mod ports;
mod preflight;
mod preview;
mod preview_points;
mod preview_risks;
mod prompt;
mod recovery;
mod rehearsal;
mod request;
mod selection;
mod status_feed;
mod steering;
mod stillness;
mod strays;
mod train;
mod view;

pub use campaign::Campaign;
pub use control::ask;
pub use engine::{Conclusion, Errand, drive};
pub use error::SupervisorError;
pub use load::{MANIFEST, find_manifest, load};
pub use mail::{Outgoing, record_message};
pub use observer::{Observer, Silent};
pub use preview::{Action, Expected, PlannedAction, Preview, SharedFiles, preview};
pub use preview_points::SyncPoint;
pub use preview_risks::Risk;
pub use rehearsal::rehearse_merge;
pub use request::{Answer, MergeOutcome, MergeReport, MergedPlan, Request};
pub use selection::with_dependencies;
pub use steering::record_steering;
pub use strays::stop_strays;
pub use view::{
    AttemptView, Depth, ExitView, PhaseView, PlanView, RunView, Situation, StatusView, TargetView, TaskView,
    given,
};
