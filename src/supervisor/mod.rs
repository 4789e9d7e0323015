//! Floor 4: the imperative shell. It selects what happened, lets the scheduler decide, writes the decision down and
//! performs it; it has no opinion of its own about a plan's state.

mod announcing;
mod campaign;
mod clock;
mod conflict_watch;
mod conflicts;
mod control;
mod disk;
pub mod doctor;
mod effects;
mod engine;
mod environment;
mod errand;
mod error;
mod escapes;
mod inbox;
mod landed_by_hand;
mod landed_view;
mod live_edit;
mod load;
mod machine;
mod mail;
mod making;
mod merge_request;
mod message;
mod notifier;
mod observer;
mod obstacles;
mod perform;
mod ports;
mod preflight;
mod preview;
mod preview_points;
mod preview_risks;
mod prompt;
mod recovery;
mod rehearsal;
mod removing;
mod request;
mod resolve;
mod resolving;
mod revert;
mod selection;
mod slow_git;
mod spending;
mod spent_view;
mod status_feed;
mod steering;
mod stillness;
mod stop_hook;
mod strays;
mod suspects;
mod taken;
mod train;
mod urgency;
mod verifying;
mod view;
mod watching;

pub use campaign::Campaign;
pub use conflicts::{ConflictPair, Conflicts, conflicts};
pub use control::ask;
pub use disk::{DiskUse, disk_use};
pub use engine::drive;
pub use errand::{Conclusion, Errand};
pub use error::SupervisorError;
pub use landed_by_hand::record_landings;
pub use landed_view::LandedView;
pub use load::{MANIFEST, find_manifest, load};
pub use mail::{Outgoing, Posted, record_message};
pub use observer::{Observer, Silent};
pub use preflight::{NAME_YOURSELF, check_places, nobody_commits};
pub use preview::{Action, Expected, PlannedAction, Preview, SharedFiles, preview};
pub use preview_points::SyncPoint;
pub use preview_risks::Risk;
pub use prompt::preview as preview_prompt;
pub use rehearsal::rehearse_merge;
pub use removing::{after_removal, before_removal};
pub use request::{Answer, MergeOutcome, MergeReport, MergedPlan, Request};
pub use resolve::{ResolveReport, ResolveStep, resolve_alone};
pub use revert::{RevertRefusal, Reverted, revert};
pub use selection::with_dependencies;
pub use spent_view::SpentView;
pub use status_feed::committed_document;
pub use steering::{Recorded, record_steering};
pub use stop_hook::{
    Kept, Leaving, STOP_HOOK, claude_settings, claude_settings_file, reason_to_go_on, write_claude_settings,
};
pub use strays::stop_strays;
pub use taken::InForce;
pub use view::{
    AttemptView, Depth, ExitView, PhaseView, PlanView, RunView, Situation, StatusView, TargetView, TaskView,
    given,
};
