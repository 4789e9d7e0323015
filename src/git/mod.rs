//! Floor 3: git. Reads go through libgit2; everything that checks out, merges, commits or runs hooks and filters goes
//! through the git program, which alone honours filters, hooks, drivers and its own merge.
//!
//! | noun | file |
//! |---|---|
//! | the repository, names and ancestry | `repository`, `revision`, `version` |
//! | worktrees: made, repaired, removed, under one lock | `admin`, `worktree`, `ensure`, `repair`, `populate`, `removal`, `keep_reason` |
//! | what orch and git have written down about worktrees | `marker`, `registration`, `exclude`, `stale_lock` |
//! | a branch moved under the worktree that stands on it | `displaced` |
//! | commits byte for byte, and the log of HEAD | `raw_commit`, `reflog` |
//! | the state of a checkout | `inspect`, `spotless`, `head_print`, `checkout`, `submodule` |
//! | what a worktree gets besides its commit | `include`, `content_notes` |
//! | commits that orch makes in a worktree | `leftovers`, `snapshot`, `carry`, `identity` |
//! | finding what does not fit together, and mending it | `survey`, `locks`, `found_work` |
//! | the gate before whatever takes work away | `gate`, `left`, `ignored` |
//! | pins and backups, and other refs of orch's own | `pin`, `made_ref`, `backup`, `set_aside`, `kept`, `own_ref` |
//! | tasks side by side: lanes, and the branches of units in them | `lane`, `unit`, `unit_error`, `enter`, `integrate` |
//! | a conflict that is resolved in a worktree of its own, and what was made of it | `conflicted`, `left_open`, `conflict_error`, `resolution` |
//! | a merge that conflicts, made by recorded resolutions and generators | `mend`, `rehearsal` |
//! | whether a merge has what its sides have | `both_sides` |
//! | merging two commits, as git does, off every checkout | `merging` |
//! | the merge: candidates, the target's move, and whether something is on the target | `evidence`, `candidate`, `union`, `landing_plan`, `landing`, `follow`, `beside`, `git_process`, `land_refusal`, `in_the_way` |
//!
//! Functions block; types are `Send`. Nothing here knows a plan's state: who may do what when is decided above.

mod admin;
mod again;
mod backup;
mod bare_links;
mod being_rewritten;
mod beside;
mod both_sides;
mod broken_index;
mod candidate;
mod candidate_ref;
mod carry;
mod changes;
mod checkout;
mod clones;
mod command;
mod conflict_error;
mod conflicted;
mod content_notes;
mod diff;
mod displaced;
mod durable;
mod ensure;
mod enter;
mod error;
mod evidence;
mod exclude;
mod follow;
mod found_work;
mod fresh;
mod gate;
mod git_process;
mod give_up;
mod half_way;
mod head_print;
mod hidden;
mod history;
mod identity;
mod ignored;
mod in_the_way;
mod include;
mod index_lock;
mod inspect;
mod integrate;
mod keep_reason;
mod kept;
mod land_refusal;
mod landing;
mod landing_plan;
mod lane;
mod left;
mod left_open;
mod leftovers;
mod locks;
mod made_ref;
mod main_checkout;
mod mark;
mod marker;
mod mend;
mod merging;
mod notes;
mod outside;
mod own_folder;
mod own_ref;
mod pin;
mod populate;
mod raw_commit;
mod reflog;
mod registration;
mod regular;
mod rehearsal;
mod removal;
mod repair;
mod repository;
mod resolution;
mod revision;
mod scour;
mod set_aside;
mod shared_hooks;
mod snapshot;
mod spotless;
mod stale_lock;
mod step;
mod submodule;
mod survey;
mod tree_diff;
mod union;
mod unit;
mod unit_error;
mod version;
mod worktree;
mod worktree_settings;

pub use admin::{AdminLock, WorktreeAdmin};
pub use again::again_if_killed;
pub use backup::{Backup, stamp};
pub use both_sides::MergedFile;
pub use candidate::{Build, Candidate, CandidateBuilder};
pub use carry::{Carried, CarryError, carry};
pub use checkout::Checkout;
pub use command::is_stray_variable;
pub use conflict_error::ConflictError;
pub use conflicted::{ConflictSpec, OpenConflict, conflict_key};
pub use displaced::{Displaced, begin_log, put_back_from};
pub use enter::{Entry, UnitReady};
pub use error::GitError;
pub use exclude::ORCH_DIR;
pub use found_work::FoundLanding;
pub use fresh::FreshRepository;
pub use give_up::GivenUp;
pub use head_print::HeadPrint;
pub use identity::identity_variables;
pub use ignored::Ignored;
pub use include::{INCLUDE_FILE, Included};
pub use inspect::{InProgress, WorktreeState, git_dir as git_dir_of, head_of, inspect, inspect_by_git};
pub use integrate::{Integrated, Integration, MergeMessage};
pub use keep_reason::{KeepReason, RemoveError};
pub use kept::{Kept, KeptError};
pub use land_refusal::LandRefusal;
pub use landing_plan::{CheckoutOutcome, Landed, LandingPlan, MendedCheckout};
pub use lane::LaneSpec;
pub use left_open::BegunMerge;
pub use leftovers::{LeftoverError, commit_leftovers};
pub use locks::GitLock;
pub use mark::{GIT_MARK, GitMark};
pub use mend::MendedTree;
pub use merging::{Clash, ConflictFile, Decided, Forecast, Tally};
pub use notes::NOTES;
pub use own_folder::step_out_of_orch_dir;
pub use pin::{Pin, PinPoint};
pub use regular::remove_pipes;
pub use rehearsal::RehearsedMerge;
pub use removal::{RecordedLanding, Removable};
pub use repository::Repository;
pub use resolution::Resolution;
pub use revision::{AheadBehind, is_branch_name};
pub use shared_hooks::{changed_hooks, trust_hooks};
pub use snapshot::snapshot;
pub use stale_lock::clear_dead_locks_of;
pub use step::undo_cut_step;
pub use submodule::{follow_stale_submodules, follow_submodules};
pub use survey::{Expected, Place, Strayed, TreeSeen};
pub use unit::Unit;
pub use unit_error::{UnitError, UnitRefusal};
pub use version::{GitVersion, LEAST_VERSION, require_git};
pub use worktree::{EnsureError, WorktreeReady, WorktreeRefusal, WorktreeSpec};
