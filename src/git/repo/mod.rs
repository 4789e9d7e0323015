//! The repository and its object database: names, ancestry, trees, history, identities. Reads no checkout.
//!
//! May import `program` and below.

pub(super) mod bare_links;
pub(super) mod changes;
pub(super) mod content_notes;
pub(super) mod diff;
pub(super) mod durable;
pub(super) mod history;
pub(super) mod holders;
pub(super) mod identity;
pub(super) mod ids;
pub(super) mod main_checkout;
pub(super) mod patches;
pub(super) mod raw_commit;
pub(super) mod repository;
pub(super) mod revision;
pub(super) mod tree_diff;

pub use bare_links::bare_links;
pub use changes::{changed_files, files_between, lines_between};
pub use content_notes::large_files_trouble;
pub use diff::diff_command;
pub use durable::{sync_branch, sync_objects};
pub use history::{
    commits_beyond, copies_since, fetched_tips, first_parent, first_parents, history_graph, is_made_of,
    is_undone, merge_of, merges_between, taken_back_by,
};
pub use holders::is_held;
pub use identity::knows_who_commits;
