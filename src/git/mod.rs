//! Floor 3: git. libgit2 does the reading. The git program does everything that checks out, merges, commits or runs
//! hooks and filters, because only git itself honours filters, hooks, drivers and its own merge.
//!
//! | floor | sub-room | contents |
//! |---|---|---|
//! | 10 | `unit` | parallel tasks: lanes, and the branches of units in them |
//! | 10 | `conflict` | resolving a conflict in a worktree of its own, or repairing the merge by recorded resolutions |
//! | 9 | `worktree` | making, filling, repairing, surveying and removing worktrees |
//! | 9 | `landing` | moving the target, and updating the checkouts that follow |
//! | 8 | `step` | commits and merges in a worktree, submodules, and interrupted steps |
//! | 7 | `refs` | pins, records of units, candidates, notes, resolutions |
//! | 6 | `keep` | the guard before anything that removes work; backups |
//! | 5 | `lock` | lock files of git, and writing `orch`'s own refs past them |
//! | 4 | `admin` | the lock around git's worktree administration, and records about worktrees |
//! | 4 | `hub` | refs between this machine and the nodes of a cluster |
//! | 4 | `candidate` | merges built outside every checkout; evidence that a commit has landed |
//! | 3 | `state` | inspecting checkouts |
//! | 3 | `merging` | merging two commits as git does, outside every checkout |
//! | 2 | `repo` | the repository, names, ancestry, trees |
//! | 1 | `program` | running git |
//! | 0 | `files` | git's files, errors |
//!
//! A sub-room imports only from lower floors; `tests/architecture.rs` fails otherwise.
//!
//! Functions block; types are `Send`. No code here knows a plan's state: the rooms above decide who may do what and
//! when.

mod admin;
pub mod candidate;
pub mod conflict;
mod files;
pub mod hub;
pub mod keep;
pub mod landing;
pub mod lock;
mod merging;
mod program;
pub mod refs;
pub mod repo;
pub mod state;
pub mod step;
pub mod unit;
pub mod worktree;

pub use admin::spec::{EnsureError, WorktreeReady, WorktreeRefusal, WorktreeSpec};
pub use admin::worktree_admin::{AdminLock, WorktreeAdmin};
pub use candidate::builder::{BuildOutcome, Candidate, CandidateBuilder};
pub use candidate::merged_file::MergedFile;
pub use candidate::own_folder::step_out_of_orch_dir;
pub use conflict::conflict_error::ConflictError;
pub use conflict::conflicted::{ConflictSpec, OpenConflict, conflict_key};
pub use conflict::left_open::BegunMerge;
pub use conflict::rehearsal::RehearsedMerge;
pub use conflict::repair::RepairedTree;
pub use files::error::GitError;
pub use files::names::ORCH_DIR;
pub use files::pipes::remove_pipes;
pub use files::text_diff::text_diff;
pub use files::version::{GitVersion, LEAST_VERSION};
pub use keep::backup::{Backup, stamp};
pub use keep::kept::{Kept, KeptError};
pub use keep::snapshot::snapshot;
pub use landing::land::LockedLanding;
pub use landing::plan::{CheckoutOutcome, FinishedLanding, LandingPlan, RepairedCheckout};
pub use lock::land_refusal::LandRefusal;
pub use lock::locks::GitLock;
pub use lock::stale_lock::clear_dead_locks_of;
pub use merging::{Clash, ConflictFile, Decided, Forecast, MergeTally};
pub use program::again::again_if_killed;
pub use program::command::is_stray_variable;
pub use program::fresh::FreshRepository;
pub use program::mark::{GIT_MARK, GitMark};
pub use program::merge_rules::{changed_filters, changed_merge_rules, trust_merge_rules};
pub use program::require::require_git;
pub use program::shared_hooks::{changed_hooks, trust_hooks};
pub use refs::found_work::FoundLanding;
pub use refs::notes::NOTES;
pub use refs::pin::{Pin, PinPoint};
pub use refs::resolution::RecordedResolution;
pub use refs::unit::UnitBranch;
pub use refs::unit_error::{UnitError, UnitRefusal};
pub use repo::history::subjects_since;
pub use repo::identity::identity_variables;
pub use repo::repository::Repository;
pub use repo::revision::{AheadBehind, is_branch_name};
pub use state::checkout::Checkout;
pub use state::head_print::HeadPrint;
pub use state::ignored::Ignored;
pub use state::include::{INCLUDE_FILE, Included};
pub use state::inspect::{
    InProgress, WorktreeState, git_dir as git_dir_of, head_of, inspect, inspect_by_git, is_checkout,
};
pub use step::cut_step::undo_cut_step;
pub use step::displaced::{Displaced, begin_log, put_back_from};
pub use step::leftovers::{LeftoverError, commit_leftovers, uncover};
pub use step::merge_in::{MergeInError, MergedIn, merge_in};
pub use step::node_work::{LaneMoved, move_lane, put_snapshot, stand_on};
pub use step::submodule::{follow_stale_submodules, follow_submodules};
pub use unit::enter::{UnitReady, UnitStart};
pub use unit::give_up::GivenUp;
pub use unit::integrate::{Integrated, MergeMessage, UnitIntegration};
pub use unit::set_back::BranchSetBack;
pub use worktree::keep_reason::{KeepReason, RemoveError};
pub use worktree::lane::LaneSpec;
pub use worktree::removal::{RecordedLanding, Removable};
pub use worktree::survey::{ExpectedTree, Strayed, TreePlace, TreeSeen};
