//! Floor 3: git.
mod admin;
mod checkout;
mod command;
mod ensure;
mod error;
mod exclude;
mod index_lock;
mod inspect;
mod marker;
mod populate;
mod registration;
mod repository;
mod revision;
mod version;
mod worktree;

pub use admin::{AdminLock, WorktreeAdmin};
pub use checkout::Checkout;
pub use command::is_stray_variable;
pub use error::GitError;
pub use exclude::ORCH_DIR;
pub use inspect::{InProgress, WorktreeState, inspect};
pub use repository::Repository;
pub use revision::{AheadBehind, is_branch_name};
pub use version::{GitVersion, LEAST_VERSION, require_git};
pub use worktree::{EnsureError, WorktreeReady, WorktreeRefusal, WorktreeSpec};
