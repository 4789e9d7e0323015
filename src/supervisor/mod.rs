//! Floor 4: the imperative shell. The supervisor collects messages, lets the scheduler decide, records the decision and performs
//! it. The supervisor itself decides nothing about a plan's state.
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 12 | `drive` | the engine: the loop over the parts |
//! | 11 | `work` | running work: worktrees, reports, verifications and landings |
//! | 11 | `watch` | watchers beside the loop |
//! | 11 | `tell` | passing recorded events on: hooks, notices, mail |
//! | 10 | `away` | attempts that run on other machines, watched from here |
//! | 9 | `desk` | the shared parts of the engine |
//! | 8 | `preflight` | checks that refuse a run, lints, and the preview |
//! | 7 | [`doctor`] | finding and repairing problems |
//! | 6 | `control` | requests, through the control socket or without a supervisor |
//! | 5 | `view` | read-only views of the journal and the repository |
//! | 4 | `conflict` | a person's resolution of a plan's conflict |
//! | 3 | `recovery` | changes while no supervisor was running |
//! | 2 | `perform` | performing effects |
//! | 1 | `node` | the part that runs on another machine |
//! | 1 | `brief` | the input of an agent: prompt, assignment, settings |
//! | 0 | `project` | the project: manifest, paths, names, the replayed journal |
//!
//! A sub-room imports only from sub-rooms on lower floors; `tests/architecture.rs` checks this.

mod away;
mod brief;
mod conflict;
mod control;
mod desk;
pub mod doctor;
mod drive;
mod node;
mod perform;
mod preflight;
mod project;
mod recovery;
mod tell;
mod view;
mod watch;
mod work;

pub use brief::assignment::waits_elsewhere;
pub use brief::prompt::preview as preview_prompt;
pub use brief::stop_hook::{
    HookMemory, Leaving, MESSAGE_HOOK, STOP_HOOK, claude_settings, claude_settings_file, reason_to_go_on,
    write_claude_settings,
};
pub use conflict::about_conflict::ResolveStep;
pub use conflict::resolve::{ResolveReport, resolve_alone};
pub use control::attaching::{
    AttachCommand, attach_command, end_agents, end_leftover, enter_branch, record_attach, record_detach,
};
pub use control::goal::{Conclusion, Goal};
pub use control::mail::{Posted, record_message, record_seen};
pub use control::redo::{Redone, RedonePlan, redo};
pub use control::request::{Answer, MergeOutcome, MergeReport, MergedPlan, Request};
pub use control::revert::{RevertRefusal, Reverted, revert};
pub use control::socket::ask;
pub use control::steering::{Recorded, record_answer, record_landings, record_review, record_steering};
pub use control::train_view::{TrainEntryView, TrainState, TrainView};
pub use desk::observer::{Observer, Silent};
pub use doctor::executors::remove_old_ends;
pub use drive::beginning::drive;
pub use node::detached::run_call;
pub use node::far_log::follow_far_log;
pub use node::work::{NODE_ARGUMENT, run_node};
pub use perform::tree::disk::{DiskUse, disk_use};
pub use perform::tree::removing::{after_removal, before_removal, lane_of};
pub use preflight::checks::{NAME_YOURSELF, check_places};
pub use preflight::examination::{Examination, examine, locate};
pub use preflight::lint::{lints, lints_of_run};
pub use preflight::milestones::PlannedMilestone;
pub use preflight::outlook::{planned_ends, waits_for};
pub use preflight::preview::{Action, ExpectedTimes, PlannedAction, Preview, preview};
pub use preflight::preview_points::PreviewPoint;
pub use preflight::rehearsal::rehearse_merge;
pub use preflight::risk_register::{KnownRisk, RiskKind, TrueRisk, true_risks};
pub use preflight::shared_files::SharedFiles;
pub use project::error::SupervisorError;
pub use project::landed_range::landed_range;
pub use project::load::{MANIFEST, ManifestReading, check_cycles, document_of, find_manifest, load};
pub use project::orphans::stop_orphans;
pub use project::plans_in_force::{InForce, plans_kept};
pub use project::repository_plans::Project;
pub use project::repository_plans::committed_document;
pub use project::selection::with_dependencies;
pub use project::source_files::{SourceFiles, plain_path};
pub use view::attention::AttentionView;
pub use view::conflicts::{ConflictPair, Conflicts, conflicts};
pub use view::digest::{Digest, DigestSince, FailedSince, LandedSince, NextPlan};
pub use view::plan::attempt_view::{AttemptView, given};
pub use view::plan::conversation_view::ConversationView;
pub use view::plan::exit_view::ExitView;
pub use view::plan::landed_view::LandedView;
pub use view::plan::message_view::MessageView;
pub use view::plan::milestone_view::MilestoneView;
pub use view::plan::phase_view::{PhaseView, TaskView};
pub use view::review::{CommentView, CommitLine, ReviewView};
pub use view::situation::Situation;
pub use view::spent_view::SpentView;
pub use view::status::{Depth, PlanView, RunView, StatusView, TargetView};
pub use watch::file_watch::FileWatch;
