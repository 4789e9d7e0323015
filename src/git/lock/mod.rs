//! Lock files of git: taken as git takes them, and removed when their holder is dead.
//!
//! May import `admin` and below.

pub(super) mod index_lock;
pub(super) mod land_refusal;
pub(super) mod locks;
pub(super) mod own_ref;
pub(super) mod stale_lock;

pub use locks::{git_locks, remove_git_lock};
pub use own_ref::clear_own_locks;
pub use stale_lock::{clear_dead_locks, clear_dead_locks_of_branches};
